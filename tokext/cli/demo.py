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

    The same as `tokext run mistral-ja`, and a first look at the result. With torch installed it
    also trains a tiny Mistral for a minute or two, extends that model, and compares the two. A
    second start skips what is done.

    \b
      tokext demo
      tokext demo -o /tmp/demo --force
    """
    from tokext.recipe import run_recipe
    from tokext.records import read_json

    more = _MODEL_STAGES if find_spec("torch") else None
    run_recipe("mistral-ja", output, more=more, force=force)
    rows = read_json(Path(output, "compression.json"))
    lines = [_line(rows, corpus) for corpus in dict.fromkeys(row["corpus"] for row in rows)]
    report = Path(output, "report", "report.html")
    rest = _model_lines(Path(output, "model")) if more else [_WITHOUT_TORCH]
    heading = "characters per token, before -> after"
    text = "\n".join(["", heading, *lines, "", *rest, f"Report: {report}"])
    options.emit(
        {"output": output, "report": str(report), "compression": rows}, text, as_json=as_json
    )


_WITHOUT_TORCH = (
    "This was the tokenizer. For the model stages: pip install 'tokext[model]', then tokext demo."
)


#: Trained in a minute or two, so that there is a model to extend where none is at hand.
_MODEL_STAGES: dict[str, dict[str, object]] = {
    "tiny-model": {"inputs": ["embedded:ja", "embedded:en"]},
    "resize": {},
}


def _model_lines(model: Path) -> list[str]:
    """What the extension did to the tiny model, from the record of its check."""
    from tokext.records import read_record

    check = read_record(model)["result"]["check"]
    before, after = check["bits_per_char_before"], check["bits_per_char_after"]
    return [
        "bits per character of the tiny model, before -> after (not trained any further)",
        *(
            f"  {language:28} {before[language]:.3f} -> {after[language]:.3f}"
            for language in before
        ),
        "",
    ]


def _line(rows: list[dict[str, object]], corpus: str) -> str:
    before, after = (row["chars_per_token"] for row in rows if row["corpus"] == corpus)
    return f"  {corpus:28} {before:.3f} -> {after:.3f}"
