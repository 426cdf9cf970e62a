"""`tokext train-vocab`."""

from __future__ import annotations

from typing import Any

import click

from tokext.cli import options
from tokext.cli.training_options import training


@click.command("train-vocab")
@click.argument("inputs", nargs=-1, required=True)
@options.output("Folder to write: added.model, added.tsv, tokext.json.")
@click.option("--size", default=30_000, show_default=True, help="Pieces to learn.")
@training
@options.common
def command(as_json: bool, **given: Any) -> None:
    """Learn from text the pieces that a tokenizer lacks.

    INPUTS are .txt, .jsonl, .json, .csv, .parquet files (also .gz, .zst, .xz, .bz2), folders,
    globs, - for standard input, or hf:NAME[:CONFIG][@REVISION] from the hub.

    \b
      tokext train-vocab corpus.txt.gz -o added
      tokext train-vocab wiki/ novels.jsonl --size 50000 -o added
      tokext train-vocab corpus.txt.gz --boundary phrase --keep-scripts-apart -o added
      tokext train-vocab corpus.txt.gz --size 60000 --preset fast -o added
      tokext train-vocab corpus.txt.gz --veto names.txt -o added
      zcat dump.gz | tokext train-vocab - --size 8000 -o added
      tokext train-vocab wiki/ novels.jsonl --weight novels.jsonl=2 --max-memory 8GB -o added
      tokext train-vocab wiki/ --engine ray --address 10.0.0.1:6379 -o added
    """
    from tokext.vocab.added import train_vocab

    inputs = list(given.pop("inputs"))
    output = given.pop("output")
    pieces = train_vocab(inputs, output, **given)
    first = " ".join(p.piece for p in pieces[:12])
    options.emit(
        {"output": output, "n_pieces": len(pieces)},
        f"{output}: {len(pieces):,} pieces, from the most useful on: {first} ...",
        as_json=as_json,
    )
