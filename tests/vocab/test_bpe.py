"""Merges learned over arrays, against a loop that anyone can read and against SentencePiece."""

import random
from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tokext.vocab.bpe import GAP, learn_merges
from tokext.vocab.trainer import train_bpe


def slow_counts(runs):
    """How often each pair of neighbors can be merged; of overlapping ones the first counts."""
    counts = Counter()
    for symbols, times in runs:
        last = {}
        for at, pair in enumerate(pairwise(symbols)):
            if last.get(pair) != at - 1:
                counts[pair] += times
                last[pair] = at
    return counts


def slow_merged(symbols, pair, new):
    merged, at = [], 0
    while at < len(symbols):
        if tuple(symbols[at : at + 2]) == pair:
            merged.append(new)
            at += 2
        else:
            merged.append(symbols[at])
            at += 1
    return merged


def slow_merges(runs, n_symbols, allowed, min_count):
    """Count everything, merge the best pair everywhere, and begin again."""
    found, forbidden = [], set()
    while True:
        counts = slow_counts(runs)
        left = [p for p in counts if p not in forbidden and counts[p] >= min_count]
        if not left:
            return found
        best = min(left, key=lambda pair: (-counts[pair], max(pair), pair))
        if not allowed(*best):
            forbidden.add(best)
            continue
        new = n_symbols + len(found)
        found.append((*best, counts[best]))
        runs = [(slow_merged(symbols, best, new), times) for symbols, times in runs]


def laid_out(runs):
    symbols, times = [GAP], [0]
    for run, n in runs:
        symbols += [*run, GAP]
        times += [n] * (len(run) + 1)
    return np.array(symbols, dtype=np.int32), np.array(times, dtype=np.int64)


def fast_merges(runs, n_symbols, **options):
    merges = learn_merges(*laid_out(runs), n_symbols, **options)
    return [(m.left, m.right, m.count) for m in merges]


RUNS = st.lists(st.tuples(st.lists(st.integers(1, 4), max_size=14), st.integers(1, 9)), max_size=12)


@settings(deadline=None)
@given(RUNS, st.integers(1, 4))
@example([([1] * 9, 1), ([1, 1, 1], 2)], 1)
@example([([1, 2] * 6, 1), ([2, 1, 2], 3)], 1)
@example([([1, 2, 1], 1)], 3)
def test_merges_agree_with_the_obvious_loop(runs, min_count):
    expected = slow_merges(runs, 5, lambda left, right: True, min_count)
    assert fast_merges(runs, 5, min_count=min_count) == expected


@settings(deadline=None)
@given(RUNS, st.integers(2, 5))
def test_nothing_is_built_on_a_merge_that_is_not_allowed(runs, divisor):
    def allowed(left, right):
        return (left * 7 + right) % divisor != 0

    found = fast_merges(runs, 5, allowed=allowed, min_count=1)
    assert found == slow_merges(runs, 5, allowed, 1)
    assert all(allowed(left, right) for left, right, _ in found)


@settings(deadline=None)
@given(RUNS)
def test_counts_never_rise(runs):
    counts = [count for *_, count in fast_merges(runs, 5, min_count=1)]
    assert counts == sorted(counts, reverse=True)


def test_counts_above_four_billion_are_exact():
    n = 2**40 + 1
    assert fast_merges([([1, 2], n), ([1, 2, 3], n)], 4) == [(1, 2, 2 * n), (4, 3, n)]


@pytest.mark.parametrize("runs", [[], [([], 3)], [([1], 5)]])
def test_without_a_pair_there_is_nothing_to_merge(runs):
    assert fast_merges(runs, 5, min_count=1) == []


def test_sentencepiece_learns_the_same_pieces_in_the_same_order(runs):
    """With weights under which no two pairs occur equally often, so that ties decide nothing.

    SentencePiece counts exactly while it keeps every pair in sight: for a few hundred merges.
    """
    draw = random.Random(0)
    weighted = [(run, draw.randrange(1, 10**9)) for run in sorted(set(runs))]
    chars = sorted(set("".join(runs)))
    trained = train_bpe(
        weighted, 100 + len(chars) + 1, character_coverage=1.0, split_by_unicode_script=False,
        split_by_whitespace=False, split_by_number=False, max_sentencepiece_length=512,
    )  # fmt: skip
    theirs = [p.text for p in trained.pieces[1:] if len(p.text) > 1]
    number = {char: n for n, char in enumerate(chars, 1)}
    spelled = laid_out([([number[c] for c in run], n) for run, n in weighted])
    texts = ["", *chars]
    for merge in islice(learn_merges(*spelled, len(texts)), 100):
        texts.append(texts[merge.left] + texts[merge.right])
    assert texts[1 + len(chars) :] == theirs
    assert len(theirs) == 100
