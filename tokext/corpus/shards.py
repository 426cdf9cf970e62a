"""Counts of parts of a text, kept until all are there: in memory, or in files to go on from."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tokext.corpus.counts import (
    RunCounts,
    bytes_per_row,
    join_tables,
    merge_tables,
    read_blocks,
    write_table,
)
from tokext.corpus.memory import MERGE_BYTES, blocks_within
from tokext.errors import OutputError

if TYPE_CHECKING:
    import pyarrow

#: A shard, and by what its counts are multiplied.
Weighted = tuple[str, int]


class Shards(Protocol):
    """Where counts are kept by key."""

    def key(self, texts: Sequence[str], how: str) -> str:
        """A name for the counts of texts that were counted in a certain way."""

    def has(self, key: str) -> bool:
        """Whether these counts are there already."""

    def put(self, key: str, table: pyarrow.Table) -> None:
        """Keep counts."""

    def merged(self, keys: Sequence[Weighted]) -> RunCounts:
        """Add up counts, each multiplied by its number."""

    def joined(self, key: str, tables: Iterator[pyarrow.Table]) -> RunCounts:
        """Keep tables that follow one another as one."""


class ShardsInMemory:
    """Counts that end with the process."""

    def __init__(self) -> None:
        self._tables: dict[str, pyarrow.Table] = {}
        self._numbers = itertools.count()

    def key(self, texts: Sequence[str], how: str) -> str:
        """A number."""
        return str(next(self._numbers))

    def has(self, key: str) -> bool:
        """Whether these counts are there already."""
        return key in self._tables

    def put(self, key: str, table: pyarrow.Table) -> None:
        """Keep counts."""
        self._tables[key] = table

    def merged(self, keys: Sequence[Weighted]) -> RunCounts:
        """Add up counts; they are let go of."""
        tables = [(self._tables.pop(key), times) for key, times in keys]
        return RunCounts.in_memory(join_tables(merge_tables(tables)))

    def joined(self, key: str, tables: Iterator[pyarrow.Table]) -> RunCounts:
        """One table of all."""
        return RunCounts.in_memory(join_tables(tables))


class ShardsInFolder:
    """Counts in files, each named by a digest of the text that it covers and of how it was counted.

    So a second start finds what a first one finished, whatever else changed between them, and
    takes nothing for what it is not.

    Args:
        folder: Where the files are.
        merge_bytes: Memory that adding them up may take.
        n_held: Tables that are held in memory at first: only a corpus of more than that goes to
            files, and what was held goes with it.
    """

    def __init__(self, folder: Path, merge_bytes: int = MERGE_BYTES, n_held: int = 0) -> None:
        self.folder = folder
        self._merge_bytes = merge_bytes
        self._n_held = n_held
        self._held: dict[str, pyarrow.Table] = {}

    def key(self, texts: Sequence[str], how: str) -> str:
        """The digest of the texts and of what else decides about their counts."""
        digest = hashlib.sha256(f"{importlib.metadata.version('tokext')}\0{how}\0".encode())
        digest.update("\0".join(texts).encode())
        return digest.hexdigest()

    def has(self, key: str) -> bool:
        """Whether these counts are there and sound."""
        if key in self._held:
            return True
        try:
            for _ in read_blocks(self._path(key)):
                pass
        except (OSError, ValueError):  # which Arrow says of a file that ends early
            return False
        return True

    def put(self, key: str, table: pyarrow.Table) -> None:
        """Keep counts in a file that appears whole or not at all, or hold them for now.

        Raises:
            OutputError: The disk is full, or the folder may not be written to.
        """
        self._held[key] = table
        if len(self._held) > self._n_held:
            self._let_go()

    def _let_go(self) -> None:
        """Write what is held, and hold nothing from now on."""
        self._n_held = 0
        while self._held:
            key, table = self._held.popitem()
            self._write(key, iter([table]))

    def merged(self, keys: Sequence[Weighted]) -> RunCounts:
        """Add up counts into one file, in several rounds where they are many.

        Where all of them are held, their sum is held too.

        Raises:
            OutputError: The disk is full, or a file was damaged since it was written.
        """
        keys = list(keys)
        if keys and all(key in self._held for key, _ in keys):
            held = [(self._held[key], times) for key, times in keys]
            self._held.clear()
            return RunCounts.in_memory(join_tables(merge_tables(held)))
        self._let_go()
        row_bytes = max((bytes_per_row(self._path(key)) for key, _ in keys), default=1)
        n_files, n_rows = blocks_within(self._merge_bytes, row_bytes)
        while len(keys) > n_files:
            starts = range(0, len(keys), n_files)
            keys = [(self._merge(keys[at : at + n_files], n_rows), 1) for at in starts]
        return RunCounts.in_file(self._path(self._merge(keys, n_rows)))

    def joined(self, key: str, tables: Iterator[pyarrow.Table]) -> RunCounts:
        """Write tables that follow one another to one file; one of them is in memory at a time.

        Raises:
            OutputError: The disk is full, or the folder may not be written to.
        """
        if not self.has(key):
            self._write(key, tables)
        return RunCounts.in_file(self._path(key))

    def _merge(self, keys: Sequence[Weighted], block_rows: int) -> str:
        merged = hashlib.sha256(repr(list(keys)).encode()).hexdigest()
        if not self.has(merged):
            places = [(self._path(key), times) for key, times in keys]
            self._write(merged, merge_tables(places, block_rows))
        return merged

    def _write(self, key: str, tables: Iterator[pyarrow.Table]) -> None:
        path = self._path(key)
        unfinished = path.with_suffix(f".{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_table(unfinished, tables)
            unfinished.replace(path)
        except OSError as error:
            raise OutputError(
                f"the counts cannot be kept in {self.folder}: {_reason(error)}.",
                hint="free some space, or choose an -o on another disk: beside it stays what is "
                "counted, and the next start goes on from that.",
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"


def _reason(error: OSError) -> str:
    """The system's own words; Arrow has longer ones around them."""
    return os.strerror(error.errno) if error.errno else str(error)


@contextlib.contextmanager
def shards_beside(
    output: str | Path, merge_bytes: int = MERGE_BYTES, n_held: int = 0
) -> Iterator[ShardsInFolder]:
    """A hidden folder for shards beside an output; it goes when the block ends without an error.

    After an error it stays for the next start. One run at a time has it: another one with the same
    output would lose it in the middle.

    Raises:
        OutputError: Another run is at work on the same output.
    """
    final = Path(os.path.abspath(output))
    shards = ShardsInFolder(final.with_name(f".{final.name}.counts"), merge_bytes, n_held)
    with _alone(final):
        yield shards
        shutil.rmtree(shards.folder, ignore_errors=True)


@contextlib.contextmanager
def _alone(final: Path) -> Iterator[None]:
    """Hold a lock beside an output; the system lets go of it when the process dies."""
    from filelock import FileLock, Timeout

    final.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(final.with_name(f".{final.name}.lock"), blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(
            f"another run is counting for {final}.",
            hint="wait until it is done, or choose another -o.",
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows removes it when it is let go of
            Path(lock.lock_file).unlink()  # while it is held: nobody else can have it then
        lock.release()
