"""The state of a folder's files at one moment, to notice by what was changed while it was read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tokext.errors import ModelError
from tokext.model.side_files import plain_files

#: Size, time of change and identity of every file, by its path.
Snapshot = Mapping[Path, tuple[int, int, int]]


def take_snapshot(*folders: Path) -> Snapshot:
    """The state of the files in folders, small ones too; to be taken before the first is read."""
    return {
        path: (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        for folder in folders
        if folder.is_dir()
        for path in plain_files(folder).values()
        for stat in [path.stat()]
    }


@contextlib.contextmanager
def unchanged(before: Snapshot, *folders: Path) -> Iterator[None]:
    """Refuse what was made of folders that are no longer as they were; this is looked at last, and
    where something else went wrong: a change is then the reason to name.

    Raises:
        ModelError: A file was changed, added or removed since.
    """
    try:
        yield
    except ModelError:
        _refuse_changed(before, take_snapshot(*folders))
        raise
    _refuse_changed(before, take_snapshot(*folders))


def _refuse_changed(before: Snapshot, now: Snapshot) -> None:
    changed = [p for p in sorted({*before, *now}) if before.get(p) != now.get(p)]
    if changed:
        raise ModelError(
            f"{changed[0]} was changed while it was read.",
            hint="run again when nothing else writes to the folder.",
        )
