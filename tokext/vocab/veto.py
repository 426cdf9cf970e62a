"""Pieces that somebody wants kept out, from a file."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from tokext.errors import InputError
from tokext.progress import say


def read_veto(path: str | Path) -> frozenset[str]:
    """Read a piece from each line, up to its first tab: a table that begins with pieces will do.

    White space around a piece and a byte order mark do not count: no piece holds any.

    Raises:
        InputError: There is no such file, it is not UTF-8, or it names no piece.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(
            f"--veto {path} cannot be read: {reason}.", hint="give a text file, a piece a line."
        ) from error
    pieces = frozenset(line.partition("\t")[0].strip() for line in lines) - {""}
    if not pieces:
        raise InputError(f"--veto {path} names no piece.", hint="write a piece on each line.")
    return pieces


def say_useless(veto: Set[str], kept_out: Set[str]) -> None:
    """Name what a veto has for nothing: a piece that is misspelled there would go unnoticed."""
    if useless := sorted(veto - kept_out):
        say(
            f"{len(useless):,} of {len(veto):,} vetoes kept nothing out, such as "
            f"{useless[0]!r}: no such piece was about to be learned"
        )
