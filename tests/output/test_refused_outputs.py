"""What is never written over, and never written into."""

import pytest
from saves import everything, fill, old_folder, refused, state

from tokext.errors import OutputError
from tokext.output import refuse_taken, write_whole


def test_an_output_that_exists_is_refused_and_untouched(tmp_path):
    old_folder(tmp_path / "out")
    assert refused(tmp_path / "out").endswith("out exists already.")
    assert state(tmp_path / "out") == "whole old"
    (tmp_path / "out.json").write_text("old")
    with pytest.raises(OutputError, match=r"out.json exists already\."):
        write_whole(tmp_path / "out.json", "new")
    assert (tmp_path / "out.json").read_text() == "old"


@pytest.mark.parametrize("force", [False, True])
def test_a_file_where_a_folder_should_go_is_never_replaced(tmp_path, force):
    (tmp_path / "corpus.txt").write_text("precious")
    message = refused(tmp_path / "corpus.txt", force=force)
    assert message.endswith("corpus.txt is a file; the output is a folder.")
    assert (tmp_path / "corpus.txt").read_text() == "precious"
    with pytest.raises(OutputError, match="is a folder; the output is a file"):
        write_whole(tmp_path, "new", force=force)


def test_a_file_never_takes_the_place_of_an_input(tmp_path):
    (tmp_path / "corpus").mkdir()
    given = tmp_path / "corpus" / "in.txt"
    given.write_text("text")
    (tmp_path / "link.txt").symlink_to(given)
    for place, inputs in (
        (given, [given]),
        (given, [tmp_path / "link.txt"]),
        (tmp_path / "link.txt", [given]),
        (tmp_path / "corpus" / "out.txt", [tmp_path / "corpus"]),
    ):
        with pytest.raises(OutputError, match=r"would replace the input|lies inside the input"):
            write_whole(place, "new", force=True, inputs=inputs)
    assert given.read_text() == "text"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["corpus", "in.txt", "link.txt"]


def test_a_file_among_the_folders_above_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused(tmp_path / "file" / "out")


@pytest.mark.parametrize("force", [False, True])
def test_an_output_inside_an_input_is_refused(tmp_path, force):
    (tmp_path / "corpus").mkdir()
    inside = tmp_path / "corpus" / "deep" / "out"
    assert "lies inside the input" in refused(inside, inputs=[tmp_path / "corpus"], force=force)
    (tmp_path / "link").symlink_to(tmp_path / "corpus")
    assert "lies inside" in refused(tmp_path / "link" / "out", inputs=[tmp_path / "corpus"])
    assert everything(tmp_path / "corpus") == []


def test_an_output_that_would_replace_an_input_is_refused(tmp_path):
    fill(tmp_path / "corpus", "text")
    for given in (tmp_path / "corpus", tmp_path / "corpus" / "a.txt"):
        message = refused(tmp_path / "corpus", inputs=[given], force=True)
        assert message.endswith(f"would replace the input {given}.")
    assert (tmp_path / "corpus" / "a.txt").read_text() == "text"


def test_the_folder_one_stands_in_is_never_replaced(tmp_path, monkeypatch):
    (tmp_path / "home" / "work").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "home" / "work")
    for path in (".", "..", tmp_path / "home"):
        assert "the folder that this runs in" in refused(path, force=True)


def test_a_name_that_is_too_long_is_one_clear_error(tmp_path):
    assert "cannot be written: File name too long" in refused(tmp_path / ("x" * 300))


def test_refuse_taken_says_it_before_the_work(tmp_path):
    refuse_taken(tmp_path / "free", force=False)
    (tmp_path / "taken").write_text("")
    refuse_taken(tmp_path / "taken", force=True)
    with pytest.raises(OutputError, match="exists already"):
        refuse_taken(tmp_path / "taken", force=False)
