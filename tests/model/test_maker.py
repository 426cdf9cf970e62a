"""Rows made twice: a slip of any reading of the base rows shows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tokext.model.maker import RowMaker, TensorRows
from tokext.model.mixture import Mixture
from tokext.model.plan import RowPlan

PLAN = RowPlan(
    "subword-mean",
    Mixture(
        torch.tensor([0, 1, 2]),
        torch.tensor([0, 2, 3]),
        torch.tensor([0.5, 0.5, 0.5]),
        torch.tensor([0.0, 0.5]),
    ),
    ("mean", "bytes-and-center"),
    center_ids=torch.tensor([3, 4]),
)


class SlippingRows(TensorRows):
    """Base rows of which one reading is not what is there."""

    def __init__(self, weight: Tensor, slip: int) -> None:
        super().__init__(weight)
        self.slip, self.n_taken = slip, 0

    def take(self, ids: Tensor) -> Tensor:
        self.n_taken += 1
        return super().take(ids) + (self.n_taken == self.slip)


def differs(slip: int) -> tuple[bool, int]:
    source = SlippingRows(torch.arange(20.0).reshape(5, 4), slip)
    maker = RowMaker(PLAN, source)
    same = torch.allclose(maker.make(0, 2), maker.make_again(0, 2))
    return not same, source.n_taken


@pytest.mark.parametrize("slip", range(1, 5))
def test_a_slip_of_any_reading_is_found(slip):
    assert differs(slip)[0]


def test_without_a_slip_both_ways_agree_and_read_everything_twice():
    assert differs(0) == (False, 4)
