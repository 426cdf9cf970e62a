"""`tokext train-vocab`."""

from __future__ import annotations

from typing import Any

import click

from tokext.cli import options
from tokext.corpus.boundaries import BOUNDARIES
from tokext.corpus.duplicates import DROPPABLE
from tokext.vocab.train import METHODS, PRESETS


@click.command("train-vocab")
@click.argument("inputs", nargs=-1, required=True)
@options.base
@options.output("Folder to write: added.model, added.tsv, tokext.json.")
@click.option("--size", default=30_000, show_default=True, help="Pieces to learn.")
@options.language
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="continue",
    show_default=True,
    help="Continue the base's own merges, or learn from plain text independent of them.",
)
@click.option(
    "--boundary",
    type=click.Choice(BOUNDARIES),
    help="What a piece may not cross. Default: none; for --method independent, "
    "the rule that the base was trained with.",
)
@click.option(
    "--keep-scripts-apart",
    is_flag=True,
    help="No piece holds letters of two scripts: kanji, hiragana, katakana.",
)
@click.option(
    "--dictionary",
    default="unidic-lite",
    show_default=True,
    help="For phrase and morpheme: unidic-lite, unidic, or a folder with another UniDic.",
)
@click.option("--max-piece-length", default=16, show_default=True, help="In characters.")
@click.option(
    "--min-count", default=2, show_default=True, help="Leave out pieces that occur less often."
)
@click.option(
    "--min-run-count",
    default=1,
    show_default=True,
    help="Do not learn from runs that the text holds less often: less time and memory.",
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="full",
    show_default=True,
    help="fast looks at one in sixteen of the runs that occur once, and counts it for all: "
    "counts are then estimates, and --min-count goes by those.",
)
@click.option("--veto", type=click.Path(), help="File with a piece a line that is kept out.")
@click.option(
    "--keep-all",
    is_flag=True,
    help="Learn from all text: pieces need no letter of the language. Merge with --keep-all; "
    "English is then cut differently. Takes no --boundary.",
)
@options.corpus
@click.option(
    "--weight",
    multiple=True,
    metavar="NAME=W",
    help="How much an input counts, others being 1; can be repeated.",
)
@click.option(
    "--drop-duplicates",
    type=click.Choice(DROPPABLE),
    help="Count what is read several times once.",
)
@options.engine
@click.option("--max-memory", metavar="SIZE", help="Memory that this may take, such as 8GB.")
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
