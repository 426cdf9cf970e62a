"""Sizes of memory as people write them, and what counting takes of it."""

from __future__ import annotations

import re

from tokext.errors import InputError

_UNITS = {
    "": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40,
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?", re.IGNORECASE)

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
