"""Counted runs, in code point order: a table in memory, or a file that is read in blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow

#: Rows that are read at a time: a few megabytes.
BLOCK_ROWS = 1 << 15

#: A page of each file that is read is in memory, too.
_PAGE_BYTES = 1 << 17


class RunCounts:
    """Runs of text and how often each occurs: every run once, in code point order.

    They may be more than fit the memory: then they live in a file, and whoever goes through them
    holds one block of them at a time.

    Example:
        >>> counts = RunCounts.of({"日本語": 2, "日本": 3})
        >>> list(counts), len(counts), counts.total()
        ([('日本', 3), ('日本語', 2)], 2, 5)
    """

    def __init__(
        self, place: pyarrow.Table | Path, n_distinct: int, total: int, least: int = 1
    ) -> None:
        self.place = place
        self.least = least
        self._n_distinct = n_distinct
        self._total = total

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> RunCounts:
        """Counts in memory, from any mapping."""
        return cls.in_memory(table_of(counts))

    @classmethod
    def in_memory(cls, table: pyarrow.Table) -> RunCounts:
        """Counts in memory, from a table that `table_of` or `merge_tables` made."""
        return cls(table, table.num_rows, sum(_numbers(b).sum().item() for b in table.to_batches()))

    @classmethod
    def in_file(cls, path: Path) -> RunCounts:
        """Counts in a file that `write_table` made."""
        with _open(path) as file:
            metadata = file.metadata
            return cls(path, metadata.num_rows, int(metadata.metadata[b"total"]))

    def __len__(self) -> int:
        """How many different runs there are."""
        return self._n_distinct

    def total(self) -> int:
        """How many runs there are, repeated ones as often as they occur."""
        return self._total

    def at_least(self, least: int) -> RunCounts:
        """The runs that occur so often; they are picked out anew whenever they are gone through.

        Example:
            >>> list(RunCounts.of({"日本語": 2, "日本": 3}).at_least(3))
            [('日本', 3)]
        """
        if least <= 1:
            return self
        n_distinct = total = 0
        for batch in read_blocks(self.place):
            numbers = _numbers(batch)
            numbers = numbers[numbers >= least]
            n_distinct += len(numbers)
            total += int(numbers.sum())
        return RunCounts(self.place, n_distinct, total, least)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Yield every run and its count."""
        for runs, counts in self.blocks():
            yield from zip(runs, counts, strict=True)

    def blocks(self) -> Iterator[tuple[list[str], list[int]]]:
        """Yield runs and their counts in lists, for work that is done in bulk."""
        for batch in self.batches():
            yield batch.column(0).to_pylist(), batch.column(1).to_pylist()

    def batches(self) -> Iterator[pyarrow.RecordBatch]:
        """Yield the same as columns `run` and `count` of Arrow."""
        for batch in read_blocks(self.place):
            if self.least > 1:
                batch = batch.filter(_numbers(batch) >= self.least)
            yield batch

    def __eq__(self, other: object) -> bool:
        """Whether the same runs have the same counts; any mapping can be compared with."""
        if isinstance(other, Mapping):
            other = RunCounts.of(other)
        if not isinstance(other, RunCounts):
            return NotImplemented
        same_size = (len(self), self.total()) == (len(other), other.total())
        return same_size and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


def by_count(counts: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Runs and counts, the most frequent first, equal counts in code point order."""
    return iter(sorted(counts, key=lambda item: (-item[1], item[0])))


def table_of(counts: Mapping[str, int]) -> pyarrow.Table:
    """A table of runs, in code point order, and their counts."""
    import pyarrow

    runs = pyarrow.array(counts.keys(), pyarrow.string())
    table = pyarrow.table({"run": runs, "count": pyarrow.array(counts.values(), pyarrow.int64())})
    return table.sort_by("run")  # by UTF-8 bytes, which is by code point


def merge_tables(
    places: Iterable[tuple[pyarrow.Table | Path, int]], block_rows: int = BLOCK_ROWS
) -> Iterator[pyarrow.Table]:
    """Add up any number of sorted tables; one block of each is in memory at a time.

    Each round takes what is complete: everything up to the block that ends first.

    Args:
        places: Where the tables are, and by what the counts of each are multiplied.
        block_rows: Rows of each table that are in memory at a time.

    Yields:
        Tables that follow one another in code point order and share no run.
    """
    import pyarrow

    readers = [_multiplied(read_blocks(place, block_rows), times) for place, times in places]
    heads = [(next(reader, None), reader) for reader in readers]
    while unfinished := [(head, reader) for head, reader in heads if head is not None]:
        complete_to = min(_last_run(head) for head, _ in unfinished)
        ready, heads = [], []
        for head, reader in unfinished:
            n_ready = _n_rows_up_to(head, complete_to)
            ready.append(head.slice(0, n_ready))
            rest = head.slice(n_ready) if n_ready < head.num_rows else next(reader, None)
            heads.append((rest, reader))
        yield _added_up(pyarrow.Table.from_batches(ready))


def join_tables(tables: Iterable[pyarrow.Table]) -> pyarrow.Table:
    """One table of tables that follow one another."""
    import pyarrow

    return pyarrow.concat_tables([table_of({}), *tables])


def write_table(path: Path, tables: Iterable[pyarrow.Table]) -> None:
    """Write tables that follow one another to a file, with a checksum for every page."""
    import pyarrow.parquet

    schema = table_of({}).schema
    total = n_bytes = 0
    with pyarrow.parquet.ParquetWriter(
        path, schema, compression="zstd", write_page_checksum=True, use_dictionary=False,
        data_page_size=_PAGE_BYTES,
        column_encoding={"run": "DELTA_BYTE_ARRAY", "count": "DELTA_BINARY_PACKED"},
    ) as writer:  # fmt: skip
        for table in tables:
            writer.write_table(table)
            total += sum(_numbers(batch).sum().item() for batch in table.to_batches())
            n_bytes += table.nbytes
        writer.add_key_value_metadata({"total": str(total), "bytes": str(n_bytes)})


def bytes_per_row(path: Path) -> float:
    """What a row of a file takes in memory, on average."""
    with _open(path) as file:
        n_bytes, n_rows = int(file.metadata.metadata[b"bytes"]), int(file.metadata.num_rows)
    return n_bytes / max(1, n_rows)


def read_blocks(
    place: pyarrow.Table | Path, block_rows: int = BLOCK_ROWS
) -> Iterator[pyarrow.RecordBatch]:
    """Yield the rows of a table or a file in batches."""
    if isinstance(place, Path):
        with _open(place) as file:
            yield from file.iter_batches(block_rows, use_threads=False)
    else:
        yield from place.to_batches(block_rows)


def _open(path: Path) -> pyarrow.parquet.ParquetFile:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)


def _multiplied(blocks: Iterator[pyarrow.RecordBatch], times: int) -> Iterator[pyarrow.RecordBatch]:
    if times == 1:
        return blocks
    return (block.set_column(1, "count", _numbers(block) * times) for block in blocks)


def _last_run(batch: pyarrow.RecordBatch) -> str:
    return batch.column(0)[-1].as_py()  # type: ignore[no-any-return]


def _n_rows_up_to(batch: pyarrow.RecordBatch, run: str) -> int:
    low, high = 0, batch.num_rows
    while low < high:
        middle = (low + high) // 2
        if batch.column(0)[middle].as_py() <= run:
            low = middle + 1
        else:
            high = middle
    return low


def _added_up(table: pyarrow.Table) -> pyarrow.Table:
    """Sort the rows and add up those of the same run: faster here than Arrow's `group_by`."""
    import pyarrow

    table = table.combine_chunks().sort_by("run").combine_chunks()
    runs = table.column(0).combine_chunks()
    is_new = pyarrow.compute.not_equal(runs[1:], runs[:-1]).to_numpy(zero_copy_only=False)
    first = np.flatnonzero(np.concatenate([[True], is_new]))
    counts = np.add.reduceat(table.column(1).to_numpy(), first)
    return pyarrow.table({"run": runs.take(pyarrow.array(first)), "count": counts})


def _numbers(batch: pyarrow.RecordBatch) -> np.ndarray:
    return batch.column(1).to_numpy()  # type: ignore[no-any-return]
