"""Which candidates enter, and what they bring along."""

from collections import Counter

import pytest

from tokext.languages import find_language
from tokext.merge.merge import entering_pieces, extend
from tokext.records import AddedPiece
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType


@pytest.fixture(scope="module")
def mistral():
    return load_tokenizer("mistralai/Mistral-7B-v0.1")


def entering(base, *pieces, keep_all=False):
    dropped = Counter()
    candidates = [AddedPiece(p, 1) for p in pieces]
    entered = entering_pieces(
        base, candidates, find_language("ja"), keep_all=keep_all, dropped=dropped
    )
    return [a.piece for a in entered], dropped


def test_a_character_that_the_piece_needs_enters_before_it(mistral):
    assert "鬱" not in mistral.model.ids
    assert entering(mistral, "日鬱本", "鬱")[0] == ["鬱", "日鬱本"]


def test_punctuation_that_the_base_lacks_does_not_ride_in_on_a_piece(mistral):
    assert "／" not in mistral.model.ids
    entered, dropped = entering(mistral, "彼／", "彼女")
    assert "／" not in entered
    assert "彼／" not in entered
    assert sum(dropped.values()) == 1


def test_with_keep_all_it_does(mistral):
    assert "／" in entering(mistral, "彼／", keep_all=True)[0]


@pytest.mark.parametrize("piece", ["第3", "１月", "▁私", "私 は", "私\n", "abc", "。", ""])
def test_what_is_no_piece_of_the_language_stays_out(mistral, piece):
    entered, dropped = entering(mistral, piece)
    assert entered == []
    assert dropped.total() == 1


def test_padding_of_a_base_that_has_some_is_numbered_on(mistral, tmp_path):
    padded = mistral.model.extended([Piece("<|extra_0|>", 0.0, PieceType.UNUSED)])
    (tmp_path / "padded.model").write_bytes(padded.data)
    base = load_tokenizer(tmp_path / "padded.model")
    merged = extend(base, [AddedPiece("猫犬", 1)], language=find_language("ja"))
    texts = [p.text for p in merged.model.pieces]
    assert len(texts) == len(set(texts)) == 32_064
    assert texts[32_000] == "<|extra_0|>"
    assert texts[-1] == f"<|extra_{64 - 1 - len(merged.extension.added)}|>"
