"""Which error of a disk means what, in one line that says the way out."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tokext.errors import OutputError

#: So much free space, and a disk is not the full one.
_ROOM_BYTES = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
#: A read-only disk, a name too long or going round in circles, a name that another run just took.
_UNWRITABLE = {errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTEMPTY}


@contextlib.contextmanager
def os_errors_explained(final: Path) -> Iterator[None]:
    """Tell what went wrong at an output by the name that a person gave it."""
    try:
        yield
    except PermissionError as error:
        raise OutputError(
            f"no permission for {_place_of(error, final)}.",
            hint="choose an -o in a folder of yours.",
        ) from error
    except (NotADirectoryError, FileExistsError) as error:
        raise OutputError(
            f"{_place_of(error, final)} is in the way of {final}.", hint="choose another -o."
        ) from error
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(
                f"the disk of {final} is full; nothing was left behind.",
                hint="free some space, or choose an -o on another disk.",
            ) from error
        if error.errno in _UNWRITABLE:
            raise OutputError(
                f"{final} cannot be written: {error.strerror}.", hint="choose another -o."
            ) from error
        raise


def _place_of(error: OSError, final: Path) -> str:
    """What an error is about, as a person named it: the hidden staging folder is the output's."""
    named = Path(os.path.abspath(error.filename or final))
    hidden = final.parent / f".{final.name}."
    return str(final if str(named).startswith(str(hidden)) else named)


@contextlib.contextmanager
def full_disk_named(final: Path) -> Iterator[None]:
    """Say which disk is full, while what was written still fills it."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL or not _is_elsewhere(error, final):
            raise
        raise full_disk(error) from error


def _is_elsewhere(error: OSError, final: Path) -> bool:
    """Whether another disk than an output's is the full one; a write itself names no file."""
    if written := _written(error):
        return final.parent not in Path(os.path.abspath(written)).parents
    temporary = Path(tempfile.gettempdir())
    is_apart = temporary.stat().st_dev != final.parent.stat().st_dev
    return is_apart and shutil.disk_usage(final.parent).free > _ROOM_BYTES


def _written(error: OSError) -> str | None:
    """The file that could not be written; a failed copy names the one it read from first."""
    written: str | None = error.filename2 or error.filename
    return written


def full_disk(error: OSError) -> OutputError:
    """The error for a disk that is full and is not an output's: most likely the temporary one."""
    return OutputError(
        f"the disk of {_written(error) or tempfile.gettempdir()} is full; nothing was left behind.",
        hint="free some space, or point TMPDIR at a folder on a larger disk.",
    )


def is_full(error: OSError) -> bool:
    """Whether a disk or a quota is used up."""
    return error.errno in _FULL
