"""Folders and files that are filled beside their final names, and put in place when whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tokext.output.disk import full_disk_named, os_errors_explained
from tokext.output.leftovers import SCRATCH_SUFFIX, recover, staging_prefix
from tokext.output.place import flush, flush_entry, put_in_place
from tokext.output.refuse import refuse_inputs, refuse_taken


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
    with _claimed(final, force, inputs, folder=True):
        staging = Path(
            tempfile.mkdtemp(prefix=staging_prefix(final), suffix=SCRATCH_SUFFIX, dir=final.parent)
        )
        try:
            staging.chmod(0o777 & ~_umask())
            with full_disk_named(final):
                yield staging
            flush(staging)
            put_in_place(staging, final, force)
        finally:
            # After a swap this is the old folder; after a failure it is the unfinished new one.
            shutil.rmtree(staging, ignore_errors=True)


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
    with _claimed(final, force, inputs, folder=False):
        handle, name = tempfile.mkstemp(
            prefix=staging_prefix(final), suffix=SCRATCH_SUFFIX, dir=final.parent
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
        flush_entry(final.parent)


def json_text(value: Any) -> str:
    """JSON as tokext writes it everywhere: readable, Japanese unescaped, one final newline."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def json_lines(rows: Sequence[Mapping[str, Any]], indent: str = "") -> str:
    """Objects with the same keys, a line each, commas between them: what stands in a JSON list.

    The encoder in C writes all of them at once, several times as fast as one by one. What lies
    between two objects cannot stand in a string, where a quote has a backslash before it.

    Example:
        >>> print(json_lines([{"a": 1}, {"a": "}, {"}]))
        {"a": 1},
        {"a": "}, {"}
    """
    if not rows:
        return ""
    start = f'{{"{next(iter(rows[0]))}": '
    text = json.dumps(rows, ensure_ascii=False)[1:-1]
    return text.replace(f"}}, {start}", f"}},\n{indent}{start}")


def copy_into(folder: Path, name: str, source: Path) -> None:
    """Copy a file into a folder that is being filled, under a name that may lie deeper in it."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / name)


@contextlib.contextmanager
def _claimed(
    final: Path, force: bool, inputs: Iterable[str | Path], *, folder: bool
) -> Iterator[None]:
    """Around an output: refused before the work, folders above it there, errors in clear words."""
    with os_errors_explained(final):
        recover(final)
        refuse_taken(final, force, folder=folder)
        refuse_inputs(final, inputs)
        with _parents(final):
            yield


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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
