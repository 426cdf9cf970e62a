"""A corpus counted for training: inputs weighted, duplicates held back, within the memory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.corpus.count import count_parts
from tokext.corpus.counts import RunCounts
from tokext.corpus.duplicates import Droppable, Duplicates, DuplicateStats
from tokext.corpus.engines import EngineName, open_engine
from tokext.corpus.memory import MERGE_BYTES, merging_within, parse_bytes, workers_within
from tokext.corpus.read import Corpus
from tokext.corpus.shards import Shards, shards_beside
from tokext.corpus.weights import Weights, weigh
from tokext.errors import refuse_below
from tokext.progress import bar, say

#: What documents go through before they are counted: it may keep some for itself.
Gate = Callable[[Iterable[list[str]]], Iterator[list[str]]]


#: Groups of text whose counts may be held in memory: some 30 MB each.
HELD_GROUPS = 12


@dataclass(frozen=True)
class Census:
    """The runs of a corpus; counts are in units of one by `unit`.

    `workers` may go on working with them on this machine, and what comes of it be kept in `shards`.
    """

    counts: RunCounts
    unit: int
    duplicates: DuplicateStats
    workers: int
    shards: Shards

    def as_dict(self) -> dict[str, Any]:
        """What a record tells of it."""
        return {
            "n_distinct_runs": len(self.counts),
            "n_runs": self.counts.total(),
            "count_unit": f"1/{self.unit}" if self.unit > 1 else "1",
            "duplicates": self.duplicates.as_dict(),
        }


@contextlib.contextmanager
def take_census(
    corpus: Corpus,
    output: str | Path,
    *,
    language: str,
    boundary: str,
    weight: Weights = (),
    drop_duplicates: Droppable | None = None,
    workers: int = 0,
    max_memory: int | str | None = None,
    engine: EngineName = "local",
    address: str | None = None,
    gate: Gate | None = None,
    in_a_hurry: bool = False,
) -> Iterator[Census]:
    """Count a corpus; the counts can be used inside the block.

    A corpus of more than some megabytes is counted into shards beside the output. They go when the
    block ends; after an error they stay, and the next start goes on from them.

    Args:
        corpus: What to count.
        output: What is being made, beside which shards are kept.
        language: The language whose letters every run holds.
        boundary: Where runs end; see `tokext.corpus.boundaries.runs_of`.
        weight: Of inputs; see `tokext.corpus.weights.weigh`.
        drop_duplicates: What is counted once only, however often it is read.
        workers: Processes to count in; 0 for one each core, here or in the cluster.
        max_memory: Bytes, or a size such as ``8GB``, that counting may take on this machine.
        engine: Where to count; see `tokext.corpus.engines.open_engine`.
        address: Of a Ray cluster.
        gate: What the documents of each input go through, duplicates dropped already.
        in_a_hurry: Hold the counts of a corpus that is counted within seconds in memory, unless
            `max_memory` is given: nothing to go on from is worth their way to the disk.

    Raises:
        InputError: The text or an option cannot be used.
        OutputError: The shards cannot be written, or another run is at work on the same output.
    """
    refuse_below(0, workers=workers)
    weights, unit = weigh(corpus.parts, weight)
    n_cores = os.cpu_count() or 1
    merge_bytes, workers_here = MERGE_BYTES, workers or n_cores
    if engine != "local":  # then it is the cluster that has so many
        workers_here = min(workers_here, n_cores)
    if max_memory is not None:
        merge_bytes = merging_within(parse_bytes(max_memory))
        workers_here = workers_within(parse_bytes(max_memory), workers_here)
    n_workers = workers_here if engine == "local" else workers
    n_held = HELD_GROUPS if in_a_hurry and max_memory is None else 0
    with shards_beside(output, merge_bytes, n_held) as shards:
        duplicates = Duplicates(drop_duplicates, shards.folder.parent)
        with open_engine(engine, workers=n_workers, address=address) as opened:
            read = _read(corpus, duplicates, gate or iter, shards.folder)
            parts = zip(read, weights, strict=True)
            counts = count_parts(
                parts, language=language, boundary=boundary, engine=opened, shards=shards
            )
        for line in (*corpus.stats.lines(), *duplicates.stats.lines()):
            say(line)
        yield Census(counts, unit, duplicates.stats, workers_here, shards)


def _read(
    corpus: Corpus, duplicates: Duplicates, gate: Gate, keep: Path
) -> Iterator[Iterable[list[str]]]:
    """The batches of each input, one input after the other, under one progress bar."""
    with bar("counting", corpus.stored_bytes(), "B") as progress:
        for part in corpus.parts:
            yield gate(duplicates.through(part.read(progress.update, keep)))
