"""What is taken for alike, beside the plain definition of it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tokext.model.alike import close, equal

SLACK = 1e-6
NUMBERS = st.floats(-1e4, 1e4, width=32) | st.sampled_from([0.0, -0.0, 1e-7, -1e-7, 3e-6])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=20), data=st.data())
def test_it_agrees_with_a_comparison_number_by_number(dtype, numbers, data):
    again = torch.tensor(numbers)
    written = again.to(dtype).clone()
    place = data.draw(st.integers(0, len(numbers) - 1))
    change = data.draw(st.floats(0.98, 1.02) | st.sampled_from([1.0, -1.0, 0.0, math.nan]))
    written[place] *= change
    relative = torch.finfo(dtype).eps
    slack = SLACK * max([1.0, *map(abs, numbers)])
    apart = [(abs(w - a), abs(a)) for w, a in zip(written.tolist(), numbers, strict=True)]
    if all(d <= a * relative * 0.99 + slack * 0.99 for d, a in apart):
        assert close(written, again, relative, SLACK)
    # A neighbor of the rounded number is a step and a half from the number itself at most.
    if not all(d <= a * relative * 1.51 + slack * 1.01 for d, a in apart):
        assert not close(written, again, relative, SLACK)


@pytest.mark.parametrize("bits", [0x7FFF, 0x7FC0, -1, 0x7F80])
def test_no_pattern_of_bits_that_is_no_number_passes_for_a_zero(bits):
    written = torch.tensor([bits], dtype=torch.int16).view(torch.bfloat16)
    for zero in (0.0, -0.0):
        assert not close(written, torch.tensor([zero]), 0.008, SLACK)


def test_what_is_not_finite_is_close_to_nothing():
    for bad in (math.nan, math.inf):
        again = torch.tensor([1.0, bad])
        assert not close(again.bfloat16(), again, 0.008, SLACK)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_flipped_bit_anywhere_makes_bytes_unequal(content, data):
    other = bytearray(content)
    assert equal(memoryview(content), memoryview(other))
    other[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert not equal(memoryview(content), memoryview(other))
