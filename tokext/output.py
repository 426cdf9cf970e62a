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
_ROOM_BYTES = 1 << 20
#: How a temporary name ends that the next start may drop.
SCRATCH_SUFFIX = ".new"
_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
#: A read-only disk, a name too long or going round in circles, a name that another run just took.
_UNWRITABLE = {errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTEMPTY}


@contextlib.contextmanager
def whole_folder(
    path: str | Path, *, force: bool = False, inputs: Iterable[str | Path] = ()
) -> Iterator[Path]:
    """Fill a folder beside its final name; put it in place when the block ends without an error.

    Args:
        path: The final name.
        force: Replace an existing folder; without it an existing one is refused.
        inputs: Files and folders that are being read: the output may neither lie inside one nor
            replace one.

    Yields:
        The folder to fill.

    Raises:
        OutputError: The name is taken, lies inside an input, or cannot be written (full disk,
            no permission).

    Example:
        >>> with tempfile.TemporaryDirectory() as there:
        ...     with whole_folder(Path(there, "out")) as folder:
        ...         _ = (folder / "a.txt").write_text("a")
        ...     os.listdir(there), os.listdir(Path(there, "out"))
        (['out'], ['a.txt'])
    """
    final = _final(path)
    with _os_errors_explained(final):
        recover(final)
        refuse_taken(final, force, folder=True)
        refuse_inputs(final, inputs)
        with _parents(final):
            staging = Path(
                tempfile.mkdtemp(prefix=_staging_prefix(final), suffix=".new", dir=final.parent)
            )
            try:
                staging.chmod(0o777 & ~_umask())
                with _full_disk_named(final):
                    yield staging
                _flush(staging)
                _put_in_place(staging, final, force)
            finally:
                # After a swap this is the old folder; after a failure it is the unfinished new one.
                shutil.rmtree(staging, ignore_errors=True)


def recover(final: Path) -> None:
    """Tidy up after a killed run: put an old folder back, and drop what is half made or half gone.

    What another live process is filling is left alone.
    """
    old = _waiting_name(final)
    if old.exists():
        if final.exists():
            _remove(old, final)
        else:
            os.rename(old, final)
    _sweep(final)


def _sweep(final: Path) -> None:
    """Drop what killed runs left beside a name."""
    for leftover in final.parent.glob(f".{glob.escape(final.name)}.*.new"):
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
    return _staging_prefix(place)


def write_whole(
    path: str | Path, text: str, *, force: bool = False, inputs: Iterable[str | Path] = ()
) -> None:
    """Write a text file that appears whole or not at all.

    Args:
        path: The final name.
        text: What it is to hold.
        force: Replace an existing file; without it an existing one is refused.
        inputs: Files and folders that were read: the output may neither lie inside one nor
            replace one.

    Raises:
        OutputError: The file exists and `force` is off, it lies inside an input or is one, or it
            cannot be written.
    """
    final = Path(os.path.abspath(path))
    with _os_errors_explained(final):
        recover(final)
        refuse_taken(final, force)
        refuse_inputs(final, inputs)
        with _parents(final):
            handle, name = tempfile.mkstemp(
                prefix=_staging_prefix(final), suffix=".new", dir=final.parent
            )
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
            _flush_entry(final.parent)


def json_text(value: Any) -> str:
    """JSON as tokext writes it everywhere: readable, Japanese unescaped, one final newline."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def copy_into(folder: Path, name: str, source: Path) -> None:
    """Copy a file into a folder that is being filled, under a name that may lie deeper in it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / name)


def refuse_taken(final: str | Path, force: bool, *, folder: bool = False) -> None:
    """Refuse what stands at the name already and may not be replaced.

    Args:
        final: The name.
        force: Whether it may be replaced by its like.
        folder: Whether a folder is to be written there, or a file.

    Raises:
        OutputError: It may not.
    """
    final = Path(os.path.abspath(final))
    if not os.path.lexists(final):
        return
    if final.is_dir() != folder:
        there, wanted = ("file", "folder") if folder else ("folder", "file")
        raise OutputError(
            f"{final} is a {there}; the output is a {wanted}.", hint="choose another -o."
        )
    if not force:
        raise OutputError(
            f"{final} exists already.", hint="choose another -o, or add --force to replace it."
        )
    if folder and Path.cwd().is_relative_to(final):
        raise OutputError(
            f"{final} is the folder that this runs in, or holds it, and cannot be replaced.",
            hint="choose an -o of its own.",
        )


def refuse_inputs(final: str | Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output that would change what is being read.

    Args:
        final: The name of the output.
        inputs: Files and folders that are read.

    Raises:
        OutputError: It would replace one of them, or lies inside one.
    """
    place = Path(os.path.realpath(final))
    for given in inputs:
        source = Path(os.path.realpath(given))
        if source.is_relative_to(place):
            raise OutputError(
                f"the output {final} would replace the input {given}.",
                hint="choose an -o of its own.",
            )
        if source.is_dir() and place.is_relative_to(source):
            raise OutputError(
                f"the output {final} lies inside the input {given}, and would become part of it.",
                hint="choose an -o outside the folder that is read.",
            )


def _final(path: str | Path) -> Path:
    """The name to write at; behind a link to a folder, the folder."""
    is_link = os.path.islink(path) and os.path.isdir(path)
    return Path(os.path.realpath(path) if is_link else os.path.abspath(path))


@contextlib.contextmanager
def _parents(final: Path) -> Iterator[None]:
    """Make the folders above an output, and take them away again if it does not come to be."""
    missing = [folder for folder in final.parents if not folder.exists()]
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _put_in_place(staging: Path, final: Path, force: bool) -> None:
    if not final.exists():
        os.rename(staging, final)
    elif not force:
        refuse_taken(final, force, folder=True)
    elif not exchange(staging, final):
        old = _waiting_name(final)
        os.rename(final, old)
        os.rename(staging, final)
        _remove(old, final)
    _flush_entry(final.parent)


def _remove(old: Path, final: Path) -> None:
    """Remove an old folder, under a name from which nobody would put back what is half removed."""
    doomed = final.parent / f"{_staging_prefix(final)}old.new"
    os.rename(old, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


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
def _full_disk_named(final: Path) -> Iterator[None]:
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


@contextlib.contextmanager
def _os_errors_explained(final: Path) -> Iterator[None]:
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
