"""Disks that are full or read-only, and folders of other people: one clear error each."""

import subprocess
import tempfile
from pathlib import Path

import pytest
from saves import AS_ROOT, everything, old_folder, refused, state

from tokext.errors import OutputError
from tokext.output import scratch_folder, whole_folder, write_whole


@AS_ROOT
def test_a_full_disk_is_named_and_nothing_is_left_on_it(tiny_disk):
    out = tiny_disk / "out"
    with pytest.raises(OutputError, match=f"the disk of {out} is full"), whole_folder(out) as new:
        (new / "a.txt").write_text("x" * 1_000_000)
    assert everything(tiny_disk) == []
    with pytest.raises(OutputError, match="is full"):
        write_whole(tiny_disk / "out.json", "x" * 1_000_000)
    assert everything(tiny_disk) == []


@AS_ROOT
def test_a_full_disk_for_temporary_files_is_named_instead_of_the_output_s(
    tiny_disk, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tiny_disk))

    def fill_both():
        with whole_folder(tmp_path / "out") as new, scratch_folder("runs") as scratch:
            (new / "a.txt").write_text("a")
            (scratch / "a.txt").write_text("x" * 1_000_000)

    with pytest.raises(OutputError, match=f"the disk of {tiny_disk} is full") as raised:
        fill_both()
    assert "TMPDIR" in raised.value.hint
    assert everything(tiny_disk) == []
    assert everything(tmp_path) == ["disk"]


@AS_ROOT
def test_a_full_disk_leaves_the_old_folder_whole(tiny_disk):
    old_folder(tiny_disk / "out")
    with (
        pytest.raises(OutputError, match="is full"),
        whole_folder(tiny_disk / "out", force=True) as folder,
    ):
        (folder / "a.txt").write_text("x" * 1_000_000)
    assert state(tiny_disk / "out") == "whole old"
    assert everything(tiny_disk) == ["out"]


@AS_ROOT
def test_a_disk_mounted_read_only_is_one_clear_error(tiny_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    assert "cannot be written: Read-only file system" in refused(tiny_disk / "out")


@AS_ROOT
@pytest.mark.parametrize("n_files", [0, 2], ids=["file", "folder"])
def test_no_permission_is_one_clear_line_for_a_user_who_is_not_root(save, n_files):
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        Path(place).chmod(0o755)
        status, said = save(Path(place, "out"), n_files=n_files, user=65534)
        message, hint = said.split(" | ")
        assert status == 1
        assert message == f"no permission for {Path(place, 'out')}."
        assert hint == "choose an -o in a folder of yours."
        assert everything(Path(place)) == []
