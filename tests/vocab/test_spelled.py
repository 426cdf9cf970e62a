"""Runs as arrays, against the base's own spelling of each."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import PieceType
from tokext.vocab.spelled import spell_runs

MISTRAL = load_tokenizer("mistralai/Mistral-7B-v0.1").model


def slow_spelling(run, base):
    """The base's pieces, and for the bytes of each unknown character that character."""
    texts, at = [], 0
    for id_ in base.spell(run):
        piece = base.pieces[id_]
        if piece.type is not PieceType.BYTE:
            texts.append(piece.text)
            at += len(piece.text)
        elif int(piece.text[3:5], 16) & 0xC0 != 0x80:
            texts.append(run[at])
            at += 1
    return texts


CHARACTERS = st.sampled_from("日本語彅鷗﨟のはabé\u3099、🙂𠮟\x80߿ࠀ𐀀") | st.characters(
    codec="utf-8", exclude_characters="\t\n"
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(CHARACTERS, min_size=1), st.integers(1, 9)), max_size=8))
def test_runs_are_spelled_as_the_base_spells_them(runs):
    spelled = spell_runs(runs, MISTRAL)
    texts, times = [""], [0]
    for run, n in runs:
        mine = slow_spelling(run.replace(" ", "▁"), MISTRAL)
        texts += [*mine, ""]
        times += [n] * (len(mine) + 1)
    assert [spelled.texts[s] for s in spelled.symbols] == texts
    assert spelled.times.tolist() == times
    chars = Counter()
    for run, n in runs:
        for text in slow_spelling(run.replace(" ", "▁"), MISTRAL):
            chars[text] += n * (text not in MISTRAL.ids)
    assert spelled.new_characters == {t: n for t, n in chars.items() if n}


def test_a_character_that_may_not_enter_ends_a_run():
    spelled = spell_runs([("彅鷗彅", 3)], MISTRAL, lambda char: char != "鷗")
    assert [spelled.texts[s] for s in spelled.symbols] == ["", "彅", "", "彅", ""]
    assert spelled.new_characters == {"彅": 6}


def test_counts_beyond_32_bits_are_kept():
    spelled = spell_runs([("日本", 2**40), ("語", 1)], MISTRAL)
    assert spelled.times.max() == 2**40
    assert spelled.times.dtype == np.int64
