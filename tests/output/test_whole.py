"""Outputs appear whole or not at all, also where the fast way is missing or the block fails."""

import os

import pytest
from saves import everything, fill, old_folder, state

from tokext.output import place, whole_folder, write_whole


def test_without_the_exchange_the_new_folder_takes_the_place_of_the_old(tmp_path, monkeypatch):
    monkeypatch.setattr(place, "exchange", lambda one, other: False)
    old_folder(tmp_path / "out")
    fill(tmp_path / "out", force=True)
    assert everything(tmp_path) == ["out"]
    assert everything(tmp_path / "out") == ["a.txt"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("force", [False, True])
def test_an_interrupted_save_leaves_everything_as_it_was(tmp_path, error, force):
    if force:
        old_folder(tmp_path / "out")

    def save_half():
        with whole_folder(tmp_path / "out", force=force) as folder:
            (folder / "a.txt").write_text("half")
            raise error

    with pytest.raises(error):
        save_half()
    assert state(tmp_path / "out") == ("whole old" if force else "nothing")
    assert everything(tmp_path) == (["out"] if force else [])


def test_folders_made_above_an_output_that_fails_go_with_it(tmp_path):
    with pytest.raises(ValueError, match="no"), whole_folder(tmp_path / "a" / "b" / "out"):
        raise ValueError("no")
    assert everything(tmp_path) == []


def test_modes_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        fill(tmp_path / "out")
        write_whole(tmp_path / "out.json", "{}")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("out", "out.json")]
    assert modes == [0o750, 0o640]


def test_a_link_to_a_folder_stays_and_the_folder_is_replaced(tmp_path):
    old_folder(tmp_path / "there")
    (tmp_path / "out").symlink_to(tmp_path / "there")
    fill(tmp_path / "out", force=True)
    assert (tmp_path / "out").is_symlink()
    assert everything(tmp_path / "there") == ["a.txt"]
    assert everything(tmp_path) == ["out", "there"]
