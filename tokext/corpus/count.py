"""From documents to counts of runs: what the trainers learn from."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from tokext.corpus.boundaries import runs_of
from tokext.corpus.counts import RunCounts, join_tables, merge_tables, table_of
from tokext.corpus.engines import Engine, open_engine
from tokext.corpus.shards import Shards, ShardsInMemory
from tokext.languages import find_language

if TYPE_CHECKING:
    import pyarrow

#: Characters that are counted at a time: their runs take a worker some 150 MB.
GROUP_CHARS = 4 << 20

#: The texts of a group, under the key of its shard.
_Job = tuple[str, list[str]]


def count_runs(
    batches: Iterable[list[str]],
    *,
    language: str = "ja",
    boundary: str,
    workers: int = 1,
) -> RunCounts:
    """Count every run of the documents.

    The counts do not depend on the number of workers.

    Args:
        batches: Lists of documents.
        language: The language whose letters every run holds.
        boundary: Where runs end; see `tokext.corpus.boundaries.runs_of`.
        workers: Processes to count in; 0 takes one for each core.

    Raises:
        InputError: The boundary or the language is unknown, or `workers` is below 0.

    Example:
        >>> list(count_runs([["日本の日本人。"], ["日本"]], boundary="script"))
        [('日本', 1), ('日本の日本人', 1)]
    """
    with open_engine(workers=workers) as engine:
        return count_parts([(batches, 1)], language=language, boundary=boundary, engine=engine)


def count_parts(
    parts: Iterable[tuple[Iterable[list[str]], int]],
    *,
    language: str,
    boundary: str,
    engine: Engine,
    shards: Shards | None = None,
    group_chars: int | None = None,
) -> RunCounts:
    """Count every run of several inputs, the runs of each as often as its weight says.

    Text is counted in groups, each by one worker and into one shard; what a shard covers already
    is not counted again. Neither the engine, the number of workers, nor what was counted before
    changes the counts.

    Args:
        parts: The batches of each input, and its weight.
        language: The language whose letters every run holds.
        boundary: Where runs end; see `tokext.corpus.boundaries.runs_of`.
        engine: Where the work is done.
        shards: Where counts are kept on the way; in memory by default.
        group_chars: About how many characters are counted at a time; `GROUP_CHARS` by default.

    Raises:
        InputError: The boundary or the language is unknown.
        OutputError: The shards cannot be written.
    """
    runs_of(find_language(language), boundary)  # refuses what it does not know, early
    shards = ShardsInMemory() if shards is None else shards
    task = partial(_count_group, language=language, boundary=boundary)
    groups = _groups(parts, group_chars or GROUP_CHARS)
    first = list(itertools.islice(groups, 2))
    if len(first) < 2:  # too little to start a process for, or to write a file
        tables = [(task(("", texts))[1], times) for texts, times in first]
        return RunCounts.in_memory(join_tables(merge_tables(tables)))
    how = f"{language} {boundary}"
    jobs = ((shards.key(texts, how), texts, n) for texts, n in itertools.chain(first, groups))
    return add_up(jobs, task, engine, shards)


def add_up(
    jobs: Iterable[tuple[str, Any, int]],
    task: Callable[[tuple[str, Any]], tuple[str, pyarrow.Table]],
    engine: Engine,
    shards: Shards,
    done: Callable[[str], object] = lambda _key: None,
) -> RunCounts:
    """Count jobs, each into a shard, and add up the shards; what one covers is not counted again.

    Args:
        jobs: The key of a shard, what is counted into it, and by what its counts are multiplied.
        task: From a key and what is counted to the key and the counts.
        engine: Where the work is done.
        shards: Where counts are kept on the way.
        done: Is called with the key of each job that is counted, or was already.

    Raises:
        OutputError: The shards cannot be written.
    """
    keys: list[tuple[str, int]] = []

    def uncounted() -> Iterator[tuple[str, Any]]:
        for key, job, times in jobs:
            keys.append((key, times))
            if shards.has(key):
                done(key)
            else:
                yield key, job

    for key, table in engine.map(task, uncounted()):
        shards.put(key, table)
        done(key)
    return shards.merged(keys)


def _groups(
    parts: Iterable[tuple[Iterable[list[str]], int]], group_chars: int
) -> Iterator[tuple[list[str], int]]:
    """Texts of about so many characters, never of two inputs, with the input's weight."""
    for batches, times in parts:
        group: list[str] = []
        n_chars = 0
        for batch in batches:
            group += batch
            n_chars += sum(map(len, batch))
            if n_chars >= group_chars:
                yield group, times
                group, n_chars = [], 0
        if group:
            yield group, times


def _count_group(job: _Job, *, language: str, boundary: str) -> tuple[str, pyarrow.Table]:
    key, texts = job
    find_runs = _runs(language, boundary)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(find_runs(text))
    return key, table_of(counts)


@cache
def _runs(language: str, boundary: str) -> Callable[[str], list[str]]:
    return runs_of(find_language(language), boundary)
