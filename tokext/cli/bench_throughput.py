"""`tokext bench throughput`."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tokext.cli import options
from tokext.cli.several import SeveralValues

if TYPE_CHECKING:
    from tokext.records import ThroughputRow


@click.command("throughput", cls=SeveralValues)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--text",
    "texts",
    multiple=True,
    required=True,
    metavar="FILE...",
    help="Held-out text: files, folders, globs, - for standard input, hf:NAME.",
)
@click.option(
    "--mode",
    type=click.Choice(["replay", "free"]),
    default="replay",
    show_default=True,
    help="Write the text that is given, or what the model says.",
)
@click.option(
    "--shape",
    help="Measure random weights of this shape (mistral-7b, llama-2-7b, mistral-1b, ...); MODEL is "
    "then a tokenizer.",
)
@click.option(
    "--batch-size",
    multiple=True,
    type=int,
    default=(1,),
    show_default=True,
    metavar="N...",
    help="Sequences at a time.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "bfloat16", "float16", "float32"]),
    default="auto",
    show_default=True,
    help="auto is that of the files; of a shape bfloat16, on the CPU float32.",
)
@click.option(
    "--new-tokens",
    default=128,
    show_default=True,
    help="Tokens that the first model writes; the others write the same characters.",
)
@click.option(
    "--prefill-chars", default=512, show_default=True, help="Characters read before that."
)
@click.option("--repeats", default=5, show_default=True, help="Passes, in turns between models.")
@click.option("--warmup", default=1, show_default=True, help="Passes before them.")
@click.option("--compile", "compiled", is_flag=True, help="Compile the step of decoding.")
@click.option(
    "--machine",
    default="auto",
    show_default=True,
    help="Predict for this one (h200, a100-80gb, rtx-4090, ...); auto looks the device up.",
)
@click.option("-o", "--output", type=click.Path(), help="Also write the rows as one JSON file.")
@options.common
def command(
    models: tuple[str, ...],
    texts: tuple[str, ...],
    output: str | None,
    force: bool,
    as_json: bool,
    **measuring: Any,
) -> None:
    """Measure characters per second, prefill and decode apart; the first MODEL is the base.

    Every model reads and writes the same text, so the figures compare across vocabularies. Beside
    them stands what the machine allows at best.

    \b
      tokext bench throughput ./mistral-7b ./mistral-7b-ja --text held-out.txt --batch-size 1 8 32
      tokext bench throughput mistralai/Mistral-7B-v0.1 tokenizer --shape mistral-7b --text ja.txt
      tokext bench throughput ./base ./extended --mode free --text ja.txt -o speed.json
    """
    from tokext.bench.throughput import measure_throughput
    from tokext.output import json_text, refuse_taken, write_whole

    if output:
        refuse_taken(output, force)  # before the measuring, not after it
    rows = measure_throughput(models, texts, **measuring)
    fields = [row.as_dict() for row in rows]
    if output:
        write_whole(output, json_text(fields), force=force)
    options.emit(fields, throughput_table(rows), as_json=as_json)


def throughput_table(rows: Sequence[ThroughputRow]) -> str:
    """A block a batch size, in it a line a model: medians, the ratio, and what was predicted."""
    first = rows[0]
    heads = ("prefill ch/s", "decode ch/s", "first token", "ms/step", "ratio", "predicted",
             "of limit", "KV B/char", "window chars", "peak")  # fmt: skip
    width = max(len(row.model) for row in rows)
    lines = [f"{first.device_name}, {first.dtype}, {first.mode}, {first.repeats} repeats"]
    for size in dict.fromkeys(row.batch_size for row in rows):
        lines.append(f"batch {size}")
        lines.append(f"  {'':{width}}  {'  '.join(heads)}")
        for row in rows:
            if row.batch_size == size:
                cells = zip(_cells(row), map(len, heads), strict=True)
                told = "  ".join(f"{cell:>{n}}" for cell, n in cells)
                lines.append(f"  {row.model:{width}}  {told}")
    return "\n".join([*lines, *_break_even(rows)])


def _cells(row: ThroughputRow) -> list[str]:
    peak = row.peak_memory_bytes
    return [
        f"{statistics.median(row.prefill_chars_per_second):,.0f}",
        f"{statistics.median(row.decode_chars_per_second):,.1f}",
        f"{statistics.median(row.time_to_first_token_seconds):.3f} s",
        f"{statistics.median(row.milliseconds_per_step):,.2f}",
        f"{statistics.median(row.decode_ratios):.2f}" if row.decode_ratios else "-",
        "-" if row.predicted_ratio is None else f"{row.predicted_ratio:.2f}",
        f"{row.bandwidth_share:.0%}",
        f"{row.kv_bytes_per_char:,.0f}",
        "-" if row.context_chars is None else f"{row.context_chars:,.0f}",
        "-" if peak is None else f"{peak / 1e9:.2f} GB",
    ]


def _break_even(rows: Sequence[ThroughputRow]) -> list[str]:
    """A line a compared model: from which batch on its larger head costs more than it saves."""
    compared = {row.model: row for row in rows if row.decode_ratios}
    return [
        f"{name}: "
        + (
            "no batch at which the larger head eats the gain"
            if row.break_even_batch is None
            else f"the larger head eats the gain from batch {row.break_even_batch:,} on"
        )
        + f", by the prediction for {row.prediction.machine}"
        for name, row in compared.items()
    ]
