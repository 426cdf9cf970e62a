"""`tokext demo`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from tokext.cli import options


@click.command("demo")
@click.option(
    "-o", "--output", default="demo", show_default=True, type=click.Path(), help="Folder to write."
)
@options.common
def command(output: str, force: bool, as_json: bool, seed: int) -> None:
    """Extend Mistral's tokenizer for Japanese on what comes with tokext, offline, in a minute.

    The same as `tokext run mistral-ja`, and a first look at the result. A second start skips what
    is done.

    \b
      tokext demo
      tokext demo -o /tmp/demo --force
    """
    from tokext.recipe import run_recipe
    from tokext.records import read_json

    run_recipe("mistral-ja", output, force=force)
    rows = read_json(Path(output, "compression.json"))
    lines = [_line(rows, corpus) for corpus in dict.fromkeys(row["corpus"] for row in rows)]
    report = Path(output, "report", "report.html")
    rest = "" if find_spec("torch") else _WITHOUT_TORCH
    text = "\n".join(
        ["", "characters per token, before -> after", *lines, rest, f"Report: {report}"]
    )
    options.emit(
        {"output": output, "report": str(report), "compression": rows}, text, as_json=as_json
    )


_WITHOUT_TORCH = (
    "This was the tokenizer. For the model stages: pip install 'tokext[model]', then tokext demo."
)


def _line(rows: list[dict[str, object]], corpus: str) -> str:
    before, after = (row["chars_per_token"] for row in rows if row["corpus"] == corpus)
    return f"  {corpus:28} {before:.3f} -> {after:.3f}"
