"""Saves in processes of their own, which may be killed, and what is found afterwards."""

import os
from pathlib import Path

import pytest

from tokext.errors import OutputError
from tokext.output import whole_folder

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals, users or mounts")
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to mount or to change user"
)


DONE, KILLED = (0, ""), (-9, "")


def old_folder(path):
    path.mkdir()
    for i in range(2):
        (path / f"{i}.txt").write_text("old" * 1000)


def state(path):
    """`nothing`, `whole old`, `whole new`, or the list of what is wrong."""
    if not path.exists():
        return "nothing"
    files = {p.relative_to(path).as_posix(): p.read_text() for p in path.rglob("*.txt")}
    if files == {f"{i}.txt": "old" * 1000 for i in range(2)}:
        return "whole old"
    names = {f"{where}{i}.txt" for where in ("", "inner/") for i in range(2)}
    if files == dict.fromkeys(names, "new" * 1000):
        return "whole new"
    return sorted(files)


def everything(folder):
    return sorted(p.name for p in folder.iterdir())


def refused(path, **options):
    with pytest.raises(OutputError) as caught, whole_folder(path, **options) as folder:
        (folder / "a.txt").write_text("a")
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


def fill(path, text="new", **options):
    with whole_folder(path, **options) as folder:
        (folder / "a.txt").write_text(text)
