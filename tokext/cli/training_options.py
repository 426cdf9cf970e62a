"""Options that decide what is learned and counted: whatever trains has all of them."""

from __future__ import annotations

from typing import Final

import click

from tokext.cli import options
from tokext.corpus.boundaries import BOUNDARIES
from tokext.corpus.duplicates import DROPPABLE
from tokext.vocab.train import METHODS, PRESETS

#: In the order in which `--help` shows them.
_OPTIONS: Final = (
    options.base,
    options.language,
    click.option(
        "--method",
        type=click.Choice(METHODS),
        default="continue",
        show_default=True,
        help="Continue the base's own merges, or learn from plain text independent of them.",
    ),
    click.option(
        "--boundary",
        type=click.Choice(BOUNDARIES),
        help="What a piece may not cross. Default: none, or punctuation with --preset fast; for "
        "--method independent, the rule that the base was trained with.",
    ),
    click.option(
        "--keep-scripts-apart",
        is_flag=True,
        help="No piece holds letters of two scripts: kanji, hiragana, katakana.",
    ),
    click.option(
        "--dictionary",
        default="unidic-lite",
        show_default=True,
        help="For phrase and morpheme: unidic-lite, unidic, or a folder with another UniDic.",
    ),
    click.option("--max-piece-length", default=16, show_default=True, help="In characters."),
    click.option(
        "--min-count", default=2, show_default=True, help="Leave out pieces that occur less often."
    ),
    click.option(
        "--min-run-count",
        default=1,
        show_default=True,
        help="Do not learn from runs that the text holds less often: less time and memory.",
    ),
    click.option(
        "--preset",
        type=click.Choice(PRESETS),
        default="full",
        show_default=True,
        help="fast looks at one in sixteen of the runs that occur once, and counts it for all: "
        "counts are then estimates, and --min-count goes by those.",
    ),
    click.option("--veto", type=click.Path(), help="File with a piece a line that is kept out."),
    click.option(
        "--keep-all",
        is_flag=True,
        help="Learn from all text: pieces need no letter of the language. Merge with --keep-all; "
        "English is then cut differently. Takes no --boundary.",
    ),
    options.corpus,
    click.option(
        "--weight",
        multiple=True,
        metavar="NAME=W",
        help="How much an input counts, others being 1; can be repeated.",
    ),
    click.option(
        "--drop-duplicates",
        type=click.Choice(DROPPABLE),
        help="Count what is read several times once.",
    ),
    options.engine,
    click.option("--max-memory", metavar="SIZE", help="Memory that this may take, such as 8GB."),
)


def training(function: options.Function) -> options.Function:
    """`--base`, `--language`, `--method`, ... `--max-memory`: as `train_vocab` takes them."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
