"""Documents and lines that were read before: counted always, dropped if asked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tokext.errors import InputError, OutputError

Droppable = Literal["documents", "lines"]

DROPPABLE: tuple[str, ...] = get_args(Droppable)

#: Digests in one sorted array. A full one goes to a file, from where the system pages it in.
_ARRAY_SIZE = 1 << 23

Digests = NDArray[np.uint64]


class DigestSet:
    """A set of 8-byte digests that takes eight bytes for each, and little of that in memory.

    It is a few sorted arrays, each at least twice as long as the next, as in a log-structured
    merge tree.

    Example:
        >>> seen = DigestSet()
        >>> seen.add(np.array([7, 5, 7], np.uint64)), seen.add(np.array([5, 6], np.uint64))
        (array([ True,  True, False]), array([False,  True]))
    """

    def __init__(self, array_size: int = _ARRAY_SIZE, folder: Path | None = None) -> None:
        self._array_size = array_size
        self._folder = folder
        self._full: list[Digests] = []
        self._growing: list[Digests] = []

    def __len__(self) -> int:
        """How many different digests there are."""
        return sum(map(len, [*self._full, *self._growing]))

    def add(self, digests: Digests) -> NDArray[np.bool_]:
        """Add digests, and say of each whether it is there for the first time."""
        different, first = np.unique(digests, return_index=True)
        is_new = np.ones(len(different), bool)
        for array in (*self._full, *self._growing):
            at = np.minimum(np.searchsorted(array, different), len(array) - 1)
            is_new &= array[at] != different
        if is_new.any():
            self._insert(different[is_new])
        firsts = np.zeros(len(digests), bool)
        firsts[first[is_new]] = True
        return firsts

    def _insert(self, sorted_digests: Digests) -> None:
        self._growing.append(sorted_digests)
        while len(self._growing) > 1 and 2 * len(self._growing[-1]) > len(self._growing[-2]):
            last, before = self._growing.pop(), self._growing.pop()
            self._growing.append(np.sort(np.concatenate([before, last]), kind="stable"))
        if len(self._growing[0]) >= self._array_size:
            self._full.append(_on_disk(self._growing.pop(0), self._folder))


def _on_disk(array: Digests, folder: Path | None) -> Digests:
    """The array in a file without a name: its pages come and go, and it ends with its last use."""
    try:
        with tempfile.TemporaryFile(prefix="tokext-digests-", dir=folder) as file:
            file.write(array.data)  # which says what fails; numpy's own `tofile` does not
            file.flush()
            return np.memmap(file, np.uint64, "r", shape=array.shape)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise OutputError(
            f"what was read cannot be remembered in {folder or tempfile.gettempdir()}: {reason}.",
            hint="free some space, or choose an -o on another disk: beside it stays what is "
            "counted, and the next start goes on from that.",
        ) from error


@dataclass
class DuplicateStats:
    """How much was read before, and how much of that was dropped.

    Blank lines count for nothing. Two texts are taken for the same where their 8-byte digests
    are: among a billion different ones some two or three in a hundred such corpora.
    """

    n_documents: int = 0
    n_duplicate_documents: int = 0
    n_lines: int = 0
    n_duplicate_lines: int = 0
    n_dropped_chars: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The counts for a record."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What a person should know: one line for each kind met."""
        met = (
            (self.n_duplicate_documents, self.n_documents, "documents"),
            (self.n_duplicate_lines, self.n_lines, "lines"),
        )
        return [f"{n:,} of {of:,} {what} were read before" for n, of, what in met if n]


class Duplicates:
    r"""A gate that texts go through: it counts what came before, and holds it back if asked.

    Args:
        drop: `documents`, or `lines` (a document of which no line is left goes too).
        folder: Where digests are kept that are too many for the memory; among the temporary files
            by default.

    Raises:
        InputError: `drop` is something else.
        OutputError: The digests cannot be written; said while texts go through.

    Example:
        >>> gate = Duplicates(drop="lines")
        >>> list(gate.through([["春", "夏\n春\n秋"], ["春", "秋\n春"]]))
        [['春', '夏\n秋']]
        >>> gate.stats.n_duplicate_documents, gate.stats.n_duplicate_lines
        (1, 4)
    """

    def __init__(self, drop: str | None = None, folder: Path | None = None) -> None:
        if drop is not None and drop not in DROPPABLE:
            raise InputError(
                f"drop_duplicates is {drop!r}.", hint=f"one of {', '.join(DROPPABLE)}."
            )
        self.stats = DuplicateStats()
        self._drop = drop
        self._documents = DigestSet(folder=folder)
        self._lines = DigestSet(folder=folder)

    def through(self, batches: Iterable[list[str]]) -> Iterator[list[str]]:
        """Yield the batches without what is dropped; empty ones are left out."""
        for batch in batches:
            kept = self._keep(batch)
            self.stats.n_dropped_chars += sum(map(len, batch)) - sum(map(len, kept))
            if kept:
                yield kept

    def _keep(self, batch: list[str]) -> list[str]:
        digests = _digests(batch)
        is_first = self._documents.add(digests)
        self.stats.n_documents += len(batch)
        self.stats.n_duplicate_documents += len(batch) - int(is_first.sum())
        if any("\n" in document for document in batch):
            without = self._without_lines(batch)
        else:
            is_first_line = self._count_lines(digests)
            without = _chosen(batch, is_first_line)
        if self._drop == "lines":
            return without
        return _chosen(batch, is_first) if self._drop == "documents" else batch

    def _without_lines(self, batch: list[str]) -> list[str]:
        """The documents without the lines that came before."""
        split = [document.split("\n") for document in batch]
        lines = [line for document in split for line in document if not line.isspace() and line]
        is_first = iter(self._count_lines(_digests(lines)).tolist())
        kept = []
        for document in split:
            left = [ln for ln in document if not ln or ln.isspace() or next(is_first)]
            if any(line and not line.isspace() for line in left):
                kept.append("\n".join(left))
        return kept

    def _count_lines(self, digests: Digests) -> NDArray[np.bool_]:
        is_first = self._lines.add(digests)
        self.stats.n_lines += len(digests)
        self.stats.n_duplicate_lines += len(digests) - int(is_first.sum())
        return is_first


def _digests(texts: Sequence[str]) -> Digests:
    """Python's own hashes, keyed anew in each process (but for a fixed PYTHONHASHSEED)."""
    return np.fromiter(map(hash, texts), np.int64, len(texts)).view(np.uint64)


def _chosen(batch: list[str], wanted: NDArray[np.bool_]) -> list[str]:
    if wanted.all():
        return batch
    return [document for document, keep in zip(batch, wanted.tolist(), strict=True) if keep]
