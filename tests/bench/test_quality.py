"""Proxies for quality against the obvious count, and the interval of their mean."""

import random

from hypothesis import given
from hypothesis import strategies as st

from tokext.bench.quality import REPEATED_CHARS, distinct, mean, repetition


@given(st.text(alphabet="あいう。", max_size=60))
def test_repetition_agrees_with_the_obvious_loop(text):
    stretches = [text[at : at + REPEATED_CHARS] for at in range(len(text) - REPEATED_CHARS + 1)]
    again = [stretch in stretches[:at] for at, stretch in enumerate(stretches)]
    share = sum(again) / len(again) if again else 0.0
    assert abs(repetition(text) - share) < 1e-12


@given(st.text(max_size=60))
def test_both_proxies_are_shares(text):
    assert 0 <= repetition(text) <= 1
    assert 0 <= distinct(text) <= 1


def test_an_interval_holds_the_true_mean_about_as_often_as_it_says():
    draw = random.Random(7)
    held = 0
    for _ in range(100):
        found = mean([draw.gauss(3, 1) for _ in range(40)])
        held += found.low <= 3 <= found.high
    assert 86 <= held <= 100


def test_the_mean_of_nothing_is_zero_without_an_interval():
    assert mean([]).value == 0
