"""Outputs that appear whole or not at all.

A folder is filled beside its final name and then put in place. With ``force`` the old and the new
folder change places in one step where the system can do that (Linux); elsewhere the old one waits
under a known name for the moment between two renames, and the next start puts it back.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokext.errors import OutputError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_DAY_SECONDS = 24 * 3600
_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


@contextlib.contextmanager
def whole_folder(
    path: str | Path, *, force: bool = False, inputs: Iterable[str | Path] = ()
) -> Iterator[Path]:
    """Fill a folder beside its final name; put it in place when the block ends without an error.

    Args:
        path: The final name.
        force: Replace an existing folder; without it an existing one is refused.
        inputs: Files and folders that are being read: the output may not lie inside one.

    Yields:
        The folder to fill.

    Raises:
        OutputError: The name is taken, lies inside an input, or cannot be written (full disk,
            no permission).
    """
    final = Path(os.path.abspath(path))
    with _os_errors_explained(final):
        recover(final)
        refuse_taken(final, force)
        _refuse_inside_input(final, inputs)
        final.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(
            tempfile.mkdtemp(prefix=_staging_prefix(final), suffix=".new", dir=final.parent)
        )
        try:
            staging.chmod(0o777 & ~_umask())
            yield staging
            _flush(staging)
            _put_in_place(staging, final, force)
        finally:
            # After a swap this is the old folder; after a failure it is the unfinished new one.
            shutil.rmtree(staging, ignore_errors=True)


def recover(final: Path) -> None:
    """Tidy up after a killed run: put an old folder back, and drop unfinished new ones."""
    old = _waiting_name(final)
    if old.exists():
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.rename(old, final)
    for leftover in final.parent.glob(f".{glob.escape(final.name)}.*.new"):
        if leftover.is_dir() and _is_abandoned(leftover):
            shutil.rmtree(leftover, ignore_errors=True)


def write_whole(path: str | Path, text: str, *, force: bool = False) -> None:
    """Write a text file that appears whole or not at all.

    Raises:
        OutputError: The file exists and `force` is off, or it cannot be written.
    """
    final = Path(os.path.abspath(path))
    with _os_errors_explained(final):
        refuse_taken(final, force)
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{final.name}.", suffix=".new", dir=final.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, final)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def json_text(value: Any) -> str:
    """JSON as tokext writes it everywhere: readable, Japanese unescaped, one final newline."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def refuse_taken(final: str | Path, force: bool) -> None:
    """Raise OutputError where something stands at the name already and may not be replaced."""
    if os.path.lexists(final) and not force:
        raise OutputError(
            f"{final} exists already.", hint="choose another -o, or add --force to replace it."
        )


def _refuse_inside_input(final: Path, inputs: Iterable[str | Path]) -> None:
    for given in inputs:
        source = Path(os.path.abspath(given))
        if source.is_dir() and final.is_relative_to(source) and final != source:
            raise OutputError(
                f"the output {final} lies inside the input {source}, and would be read as one.",
                hint="choose an -o outside the folder that is read.",
            )


def _put_in_place(staging: Path, final: Path, force: bool) -> None:
    if not final.exists():
        os.rename(staging, final)
    elif not force:
        refuse_taken(final, force)
    elif not exchange(staging, final):
        old = _waiting_name(final)
        os.rename(final, old)
        os.rename(staging, final)
        shutil.rmtree(old, ignore_errors=True)
    _flush_entry(final.parent)


def exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step; False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    done = renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(done == 0)


def _waiting_name(final: Path) -> Path:
    return final.parent / f".{final.name}.old"


def _staging_prefix(final: Path) -> str:
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
    except PermissionError:
        return True
    return True


def _flush(folder: Path) -> None:
    """Let the disk hold every byte before the name changes: a power cut loses nothing."""
    for entry in folder.rglob("*"):
        if entry.is_file() and not entry.is_symlink():
            descriptor = os.open(entry, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    _flush_entry(folder)


def _flush_entry(folder: Path) -> None:
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some file systems refuse to sync a directory
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _os_errors_explained(final: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise OutputError(
            f"no permission for {error.filename or final}.",
            hint="choose an -o in a folder of yours.",
        ) from error
    except (NotADirectoryError, FileExistsError) as error:
        raise OutputError(
            f"{error.filename or final} is in the way of {final}.", hint="choose another -o."
        ) from error
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(
                f"the disk of {final} is full; nothing was left behind.",
                hint="free some space, or choose an -o on another disk.",
            ) from error
        raise
