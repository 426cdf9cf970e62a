"""Killed at any moment, a save leaves the old output or the new; the next start tidies up."""

import os
import random
import subprocess
import sys
import tempfile
import time

import pytest
from saves import (
    DONE,
    KILLED,
    POSIX,
    ROOT,
    everything,
    fill,
    old_folder,
    refused,
    state,
)

from tokext.errors import OutputError
from tokext.output import scratch_folder, whole_folder
from tokext.output.leftovers import recover
from tokext.output.place import exchange


@POSIX
@pytest.mark.parametrize("fast", [True, False], ids=["exchange", "two renames"])
@pytest.mark.parametrize("force", [False, True], ids=["fresh", "force"])
def test_killed_before_any_call_of_a_save_it_leaves_the_old_or_the_new(tmp_path, save, force, fast):
    met = []
    for die_at in range(1, 200):
        place = tmp_path / str(die_at)
        place.mkdir()
        if force:
            old_folder(place / "out")
        status = save(place / "out", force=force, fast=fast, die_at=die_at)
        recover(place / "out")  # what the next start does first
        assert everything(place) in ([], ["out"])  # nothing else is left
        met.append(str(state(place / "out")))
        if status == DONE:
            break
        assert status == KILLED
    assert status == DONE
    assert die_at > 20
    assert set(met) == ({"whole old", "whole new"} if force else {"nothing", "whole new"})
    assert met == sorted(met, key="whole new".__eq__)  # once it is there, it stays


@POSIX
def test_with_the_exchange_the_name_is_never_empty(tmp_path, save):
    if not exchange(*two_folders(tmp_path)):
        pytest.skip("this file system cannot exchange two names")
    status = KILLED
    for die_at in range(1, 200):
        out = tmp_path / f"out{die_at}"
        old_folder(out)
        status = save(out, force=True, die_at=die_at)
        assert state(out) in ("whole old", "whole new")  # before any recovery
        if status == DONE:
            break
    assert status == DONE


def two_folders(place):
    for name in ("one", "two"):
        (place / name).mkdir()
    return place / "one", place / "two"


@POSIX
def test_killed_at_random_moments_it_leaves_the_old_or_the_new(tmp_path, save):
    draw = random.Random(1)
    out = tmp_path / "out"
    old_folder(out)
    for n in range(60):
        save(out, force=True, fast=n % 2 == 0, seconds=draw.uniform(0, 0.01))
        recover(out)
        assert state(out) in ("whole old", "whole new")
        assert everything(tmp_path) == ["out"]


@POSIX
@pytest.mark.parametrize("force", [False, True])
def test_a_file_killed_before_any_call_is_the_old_or_the_new(tmp_path, save, force):
    out = tmp_path / "out.json"
    old = "old" if force else None
    met = []
    for die_at in range(1, 50):
        out.unlink(missing_ok=True)
        if force:
            out.write_text("old")
        status = save(out, n_files=0, force=force, die_at=die_at)
        met.append(out.read_text() if out.exists() else None)
        recover(out)
        assert everything(tmp_path) in ([], ["out.json"])
        if status == DONE:
            break
    assert status == DONE
    assert set(met) == {old, "new" * 1000}


def test_the_next_start_puts_the_old_folder_back(tmp_path):
    old_folder(tmp_path / ".out.old")  # killed between the two renames
    message = refused(tmp_path / "out")
    assert message.endswith("out exists already.")
    assert state(tmp_path / "out") == "whole old"


def test_the_next_start_drops_the_old_folder_where_the_new_one_stands(tmp_path):
    old_folder(tmp_path / ".out.old")
    fill(tmp_path / "out.tmp")
    (tmp_path / "out.tmp").rename(tmp_path / "out")
    fill(tmp_path / "out", "newer", force=True)
    assert everything(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a.txt").read_text() == "newer"


@POSIX
def test_the_folder_that_a_live_process_fills_is_left_alone(tmp_path, save):
    with whole_folder(tmp_path / "out") as staging:
        (staging / "a.txt").write_text("mine")
        assert save(tmp_path / "out") == DONE  # another process, to the same name
        assert (staging / "a.txt").read_text() == "mine"
        (tmp_path / "out").rename(tmp_path / "elsewhere")
    assert everything(tmp_path) == ["elsewhere", "out"]


@POSIX
def test_of_two_processes_without_force_the_second_to_finish_is_refused(tmp_path, save):
    with pytest.raises(OutputError, match="exists already"), whole_folder(tmp_path / "out"):
        assert save(tmp_path / "out") == DONE
    assert state(tmp_path / "out") == "whole new"
    assert everything(tmp_path) == ["out"]


def test_a_leftover_of_another_machine_is_dropped_after_a_day(tmp_path):
    for name, age_hours in ((".out.elsewhere-1.fresh.new", 1), (".out.elsewhere-1.stale.new", 25)):
        (tmp_path / name).mkdir()
        then = time.time() - age_hours * 3600
        os.utime(tmp_path / name, (then, then))
    recover(tmp_path / "out")
    assert everything(tmp_path) == [".out.elsewhere-1.fresh.new"]


KILLED_AT_WORK = """
import os, signal, sys, tempfile
from tokext.output import SCRATCH_SUFFIX, scratch_folder, scratch_prefix
with scratch_folder("tokext-verify") as folder:
    (folder / "a.txt").write_text("a")
    copy = tempfile.mkstemp(prefix=scratch_prefix("tokext-verify"), suffix=SCRATCH_SUFFIX)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@POSIX
def test_what_a_killed_process_left_among_temporary_files_goes_with_the_next_start(
    tmp_path, monkeypatch
):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AT_WORK],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert (killed.returncode, len(everything(tmp_path))) == (-9, 2)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder("tokext-verify") as one, scratch_folder("tokext-verify") as other:
        assert everything(tmp_path) == sorted([one.name, other.name])
    assert everything(tmp_path) == []
