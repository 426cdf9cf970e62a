import torch
from hypothesis import given
from hypothesis import strategies as st

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
def test_a_padding_row_never_wins_over_any_hidden_state(seed, hidden_seed, n_padding):
    hidden = torch.randn(DIM, generator=torch.Generator().manual_seed(hidden_seed))
    found = logits(padded(seed, n_padding), hidden)
    assert found.argmax() < BASE
    assert found[BASE:].max() <= found[:BASE].max()


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
