import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import linear

from tokext.model.padding import PADDING_BIAS, padding_bias, padding_share, padding_twin

BASE, DIM = 30, 40  # fewer rows than dimensions: a rounded mean would leave the hull of the rows


def head(seed: int) -> torch.Tensor:
    return torch.randn(BASE, DIM, generator=torch.Generator().manual_seed(seed)).bfloat16()


def padded(seed: int, n_padding: int) -> torch.Tensor:
    weight = head(seed)
    return torch.cat([weight, weight[padding_twin(lambda: [weight])].expand(n_padding, -1)])


def logits(weight: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Exact enough to compare: products in float64, each row summed alike."""
    return (weight.double() * hidden.double()).sum(-1)


@given(st.integers(0, 50), st.integers(0, 10**6), st.integers(1, 63))
def test_in_exact_sums_a_padding_row_never_wins_over_any_hidden_state(seed, hidden_seed, n_padding):
    hidden = torch.randn(DIM, generator=torch.Generator().manual_seed(hidden_seed))
    found = logits(padded(seed, n_padding), hidden)
    assert found.argmax() < BASE
    assert found[BASE:].max() <= found[:BASE].max()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@given(st.integers(5, 900), st.integers(1, 63), st.integers(2, 300), st.integers(0, 10**6))
def test_in_the_products_of_a_model_it_is_its_twin_where_rows_are_a_multiple_of_64(
    dtype, n_base, least, dim, seed
):
    """Hidden states near the twin, in batches of every kind that kernels tell apart."""
    random = torch.Generator().manual_seed(seed)
    weight = torch.randn(n_base, dim, generator=random)
    twin = seed % n_base
    n_rows = -(-(n_base + least) // 64) * 64
    full = torch.cat([weight, weight[twin].expand(n_rows - n_base, -1)]).to(dtype)
    for batch in (1, 2, 3, 5, 8, 17, 33):
        near = weight[twin] * 3 * torch.rand(batch, 1, generator=random)
        hidden = (near + 0.3 * torch.randn(batch, dim, generator=random)).to(dtype)
        found = linear(hidden, full)
        assert torch.equal(found[:, n_base:], found[:, twin, None].expand(-1, n_rows - n_base))
        assert (found.argmax(-1) < n_base).all()


@given(st.integers(0, 50))
def test_not_even_over_the_hidden_state_made_for_it(seed):
    """The direction in which the padding row stands out most from all the others."""
    weight = padded(seed, 1).double()
    lean = weight[-1] - weight[:BASE].mean(0)
    for hidden in (lean, weight[-1], torch.linalg.pinv(weight[:BASE] - weight[-1]).sum(1) * -1):
        assert logits(weight, hidden).argmax() < BASE


@given(st.lists(st.floats(-3e4, 3e4, width=16), min_size=1), st.integers(0, 1000))
def test_with_a_bias_it_stands_below_its_twin(bias, seed):
    low = padding_bias(torch.tensor(bias))
    assert low <= min(bias)
    assert low <= PADDING_BIAS
    assert torch.isfinite(torch.tensor(low).half())


def test_the_twin_is_never_a_row_of_zeros():
    weight = torch.cat([torch.zeros(3, 2), torch.tensor([[5.0, 1.0], [-5.0, 1.0]])])
    assert padding_twin(lambda: [weight]) >= 3


def test_the_twin_is_the_unknown_piece_where_it_was_trained():
    weight = torch.eye(4) * 3 + 1
    weight[2] *= 5
    assert padding_twin(lambda: [weight], 2) == 2
    weight[2] *= 0.001
    assert padding_twin(lambda: [weight], 2) != 2
    assert padding_twin(lambda: [weight], 99) != 99


def test_the_share_left_on_padding_is_the_worst_position():
    table = torch.tensor([[0.0, 0.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0]])
    assert padding_share(table, 3) == 0.25
