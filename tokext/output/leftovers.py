"""What a killed run leaves, under names that the next start knows: put back, or dropped."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_DAY_SECONDS = 24 * 3600
#: How a temporary name ends that the next start may drop.
SCRATCH_SUFFIX = ".new"


def recover(final: Path) -> None:
    """Tidy up after a killed run: put an old folder back, and drop what is half made or half gone.

    What another live process is filling is left alone.
    """
    old = waiting_name(final)
    if old.exists():
        if final.exists():
            remove(old, final)
        else:
            os.rename(old, final)
    _sweep(final)


def _sweep(final: Path) -> None:
    """Drop what killed runs left beside a name."""
    for leftover in final.parent.glob(f".{glob.escape(final.name)}.*{SCRATCH_SUFFIX}"):
        if _is_abandoned(leftover):
            if leftover.is_dir() and not leftover.is_symlink():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):  # of another user, in a folder that all share
                    leftover.unlink()


@contextlib.contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """A folder among the temporary ones, gone at the end; after a kill the next start drops it.

    Example:
        >>> with scratch_folder("tokext-example") as folder:
        ...     folder.is_dir()
        True
        >>> folder.exists()
        False
    """
    folder = Path(tempfile.mkdtemp(prefix=scratch_prefix(name), suffix=SCRATCH_SUFFIX))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def scratch_prefix(name: str) -> str:
    """How a temporary name begins that the next start drops once this process is gone."""
    place = Path(tempfile.gettempdir(), name)
    _sweep(place)
    return staging_prefix(place)


def remove(old: Path, final: Path) -> None:
    """Remove an old folder, under a name from which nobody would put back what is half removed."""
    doomed = final.parent / f"{staging_prefix(final)}old{SCRATCH_SUFFIX}"
    os.rename(old, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def waiting_name(final: Path) -> Path:
    """Where an old folder waits for the moment between two renames."""
    return final.parent / f".{final.name}.old"


def staging_prefix(final: Path) -> str:
    """How the hidden name of what is being filled begins: the output, the machine, the process."""
    host = socket.gethostname().replace(".", "_")
    return f".{final.name}.{host}-{os.getpid()}."


def _is_abandoned(staging: Path) -> bool:
    """Whether the run that fills this folder is gone: its process ended, or a day has passed."""
    host, _, pid = staging.name.split(".")[-3].rpartition("-")
    with contextlib.suppress(OSError):
        if os.name == "posix" and host == socket.gethostname().replace(".", "_"):
            return not _is_running(int(pid))
        return time.time() - staging.stat().st_mtime > _DAY_SECONDS
    return False


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, under another user
        return True
    return True
