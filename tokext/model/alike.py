"""Whether what was written is what should have been: bytes, and numbers to one rounding."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def close(written: Tensor, again: Tensor, relative: float, slack: float) -> bool:
    """`torch.allclose`, asked only of numbers that are not neighbors: a third of the time.

    Example:
        >>> again = torch.tensor([1.0, 2.0])
        >>> close(again.bfloat16(), again, 0.008, 1e-6)
        True
        >>> close(torch.tensor([1.0, 2.1]).bfloat16(), again, 0.008, 1e-6)
        False
    """
    far = _not_neighbors(written, again)
    if not len(far):
        return True
    slack *= max(1.0, float(again.abs().max()))  # parts may be large, and their sum small
    one, other = written.reshape(-1)[far].float(), again.reshape(-1)[far]
    return bool((one - other).abs().le(other.abs() * relative + slack).all())


def _not_neighbors(written: Tensor, again: Tensor) -> Tensor:
    """The places where numbers of two bytes differ by more than a step, once rounded alike.

    Read as whole numbers, neighbors of one sign differ by one. Of wider numbers, and where one is
    not finite, all places are far.
    """
    if written.element_size() != 2 or not math.isfinite(float(again.sum())):
        return torch.arange(written.numel())
    one = written.view(torch.int16).numpy().reshape(-1)
    other = again.to(written.dtype).view(torch.int16).numpy().reshape(-1)
    is_near = ((one ^ other) >= 0) & (np.abs(one - other) <= 1)
    return torch.from_numpy(np.flatnonzero(~is_near))


def equal(one: memoryview, other: memoryview) -> bool:
    """Whether two views hold the same bytes."""
    kind = np.uint64 if len(one) % 8 == 0 else np.uint8
    return np.array_equal(np.frombuffer(one, kind), np.frombuffer(other, kind))
