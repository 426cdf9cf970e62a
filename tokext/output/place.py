"""A whole folder is put in place of the old one: on the disk first, then in one step if it can."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

from tokext.output.leftovers import remove, waiting_name
from tokext.output.refuse import refuse_taken

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def put_in_place(staging: Path, final: Path, force: bool) -> None:
    """Give a filled folder its final name; what stood there is then in its place, or gone."""
    if not final.exists():
        os.rename(staging, final)
    elif not force:
        refuse_taken(final, force, folder=True)
    elif not exchange(staging, final):
        old = waiting_name(final)
        os.rename(final, old)
        os.rename(staging, final)
        remove(old, final)
    flush_entry(final.parent)


def exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    done = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(done == 0)


def flush(folder: Path) -> None:
    """Let the disk hold every byte before the name changes: a power cut loses nothing."""
    for entry in folder.rglob("*"):
        if entry.is_file() and not entry.is_symlink():
            descriptor = os.open(entry, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    flush_entry(folder)


def flush_entry(folder: Path) -> None:
    """Let the disk hold the names in a folder."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some file systems refuse to sync a directory
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
