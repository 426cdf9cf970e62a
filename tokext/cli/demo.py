"""`tokext demo`."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import click

from tokext.cli import options

_WITHOUT_TORCH = (
    "This was the tokenizer. For the model stages: pip install 'tokext[model]', then tokext demo."
)

#: Characters of a sample that are shown; a Japanese one takes two columns.
_LINE_CHARS = 48

#: A model is trained in a minute or two, so that there is one to extend where none is at hand. It
#: continues a text; it was not taught to answer.
_MODEL_STAGES: dict[str, dict[str, object]] = {
    "tiny-model": {
        "inputs": ["embedded:ja", "embedded:en"],
        "held_out": ["embedded:ja/heldout_ja_prose.txt", "embedded:en/heldout_en_prose.txt"],
    },
    "resize": {},
    "bench throughput": {
        "texts": ["embedded:ja/heldout_ja_prose.txt"],
        "batch_size": [1, 8],
        "device": "cpu",
        "new_tokens": 64,
        "repeats": 3,
        "prefill_chars": 256,
    },
    "sample": {"template": "plain", "max_new_tokens": 24, "device": "cpu"},
}


@click.command("demo")
@click.option(
    "-o", "--output", default="demo", show_default=True, type=click.Path(), help="Folder to write."
)
@options.common
def command(output: str, force: bool, as_json: bool, seed: int) -> None:
    """Extend Mistral's tokenizer for Japanese on what comes with tokext, offline, in a minute.

    The same as `tokext run mistral-ja`, and a first look at the result. With torch installed it
    also trains a tiny Mistral for a minute or two, extends that model, and compares the two: what
    they say, and how fast. A second start skips what is done.

    \b
      tokext demo
      tokext demo -o /tmp/demo --force
    """
    from tokext.recipe import run_recipe
    from tokext.records import read_json

    more = _MODEL_STAGES if find_spec("torch") else None
    chosen = seed if options.is_typed("seed") else None
    run_recipe("mistral-ja", output, more=more, seed=chosen, force=force)
    rows = read_json(Path(output, "compression.json"))
    lines = [_line(rows, corpus) for corpus in dict.fromkeys(row["corpus"] for row in rows)]
    report = Path(output, "report", "report.html")
    rest = _model_lines(Path(output)) if more else [_WITHOUT_TORCH]
    heading = "characters per token, before -> after"
    text = "\n".join(["", heading, *lines, "", *rest, f"Report: {report}"])
    result = {"output": output, "report": str(report), "compression": rows}
    if more:
        result["throughput"] = read_json(Path(output, "throughput.json"))
    options.emit(result, text, as_json=as_json)


def _model_lines(folder: Path) -> list[str]:
    """What the extension did to the tiny model: what it costs, how fast it is, what it says."""
    return [
        *_held_out_lines(folder / "model-base"),
        *_bits_lines(folder / "model"),
        "",
        *_speed_lines(folder / "throughput.json"),
        "",
        *_sample_lines(folder / "samples"),
        "",
    ]


def _held_out_lines(model: Path) -> list[str]:
    from tokext.records import read_record

    measured = read_record(model)["result"]["held_out"]
    lines = [f"  {n:28} {b['model']:.3f} ({b['unigram']:.3f})" for n, b in measured.items()]
    heading = "bits per character of the tiny model on held-out text (of a unigram model)"
    return [heading, *lines] if lines else []


def _bits_lines(model: Path) -> list[str]:
    from tokext.records import read_record

    check = read_record(model)["result"]["check"]
    before, after = check["bits_per_char_before"], check["bits_per_char_after"]
    lines = [f"  {name:28} {before[name]:.3f} -> {after[name]:.3f}" for name in before]
    heading = "bits per character of the tiny model, before -> after (not trained any further)"
    return [heading, *lines]


def _speed_lines(file: Path) -> list[str]:
    from statistics import median

    from tokext.records import read_throughput

    rows = read_throughput(file)
    lines = ["characters per second that the tiny model writes, before -> after"]
    for before, after in zip(rows[::2], rows[1::2], strict=True):
        rates = [median(row.decode_chars_per_second) for row in (before, after)]
        lines.append(
            f"  {f'batch {after.batch_size}':28} {rates[0]:,.0f} -> {rates[1]:,.0f} "
            f"({median(after.decode_ratios):.2f} times; {after.predicted_ratio:.2f} predicted)"
        )
    return lines


def _sample_lines(folder: Path) -> list[str]:
    """One prompt, and how each of the two models goes on."""
    lines = ["how the tiny model goes on, before and after"]
    for name in ("before", "after"):
        file = folder / f"{name}.jsonl"
        with file.open(encoding="utf-8") as opened:
            sample = json.loads(opened.readline())
        if name == "before":
            lines.append(f"  {_short(sample['prompt'])}")
        lines.append(f"    {name}: {_short(sample['text'])}")
    return [*lines, f"  all of them: {folder}"]


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LINE_CHARS else one_line[: _LINE_CHARS - 1] + "…"


def _line(rows: list[dict[str, object]], corpus: str) -> str:
    before, after = (row["chars_per_token"] for row in rows if row["corpus"] == corpus)
    return f"  {corpus:28} {before:.3f} -> {after:.3f}"
