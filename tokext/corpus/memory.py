"""Sizes of memory as people write them, and what counting takes of it."""

from __future__ import annotations

import re

from tokext.corpus.counts import BLOCK_ROWS
from tokext.errors import InputError

_UNITS = {
    "": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?", re.IGNORECASE)

#: Files that are merged at a time at most, and what one takes beside its rows: pages, decoded.
_MOST_FILES, _FILE_BYTES = 64, 500_000

#: Rows are held as they were read, put together, sorted, and added up. Fewer than so many of each
#: file are not worth a round.
_COPIES, _LEAST_ROWS = 4, 1 << 11

#: What merging takes where nobody says how much it may, and what the program takes by itself.
MERGE_BYTES, _PROGRAM_BYTES = 10**9, 250 * 10**6

#: Measured on groups of `tokext.corpus.count.GROUP_CHARS` characters of Japanese.
_READER_BYTES, _WORKER_BYTES = 500 * 10**6, 280 * 10**6


def parse_bytes(size: int | str) -> int:
    """A number of bytes.

    Raises:
        InputError: It is no size.

    Example:
        >>> parse_bytes("8GB"), parse_bytes("512 MiB"), parse_bytes(1000)
        (8000000000, 536870912, 1000)
    """
    match = _SIZE.fullmatch(str(size).strip())
    if not match:
        raise InputError(f"'{size}' is no size of memory.", hint="such as 8GB or 512MiB.")
    return int(float(match[1]) * _UNITS[(match[2] or "").upper()])


def show_bytes(n_bytes: float) -> str:
    """A size for people.

    Example:
        >>> show_bytes(7_340_000_000), show_bytes(52_000_000)
        ('7.3 GB', '52 MB')
    """
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def blocks_within(n_bytes: int, row_bytes: float) -> tuple[int, int]:
    """How many files to merge at a time, and so many rows of each, without exceeding the memory.

    Args:
        n_bytes: Memory that merging may take.
        row_bytes: What a row takes in it.

    Example:
        >>> blocks_within(10**9, 100), blocks_within(10**8, 100), blocks_within(10**8, 700)
        ((64, 32768), (64, 2656), (16, 2053))
    """
    least = _FILE_BYTES + _LEAST_ROWS * _COPIES * row_bytes
    n_files = max(2, min(_MOST_FILES, int(n_bytes / least)))
    n_rows = int((n_bytes / n_files - _FILE_BYTES) / (_COPIES * row_bytes))
    return n_files, max(_LEAST_ROWS, min(BLOCK_ROWS, n_rows))


def merging_within(max_memory: int) -> int:
    """What is left for merging beside the program itself, in bytes."""
    return max(0, min(MERGE_BYTES, max_memory - _PROGRAM_BYTES))


def workers_within(max_memory: int, workers: int) -> int:
    """So many of the workers as can count at a time without exceeding the memory.

    Raises:
        InputError: Not even one can.

    Example:
        >>> workers_within(2 * 10**9, 16), workers_within(2 * 10**9, 2)
        (5, 2)
    """
    if max_memory < _READER_BYTES:
        raise InputError(
            f"--max-memory {show_bytes(max_memory)} is too little to count in.",
            hint=f"give at least {show_bytes(_READER_BYTES)}.",
        )
    return max(1, min(workers, (max_memory - _READER_BYTES) // _WORKER_BYTES))
