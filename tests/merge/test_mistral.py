"""Mistral's real vocabulary, extended from folder to folder."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_bases import Extended, japanese_candidates

from tokext.corpus.embedded import embedded_lines
from tokext.languages import find_language
from tokext.merge.extension import merge_vocab
from tokext.merge.merge import Merged, extend
from tokext.merge.write import write_tokenizer
from tokext.records import AddedPiece, read_record
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.folder import write_added

pytestmark = pytest.mark.slow

MISTRAL = "mistralai/Mistral-7B-v0.1"


@pytest.fixture(scope="module")
def mistral(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistral")
    base = load_tokenizer(MISTRAL)
    for name in ("base", "added"):
        (folder / name).mkdir()
    write_tokenizer(folder / "base", base)
    write_added(folder / "added", japanese_candidates(1500), like=base.model)
    result = merge_vocab(folder / "added", folder / "out")
    assert all(g.passed and g.n_checked for g in result.guarantees)
    made = load_tokenizer(folder / "out")
    merged = Merged(made.model, made.fast, result.extension, result.dropped)
    return Extended(base, folder / "base", merged, folder / "out")


def test_the_record_says_what_was_merged(mistral):
    extension = mistral.merged.extension
    assert extension.base.size == 32_000
    assert extension.padded_size % 64 == 0
    result = read_record(mistral.folder)["result"]
    assert result["n_added"] == len(extension.added) > 1000
    assert mistral.tokenizer.size == extension.padded_size


def test_every_english_line_is_as_before(mistral):
    lines = [*embedded_lines("en"), *embedded_lines("code"), *embedded_lines("ko")]
    assert mistral.loaders.encode(lines) == mistral.base_loaders.encode(lines)


def test_japanese_takes_fewer_tokens_of_the_same_base_ids(mistral):
    lines = list(embedded_lines("ja"))
    before, after = mistral.base_loaders.encode(lines), mistral.loaders.encode(lines)
    for loader, ids in after.items():
        assert [mistral.in_base_ids(text) for text in ids] == before[loader]
        assert sum(map(len, ids)) < 0.8 * sum(map(len, before[loader]))


@settings(max_examples=60, deadline=None)
@given(
    text=st.lists(
        st.one_of(
            st.sampled_from(
                ["  ", " ", "\n", "    ", "\t", "<s>", "</s>", "1", "the", "<|extra_0|>"]
            ),
            st.sampled_from([a.piece for a in japanese_candidates(1500)]),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
        ),
        max_size=15,
    ).map("".join)
)
def test_white_space_and_special_tokens_change_nothing(mistral, text):
    before, after = mistral.base_loaders.encode([text]), mistral.loaders.encode([text])
    for loader in before:
        assert mistral.in_base_ids(after[loader][0]) == before[loader][0], loader


def test_korean_pieces_that_begin_with_a_space_leave_whitespace_pieces_alone():
    base = load_tokenizer(MISTRAL)
    pieces = [AddedPiece(p, 1) for p in ("▁한", "한국", "▁한국", "국어")]
    merged = extend(base, pieces, language=find_language("ko"))
    assert len(merged.extension.added) == 4
    spelled = {a.id: a.constituents for a in merged.extension.added}
    for text in ("한국", "  한국어", "   한국 한", "a    한국"):
        for encode, before in (
            (merged.model.encode, base.model.encode),
            (merged.fast.encode, base.fast.encode),
        ):
            ids = [b for id_ in encode(text) for b in spelled.get(id_, (id_,))]
            assert ids == before(text)


@pytest.mark.skipif("TOKEXT_DATA" not in os.environ, reason="needs the folder TOKEXT_DATA")
def test_the_vocabulary_of_llm_jp_can_be_added(tmp_path):
    added = Path(os.environ["TOKEXT_DATA"], "peers", "llm-jp-tokenizer-100k.ver3.0b1.model")
    result = merge_vocab(added, tmp_path / "out", size=5000)
    assert len(result.extension.added) == 5000
    assert all(g.passed for g in result.guarantees)
