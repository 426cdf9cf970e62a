from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.errors import ModelError
from tokext.model.mixture import byte_mixture, even_mixture, span_mixture
from tokext.model.rows import (
    align,
    global_mean,
    mix_rows,
    rescale,
    subword_mean,
    weighted_mean,
    zero,
)

BASE, DIM = 40, 6
ids = st.lists(st.integers(0, BASE - 1), min_size=1, max_size=7)
pieces = st.lists(ids, min_size=1, max_size=30)
spans = st.lists(st.tuples(ids, st.integers(1, 50)), min_size=1, max_size=4)


def matrix(dtype: torch.dtype = torch.float32, rows: int = BASE, dim: int = DIM) -> torch.Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(7)).to(dtype)


def loop(weight: torch.Tensor, shares: Sequence[Sequence[tuple[int, float]]]) -> torch.Tensor:
    """The obvious loop, in float64."""
    made = []
    for parts in shares:
        row = torch.zeros(weight.shape[1], dtype=torch.float64)
        for i, share in parts:
            row += share * weight[i].double()
        made.append(row)
    return torch.stack(made).to(weight.dtype)


@given(pieces)
def test_subword_mean_agrees_with_the_obvious_loop(constituents):
    expected = loop(matrix(), [[(i, 1 / len(p)) for i in p] for p in constituents])
    torch.testing.assert_close(subword_mean(matrix(), constituents), expected)


@given(pieces, st.lists(st.integers(1, 4), min_size=BASE, max_size=BASE))
def test_weighted_mean_agrees_with_the_obvious_loop(constituents, lengths):
    n_bytes = dict(enumerate(lengths))
    totals = [sum(n_bytes[i] for i in p) for p in constituents]
    shares = [[(i, n_bytes[i] / t) for i in p] for p, t in zip(constituents, totals, strict=True)]
    torch.testing.assert_close(
        weighted_mean(matrix(), constituents, n_bytes), loop(matrix(), shares)
    )


@given(st.lists(spans, min_size=1, max_size=10))
def test_align_agrees_with_a_mean_of_span_means_by_count(seen):
    shares = [
        [(i, count / sum(c for _, c in piece) / len(ids)) for ids, count in piece for i in ids]
        for piece in seen
    ]
    torch.testing.assert_close(align(matrix(), seen), loop(matrix(), shares))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sums_are_made_in_float32_and_rounded_once(dtype):
    weight = matrix(dtype, rows=900, dim=8)
    constituents = [list(range(start, start + 300)) for start in range(0, 600, 50)]
    exact = torch.stack([weight[c].float().mean(0) for c in constituents]).to(dtype)
    apart = subword_mean(weight, constituents).view(torch.int16) - exact.view(torch.int16)
    assert apart.abs().max() <= 1  # the last bit, where two float32 sums straddle a rounding edge
    assert (apart != 0).float().mean() < 0.05


@given(pieces, st.integers(0, 29), st.integers(0, 29))
def test_a_part_of_a_mixture_makes_the_same_rows(constituents, one, other):
    start, stop = sorted((min(one, len(constituents)), min(other, len(constituents))))
    mixture = even_mixture(constituents)
    whole = mix_rows(matrix(), mixture)
    assert torch.equal(mix_rows(matrix(), mixture.part(start, stop)), whole[start:stop])


@settings(max_examples=20)
@given(pieces)
def test_chunks_do_not_change_a_row(constituents):
    many = constituents * 40
    one_by_one = torch.cat([subword_mean(matrix(), [p]) for p in many])
    assert torch.equal(subword_mean(matrix(), many), one_by_one)


def test_global_mean_leaves_zero_rows_out():
    weight = torch.cat([matrix(), torch.zeros(5, DIM)])
    torch.testing.assert_close(global_mean(weight, 1)[0], matrix().mean(0))


def test_global_mean_refuses_a_matrix_of_zeros():
    with pytest.raises(ModelError, match="every row of the matrix is zero"):
        global_mean(torch.zeros(3, 2), 1)


def test_zero_rows_are_zero_in_the_base_dtype():
    made = zero(matrix(torch.bfloat16), 3)
    assert made.dtype == torch.bfloat16
    assert not made.any()


@given(st.floats(0.01, 100))
def test_rescale_brings_every_row_to_the_norm(norm):
    torch.testing.assert_close(rescale(matrix(), norm).norm(dim=1), torch.full((BASE,), norm))


def test_a_center_enters_by_its_share():
    mixture = even_mixture([[0], [1]])
    mixture.center_share[1] = 0.5
    mixture.weights[1] = 0.5
    rows = mix_rows(torch.tensor([[2.0], [4.0]]), mixture, center=torch.tensor([10.0]))
    assert rows.tolist() == [[2.0], [7.0]]


def test_the_base_is_not_modified():
    weight = matrix()
    subword_mean(weight, [[1, 2], [3]])
    assert torch.equal(weight, matrix())


@pytest.mark.parametrize("wrong", [-1, BASE])
def test_a_constituent_outside_the_base_is_refused_by_its_id(wrong):
    with pytest.raises(ModelError, match=f"constituent {wrong} lies outside the base's {BASE}"):
        subword_mean(matrix(), [[0], [wrong]])


@pytest.mark.parametrize("make", [even_mixture, lambda p: byte_mixture(p, {0: 1}), span_mixture])
def test_a_piece_without_constituents_is_refused_by_its_place(make):
    first = [([0], 1)] if make is span_mixture else [0]
    with pytest.raises(ModelError, match="number 1 has no constituents"):
        make([first, []])


def test_a_span_without_tokens_is_refused():
    with pytest.raises(ModelError, match="number 0 has a span without base tokens"):
        span_mixture([[([], 3)]])
