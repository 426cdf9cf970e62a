"""Cuts that are made on counted runs: every run is cut once, however often the text holds it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tokext.corpus.boundaries import TAGGED, script_cutter
from tokext.corpus.count import add_up
from tokext.corpus.counts import BLOCK_ROWS, RunCounts, table_of
from tokext.corpus.engines import open_engine
from tokext.corpus.morphemes import WORDS_OF, identity_of, word_cutter
from tokext.corpus.shards import Shards, ShardsInMemory
from tokext.errors import InputError
from tokext.languages import find_language
from tokext.progress import bar, say, show_seconds

if TYPE_CHECKING:
    import pyarrow

#: What a dictionary cuts in a second, on one core of a server of today.
_CHARS_A_SECOND = 225_000

#: Less than this is a moment.
_LONG_SECONDS = 2

#: Of so many runs that occur once, one is looked at in a hurry.
THINNED = 16


def refine_runs(
    counts: RunCounts,
    language: str,
    boundary: str,
    *,
    keep_scripts_apart: bool = False,
    dictionary: str = "unidic-lite",
    workers: int = 1,
    shards: Shards | None = None,
) -> RunCounts:
    """Cut counted runs where their boundary needs a dictionary, or scripts are kept apart.

    Args:
        counts: Runs; they come back as they are if there is nothing to cut.
        language: What the runs are written in.
        boundary: What a piece may not cross.
        keep_scripts_apart: Cut between the language's scripts, such as kanji and hiragana.
        dictionary: See `tokext.corpus.morphemes.word_cutter`.
        workers: Processes to work in, 0 for one each core; the result does not depend on it.
        shards: Where counts are kept on the way, if those to cut are in a file; else in memory.

    Raises:
        InputError: The language has no such boundary, or there is no dictionary.
        OutputError: The shards cannot be written.

    Example:
        >>> counts = RunCounts.of({"猫は": 2, "猫と": 1})
        >>> list(refine_runs(counts, "ja", "morpheme"))
        [('と', 1), ('は', 2), ('猫', 3)]
    """
    refuse_uncuttable(language, boundary, dictionary)
    words = boundary if boundary in TAGGED else None
    if not words and not keep_scripts_apart:
        return counts
    apart = keep_scripts_apart and language
    cut = partial(_cut, words=words, dictionary=dictionary, apart=apart)
    if shards is None or not isinstance(counts.place, Path):
        shards = ShardsInMemory()
    how = f"cut {words} {identity_of(dictionary) if words else ''} {apart}"
    n_chars = _n_chars(counts)
    sizes: dict[str, int] = {}
    with open_engine(workers=workers) as engine, bar("cutting", n_chars, "char") as progress:
        if words:
            _say_how_long(words, len(counts), n_chars, engine.n_workers)
        jobs = _jobs(counts, shards, how, sizes)
        return add_up(jobs, cut, engine, shards, lambda key: progress.update(sizes[key]))


def refuse_uncuttable(language: str, boundary: str, dictionary: str) -> None:
    """Refuse what `refine_runs` could not do, before there is anything to cut.

    Raises:
        InputError: The language has no such boundary, or there is no dictionary.
    """
    if boundary not in TAGGED:
        return
    if language != WORDS_OF:
        raise InputError(
            f"--boundary {boundary} knows {find_language(WORDS_OF).name} words, and the language "
            f"is {language}.",
            hint="take --boundary punctuation, script or none.",
        )
    word_cutter(boundary, dictionary)


def thin_runs(counts: RunCounts, unit: int = 1, shards: Shards | None = None) -> RunCounts:
    """Every run that counts twice or more, and one in sixteen of the others for all of those.

    Most runs occur once, and most of the work is on them. As they come in code point order, the
    sample holds every beginning about as often as the whole does.

    Args:
        counts: Runs and how often each occurs.
        unit: What stands for once in the counts of weighted inputs.
        shards: Where they are kept, if the runs to choose from are in a file; else in memory.

    Raises:
        OutputError: The shards cannot be written.

    Example:
        >>> list(thin_runs(RunCounts.of({"春": 3, "夏": 10}), unit=10))
        [('夏', 160)]
    """
    if shards is None or not isinstance(counts.place, Path):
        shards = ShardsInMemory()
    key = shards.key([str(counts.place)], f"thinned {unit} {counts.least}")
    return shards.joined(key, _thinned(counts, unit))


def _thinned(counts: RunCounts, unit: int) -> Iterator[pyarrow.Table]:
    import pyarrow

    n_rare = 0
    for batch in counts.batches():
        numbers = batch.column(1).to_numpy()
        is_rare = numbers < 2 * unit  # once, in an input that counts up to twice
        rank = n_rare + np.cumsum(is_rare)  # among the rare ones, from 1 on
        n_rare += int(is_rare.sum())
        kept = ~is_rare | (rank % THINNED == 1)
        times = np.where(is_rare, numbers * THINNED, numbers)
        yield pyarrow.table({"run": batch.column(0).filter(kept), "count": times[kept]})


#: Runs and how often each occurs.
_Block = tuple[list[str], list[int]]


def _n_chars(counts: RunCounts) -> int:
    """Characters of the distinct runs."""
    import pyarrow.compute

    lengths = (pyarrow.compute.utf8_length(batch.column(0)) for batch in counts.batches())
    return sum(int(block.to_numpy(zero_copy_only=False).sum()) for block in lengths)


def _say_how_long(words: str, n_runs: int, n_chars: int, n_workers: int) -> None:
    n_blocks = math.ceil(n_runs / BLOCK_ROWS)
    seconds = n_chars / _CHARS_A_SECOND / max(1, min(n_workers, n_blocks))
    if seconds > _LONG_SECONDS:
        say(f"cutting {n_runs:,} distinct runs into {words}s takes about {show_seconds(seconds)}")


def _jobs(
    counts: RunCounts, shards: Shards, how: str, sizes: dict[str, int]
) -> Iterator[tuple[str, _Block, int]]:
    for runs, times in counts.blocks():
        key = shards.key([*runs, *map(str, times)], how)
        sizes[key] = sum(map(len, runs))
        yield key, (runs, times), 1


def _cut(
    job: tuple[str, _Block], *, words: str | None, dictionary: str, apart: str | bool
) -> tuple[str, pyarrow.Table]:
    key, block = job
    counts: Counter[str] = Counter()
    cutters = _cutters(words, dictionary, apart)
    for run, times in zip(*block, strict=True):
        parts = [run]
        for cutter in cutters:
            parts = [part for whole in parts for part in cutter(whole)]
        for part in parts:
            counts[part] += times
    return key, table_of(counts)


@cache
def _cutters(
    words: str | None, dictionary: str, apart: str | bool
) -> list[Callable[[str], list[str]]]:
    cutters = [word_cutter(words, dictionary)] if words else []
    return [*cutters, script_cutter(find_language(apart))] if isinstance(apart, str) else cutters
