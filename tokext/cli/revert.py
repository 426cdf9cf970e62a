"""`tokext revert`."""

from __future__ import annotations

import click

from tokext.cli import options


@click.command("revert")
@click.argument("checkpoint", type=click.Path())
@options.output("Folder to write: the base checkpoint.")
@click.option("--copy", is_flag=True, help="Copy weight files that could be hard-linked.")
@options.common
def command(
    checkpoint: str, output: str, copy: bool, force: bool, as_json: bool, seed: int
) -> None:
    """Give back the base of a checkpoint that resize wrote, byte for byte.

    \b
      tokext revert mistral-7b-ja -o mistral-7b-again
    """
    from tokext.model.revert import revert_checkpoint

    done = revert_checkpoint(checkpoint, output=output, copy=copy, force=force)
    text = f"{output}: the base again"
    if done.unproved:
        text += (
            f"; not proved for {', '.join(done.unproved)}, which resize linked without reading: "
            "taken as it is now"
        )
    if done.changed:
        text += f"; changed or removed since the resize: {', '.join(done.changed)}"
    if not done.unproved and not done.changed:
        text += ", byte for byte"
    fields = {"output": output, "unproved": list(done.unproved), "changed": list(done.changed)}
    options.emit(fields, text, as_json=as_json)
