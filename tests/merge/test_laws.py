"""What holds of every extension, tried on generated text in three loaders."""

import struct
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_bases import JAPANESE, extend_base, japanese_candidates

from tokext.languages import find_language
from tokext.merge.merge import extend
from tokext.merge.pair import Pair
from tokext.records import AddedPiece
from tokext.tokenizer.sentencepiece import (
    UNLEARNED_SCORE,
    Piece,
    PieceType,
    SentencePieceModel,
)

examples = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

WORDS = [a.piece for a in japanese_candidates(200)]
SPECIAL = ["<s>", "</s>", "<unk>", "<sep>", "[INST]", "<pad>", "<0x41>", "<|extra_0|>", "▁"]
characters = st.characters(exclude_categories=["Cs"])
plain_text = st.text(characters.filter(lambda c: not JAPANESE.has_letter(c)))
some_text = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(SPECIAL),
        st.sampled_from([" ", "  ", "\n", "\t", "、", "。", "1", "23", "the ", "Tokyo"]),
        st.text(characters, max_size=3),
        st.text(st.sampled_from("あいうのにはをたがで日本人大年鬱"), max_size=5),
    ),
    max_size=12,
).map("".join)


def test_base_pieces_keep_their_ids_scores_and_types(tiny):
    n = tiny.base.size
    assert tiny.merged.model.pieces[:n] == tiny.base.model.pieces
    fast = tiny.merged.fast.ids
    assert {p.text: fast[p.text] for p in tiny.base.pieces} == tiny.base.model.ids
    assert tiny.merged.fast.merges[: len(tiny.base.fast.merges)] == tiny.base.fast.merges
    assert tiny.merged.fast.added_tokens == tiny.base.fast.added_tokens


@examples
@given(text=plain_text)
def test_text_without_a_japanese_letter_encodes_as_before(tiny, text):
    assert tiny.loaders.encode([text]) == tiny.base_loaders.encode([text])


@examples
@given(text=some_text)
def test_an_added_token_stands_for_whole_base_tokens_in_each_loader(tiny, text):
    before, after = tiny.base_loaders.encode([text]), tiny.loaders.encode([text])
    assert set(before) == {"sentencepiece", "tokenizers", "transformers"}
    for loader in before:
        assert tiny.in_base_ids(after[loader][0]) == before[loader][0], loader
        assert len(after[loader][0]) <= len(before[loader][0]), loader


@examples
@given(text=some_text)
def test_each_loader_joins_what_its_base_makes_of_a_text(tiny, text):
    pair = Pair(tiny.base, tiny.tokenizer, JAPANESE)
    before, after = tiny.base_loaders.encode([text]), tiny.loaders.encode([text])
    for loader in before:
        assert pair.joined(before[loader][0]) == after[loader][0], loader


@examples
@given(text=some_text)
def test_loaders_agree_wherever_the_base_does(tiny, text):
    before, after = tiny.base_loaders.encode([text]), tiny.loaders.encode([text])
    for one in before:
        for other in before:
            if before[one] == before[other]:
                assert after[one] == after[other], (one, other)


@examples
@given(text=some_text)
def test_no_text_produces_a_padding_piece(tiny, text):
    padding = set(tiny.merged.extension.padding)
    for loader, (ids,) in tiny.loaders.encode([text]).items():
        assert padding.isdisjoint(ids), loader


@examples
@given(text=some_text)
def test_text_comes_back_wherever_it_did(tiny, text):
    base, model = tiny.base.model.processor, tiny.merged.model.processor
    if base.decode(base.encode(text)) == text:
        assert model.decode(model.encode(text)) == text
    before, after = tiny.base.fast.tokenizer, tiny.merged.fast.tokenizer
    for skip in (True, False):
        old = before.decode(before.encode(text).ids, skip_special_tokens=skip)
        assert after.decode(after.encode(text).ids, skip_special_tokens=skip) == old


@examples
@given(texts=st.lists(some_text, min_size=2, max_size=5))
def test_a_batch_and_a_pair_are_what_single_texts_are(tiny, texts):
    loaded, fast = tiny.loaders.transformers, tiny.tokenizer.fast
    single = [loaded(t)["input_ids"] for t in texts]
    assert loaded(texts)["input_ids"] == single
    assert fast.encode_batch(texts) == [fast.encode(t) for t in texts]
    pair = fast.tokenizer.encode(texts[0], texts[1]).ids
    before = tiny.base.fast.tokenizer.encode(texts[0], texts[1]).ids
    assert tiny.in_base_ids(pair) == before
    in_transformers = tiny.base_loaders.transformers(texts[0], texts[1])["input_ids"]
    assert tiny.in_base_ids(loaded(texts[0], texts[1])["input_ids"]) == in_transformers


def test_every_padding_name_is_only_text(tiny):
    padding = set(tiny.merged.extension.padding)
    names = [tiny.tokenizer.pieces[i].text for i in padding]
    assert names
    for ids in tiny.loaders.encode(names).values():
        assert padding.isdisjoint(i for text in ids for i in text)
        assert all(len(text) > 3 for text in ids)


def test_every_added_piece_is_reached_in_each_loader(tiny):
    added = tiny.merged.extension.added
    assert len(added) > 150
    for loader, ids in tiny.loaders.encode(["\n" + a.piece for a in added]).items():
        assert [text[-1] for text in ids] == [a.id for a in added], loader


def test_constituents_spell_the_piece(tiny):
    pieces = tiny.base.model.pieces
    for a in tiny.merged.extension.added:
        spelled = b"".join(
            bytes([int(pieces[i].text[3:5], 16)])
            if pieces[i].type is PieceType.BYTE
            else pieces[i].text.encode()
            for i in a.constituents
        )
        assert spelled.decode() == a.piece


def test_merging_again_adds_nothing(tiny):
    again = extend(tiny.tokenizer, tiny.merged.extension.added, language=JAPANESE, pad_to=64)
    assert again.extension.added == ()
    assert again.model.data == tiny.merged.model.data
    assert again.fast.fields == tiny.merged.fast.fields


def test_scores_go_down_from_below_the_lowest_learned_one(tiny):
    scores = [p.score for p in tiny.merged.model.pieces if p.type is PieceType.NORMAL]
    n = sum(p.type is PieceType.NORMAL for p in tiny.base.model.pieces)
    learned = [s for s in scores[:n] if s > UNLEARNED_SCORE]
    added = scores[n:]
    assert all(one > other for one, other in pairwise(added))
    assert added[0] < min(learned)


@pytest.mark.parametrize("pad_to", [1, 7, 64, 1000])
def test_the_size_is_padded_to_a_multiple(plain, pad_to):
    made = extend(plain.base, japanese_candidates(50), language=JAPANESE, pad_to=pad_to)
    extension = made.extension
    assert extension.padded_size % pad_to == 0
    assert 0 <= extension.padded_size - extension.size < pad_to
    assert made.model.size == made.fast.size == extension.padded_size
    assert extension.padding == tuple(range(extension.size, extension.padded_size))


def test_needed_characters_come_before_the_piece_that_needs_them(plain):
    made = extend(plain.base, [AddedPiece("鬱蒼", 5)], language=JAPANESE)
    assert [a.piece for a in made.extension.added] == ["鬱", "蒼", "鬱蒼"]


def test_a_piece_that_nothing_reaches_gives_its_place_to_the_next(plain):
    letters = [AddedPiece(c, 9) for c in "鬱蒼鱗鰯"]
    stuck = AddedPiece("鬱蒼鱗鰯", 9)  # no two of its parts are a piece
    made = extend(plain.base, [*letters, stuck, AddedPiece("鰯鱗", 1)], language=JAPANESE, size=5)
    assert [a.piece for a in made.extension.added] == [*"鬱蒼鱗鰯", "鰯鱗"]
    assert made.dropped == {"unreachable": 1}


def test_keep_all_lets_other_pieces_in(plain):
    candidates = [AddedPiece("qzq", 3), AddedPiece("東京", 3)]
    strict = extend(plain.base, candidates, language=JAPANESE)
    assert "qzq" not in {a.piece for a in strict.extension.added}
    assert strict.dropped == {"without a letter of Japanese": 1}
    candidates = [AddedPiece("qz", 3), *candidates]
    everything = extend(plain.base, candidates, language=JAPANESE, keep_all=True)
    assert {"qz", "qzq", "東京"} <= {a.piece for a in everything.extension.added}


def test_scores_are_different_numbers_in_32_bits(plain):
    data = plain.merged.model.data
    read = SentencePieceModel(data).pieces[plain.base.size : plain.merged.extension.size]
    scores = [struct.unpack("f", struct.pack("f", p.score))[0] for p in read]
    assert len(set(scores)) == len(scores) == len(plain.merged.extension.added)


@pytest.mark.parametrize("whitespace_pieces", [False, True])
def test_pieces_that_begin_with_a_space_take_none_from_the_base(plain, tmp_path, whitespace_pieces):
    """Mistral has whitespace pieces with a score of -1e9; pieces with a space go below them."""
    pieces = list(plain.base.model.pieces)
    if whitespace_pieces:
        pieces += [Piece("▁" * n, -1e9, PieceType.NORMAL) for n in (2, 4, 3)]
    base = tmp_path / "base"
    base.mkdir()
    model = SentencePieceModel.build(pieces, like=plain.base.model)
    (base / "tokenizer.model").write_bytes(model.data)
    candidates = [AddedPiece(p, 1) for p in ("한", "국", "▁한", "한국", "▁한국")]
    korean = find_language("ko")
    made = extend_base(base, tmp_path, language=korean, candidates=candidates)
    assert "▁한국" in {a.piece for a in made.merged.extension.added}
    for text in ("한국", "  한국", "   한국 한", "한국  한국   한", "a    한국"):
        before, after = made.base_loaders.encode([text]), made.loaders.encode([text])
        for loader in before:
            assert made.in_base_ids(after[loader][0]) == before[loader][0], (loader, text)
