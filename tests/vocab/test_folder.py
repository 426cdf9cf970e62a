"""The folder of an added vocabulary read back: as it was written, or refused in one line."""

import pytest

from tokext.errors import InputError
from tokext.records import AddedPiece
from tokext.vocab.folder import read_added, write_added

PIECES = [AddedPiece("猫", 30), AddedPiece("▁猫が", 9), AddedPiece("眠る", 9), AddedPiece("犬", 2)]


@pytest.fixture
def folder(tmp_path, base):
    write_added(tmp_path, PIECES, like=base.model)
    return tmp_path


def test_pieces_come_back_in_rank_order_with_their_counts(folder):
    assert read_added(folder)[0] == PIECES


def test_without_its_last_newline_no_row_is_lost(folder):
    table = folder / "added.tsv"
    table.write_bytes(table.read_bytes().removesuffix(b"\n"))
    assert read_added(folder)[0] == PIECES


def test_a_model_by_itself_has_no_counts(folder):
    assert [p.count for p in read_added(folder / "added.model")[0]] == [0] * len(PIECES)


DAMAGES = {
    "a line of garbage": (lambda data: data + b"garbage\n", "it has 5 pieces, added.model 4"),
    "garbage for a line": (lambda data: data.replace(b"\t30", b" 30"), "line 2 is '猫 30'"),
    "a count that is none": (lambda data: data.replace(b"\t30", b"\t-3"), "line 2 is '猫"),
    "cut inside a character": (lambda data: data[: data.rindex(b"\t") - 1], "is not UTF-8 text"),
    "cut after a line": (lambda data: data[: data.index(b"\n", 13) + 1], "it has 1 pieces"),
    "other pieces": (lambda data: data.replace("眠る".encode(), "走る".encode()), "has '走る'"),
    "another order": (lambda data: data.replace("犬".encode(), "猫".encode()), "line 5 has '猫'"),
    "empty": (lambda data: b"", "line 1 is ''"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_list_of_counts_is_refused_in_one_line(folder, damage):
    change, reason = DAMAGES[damage]
    table = folder / "added.tsv"
    table.write_bytes(change(table.read_bytes()))
    with pytest.raises(InputError, match=reason) as raised:
        read_added(folder)
    assert "\n" not in str(raised.value)
    assert "added.model itself" in raised.value.hint


def test_a_missing_list_of_counts_is_refused(folder):
    (folder / "added.tsv").unlink()
    with pytest.raises(InputError, match=r"added\.tsv .*: the file is missing"):
        read_added(folder)
