"""Cuts that are made on counted runs: every run is cut once, however often the text holds it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

from tokext.corpus.boundaries import TAGGED, script_cutter
from tokext.corpus.counts import RunCounts, join_tables, merge_tables, table_of
from tokext.corpus.engines import open_engine
from tokext.corpus.morphemes import word_cutter
from tokext.errors import InputError
from tokext.languages import find_language

if TYPE_CHECKING:
    import pyarrow

#: Of so many runs that occur once, one is looked at in a hurry.
_THINNED = 16


def refine_runs(
    counts: RunCounts,
    language: str,
    boundary: str,
    *,
    keep_scripts_apart: bool = False,
    dictionary: str = "unidic-lite",
    workers: int = 1,
) -> RunCounts:
    """Cut counted runs where their boundary needs a dictionary, or scripts are kept apart.

    Args:
        counts: Runs; they come back as they are if there is nothing to cut.
        language: What the runs are written in.
        boundary: What a piece may not cross.
        keep_scripts_apart: Cut between the language's scripts: kanji, hiragana and katakana.
        dictionary: See `tokext.corpus.morphemes.word_cutter`.
        workers: Processes to work in, 0 for one each core; the result does not depend on it.

    Raises:
        InputError: The language has no such boundary, or there is no dictionary.

    Example:
        >>> counts = RunCounts.of({"猫は": 2, "猫と": 1})
        >>> list(refine_runs(counts, "ja", "morpheme"))
        [('と', 1), ('は', 2), ('猫', 3)]
    """
    if boundary in TAGGED and language != "ja":
        raise InputError(
            f"--boundary {boundary} knows Japanese words, and the language is {language}.",
            hint="take --boundary punctuation, script or none.",
        )
    words = boundary if boundary in TAGGED else None
    if not words and not keep_scripts_apart:
        return counts
    cut = partial(_cut, words=words, dictionary=dictionary, apart=keep_scripts_apart and language)
    _cutters(words, dictionary, keep_scripts_apart and language)  # refused here, not in a worker
    with open_engine(workers=workers) as engine:
        tables = [(table, 1) for table in engine.map(cut, counts.blocks())]
    return RunCounts.in_memory(join_tables(merge_tables(tables)))


def thin_runs(counts: RunCounts, unit: int = 1) -> RunCounts:
    """Every run that is repeated, and one in sixteen of the others for all of those.

    Most runs occur once, and most of the work is on them. As they come in code point order, the
    sample holds every beginning about as often as the whole does.

    Args:
        counts: Runs and how often each occurs.
        unit: What stands for once in the counts of weighted inputs.

    Example:
        >>> list(thin_runs(RunCounts.of({"春": 3, "夏": 10}), unit=10))
        [('夏', 160)]
    """
    single = ((run, count * _THINNED) for run, count in counts if count <= unit)
    sample = dict(itertools.islice(single, 0, None, _THINNED))
    return RunCounts.of(sample | {run: count for run, count in counts if count > unit})


def _cut(
    block: tuple[list[str], list[int]], *, words: str | None, dictionary: str, apart: str | bool
) -> pyarrow.Table:
    counts: Counter[str] = Counter()
    cutters = _cutters(words, dictionary, apart)
    for run, times in zip(*block, strict=True):
        parts = [run]
        for cutter in cutters:
            parts = [part for whole in parts for part in cutter(whole)]
        for part in parts:
            counts[part] += times
    return table_of(counts)


@cache
def _cutters(
    words: str | None, dictionary: str, apart: str | bool
) -> list[Callable[[str], list[str]]]:
    cutters = [word_cutter(words, dictionary)] if words else []
    return [*cutters, script_cutter(find_language(apart))] if isinstance(apart, str) else cutters
