"""Pieces that somebody wants kept out, from a file."""

from __future__ import annotations

from pathlib import Path

from tokext.errors import InputError


def read_veto(path: str | Path) -> frozenset[str]:
    """Read a piece from each line, up to its first tab: a table that begins with pieces will do.

    Raises:
        InputError: There is no such file, it is not UTF-8, or it names no piece.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(
            f"--veto {path} cannot be read: {reason}.", hint="give a text file, a piece a line."
        ) from error
    pieces = frozenset(line.partition("\t")[0] for line in lines) - {""}
    if not pieces:
        raise InputError(f"--veto {path} names no piece.", hint="write a piece on each line.")
    return pieces
