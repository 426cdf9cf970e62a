"""`tokext plan`."""

from __future__ import annotations

from typing import Any

import click

from tokext.cli import options
from tokext.cli.several import SeveralValues
from tokext.cli.tables import plan_table
from tokext.cli.training_options import training


@click.command("plan", cls=SeveralValues)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--text",
    "texts",
    multiple=True,
    metavar="FILE...",
    help="Text of other works to measure on.  [default: the last fiftieth of every 5 million "
    "characters, kept from training: of the same works, it gains more than other text]",
)
@click.option(
    "--sizes",
    multiple=True,
    type=int,
    metavar="N...",
    help="Numbers of added pieces to look at.  [default: 1,000 to 128,000]",
)
@click.option(
    "--shape",
    default="mistral-7b",
    show_default=True,
    help="The model to price: mistral-7b, llama-2-70b, mistral-1b, ...",
)
@click.option("--batch-size", default=1, show_default=True, help="Sequences at a time.")
@click.option(
    "--machine",
    default="a100-40gb",
    show_default=True,
    help="The machine to price for: h200, a100-80gb, l4, t4, rtx-4090, ...",
)
@click.option("--bandwidth", type=float, metavar="GB/S",
              help="What the machine reads in a second, instead of its data sheet's.")  # fmt: skip
@click.option("--bytes-per-number", default=2.0, show_default=True, help="2 for 16-bit weights.")
@click.option("--prefill-chars", default=1000, show_default=True, help="Characters read first.")
@click.option("--decode-chars", default=500, show_default=True, help="Characters then written.")
@training
@click.option("-o", "--output", type=click.Path(), help="Also write the plan as a JSON file.")
@options.common
def command(
    output: str | None,
    force: bool,
    as_json: bool,
    seed: int,  # nothing is drawn at random here
    **given: Any,
) -> None:
    """Say how many pieces to add: what each size brings, and what it costs a model.

    One training run, with the options of train-vocab, is cut to many sizes. Characters per token
    are measured on held-out text, best of other works (--text); speeds are the best that the
    machine allows by its bandwidth and arithmetic.

    \b
      tokext plan corpus.txt.gz
      tokext plan wiki/ --text held-out.txt --shape llama-2-70b --machine h200 --batch-size 8
      tokext plan corpus.txt.gz --sizes 8000 16000 32000 -o plan.json
      tokext plan corpus.txt.gz --preset fast --veto names.txt --max-memory 8GB
      tokext report plan.json -o report
    """
    from tokext.bench.plan import SIZES, plan_sizes
    from tokext.output import json_text, write_whole

    texts = given.pop("texts")
    read = [*given["inputs"], *texts, *filter(None, [given["veto"]])]
    kept = options.refuse_output(output, force, read)
    names = ("machine", "bandwidth", "batch_size", "bytes_per_number", "prefill_chars",
             "decode_chars")  # fmt: skip
    pricing = {name: given.pop(name) for name in names}
    sizes = given.pop("sizes") or SIZES
    plan = plan_sizes(
        given.pop("inputs"), texts=texts, sizes=sizes, pricing=pricing, output=output, **given
    )
    record = plan.record()
    if output:
        write_whole(output, json_text(record), force=force, inputs=kept)
    options.emit(record, plan_table(plan), as_json=as_json)
