"""Counts of pieces, and the last merge, against BPE written down by hand."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokext.corpus.counts import by_count
from tokext.vocab.independent import _times_made
from tokext.vocab.reach import last_merge
from tokext.vocab.trainer import train_bpe


def slow_bpe(run, score, made):
    """Merge the best pair, leftmost first, until there is none; count whatever comes to be."""
    parts = list(run)
    made.update(parts)
    while True:
        pairs = [parts[i] + parts[i + 1] for i in range(len(parts) - 1)]
        known = [(score[pair], -i) for i, pair in enumerate(pairs) if pair in score]
        if not known:
            return parts
        at = -max(known)[1]
        parts[at : at + 2] = [pairs[at]]
        made[pairs[at]] += 1


def test_times_made_agrees_with_bpe_by_hand(counts):
    trained = train_bpe(
        by_count(counts), 2500, split_by_whitespace=False, split_by_unicode_script=False
    )
    score = {p.text: p.score for p in trained.pieces[1:]}
    expected = Counter()
    for run, count in counts:
        made = Counter()
        slow_bpe(run, score, made)
        for piece, times in made.items():
            expected[piece] += times * count
    made = _times_made(trained, by_count(counts))
    found = {p.text: made[id_] for id_, p in enumerate(trained.pieces) if id_}
    assert found == {p.text: expected[p.text] for p in trained.pieces[1:]}
    assert max(len(piece) for piece in found) > 3


@given(st.integers(0, 10_000))
def test_the_last_merge_is_the_last_of_bpe_by_hand(seed):
    draw = random.Random(seed)
    pieces = list("abc")
    while len(pieces) < 14:
        pieces.append(draw.choice(pieces) + draw.choice(pieces))
    score = {piece: -rank for rank, piece in enumerate(dict.fromkeys(pieces)) if len(piece) > 1}
    for piece in score:
        without = {p: s for p, s in score.items() if p != piece}
        parts = slow_bpe(piece, without, Counter())
        ranks = {p: -s for p, s in score.items()}
        if len(parts) == 2 and slow_bpe(piece, score, Counter()) == [piece]:
            assert last_merge(piece, ranks.get) == tuple(parts)


def test_a_text_that_no_merge_makes_has_no_last_one():
    with pytest.raises(ValueError, match="'abc' is not made"):
        last_merge("abc", {}.get)
