"""Whether what was written is what should have been: bytes, and numbers to one rounding."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def close(written: Tensor, again: Tensor, relative: float, slack: float) -> bool:
    """`torch.allclose`, asked only where bits differ: less than half of the time.

    Example:
        >>> again = torch.tensor([1.0, 2.0])
        >>> close(again.bfloat16(), again, 0.008, 1e-6)
        True
        >>> close(torch.tensor([1.0, 2.1]).bfloat16(), again, 0.008, 1e-6)
        False
    """
    largest = float(torch.stack(torch.aminmax(again)).abs().max())
    if not math.isfinite(largest):
        return False
    one, other = _where_bits_differ(written, again)
    slack *= max(1.0, largest)  # parts may be large, and their sum small
    return bool((one.float() - other).abs().le(other.abs() * relative + slack).all())


def _where_bits_differ(written: Tensor, again: Tensor) -> tuple[Tensor, Tensor]:
    """The numbers that differ once they are rounded alike, and those that share a word with them:
    words of 8 bytes are compared.
    """
    n = 8 // written.element_size()
    if written.numel() % n:
        return written, again
    rounded = again.to(written.dtype).contiguous()
    words = (t.view(-1).view(torch.int64).numpy() for t in (written, rounded))
    far = torch.from_numpy(np.flatnonzero(np.not_equal(*words)))
    one, other = (t.reshape(-1, n).index_select(0, far) for t in (written, again))
    return one, other


def equal(one: memoryview, other: memoryview) -> bool:
    """Whether two views hold the same bytes."""
    kind = np.uint64 if len(one) % 8 == 0 else np.uint8
    return np.array_equal(np.frombuffer(one, kind), np.frombuffer(other, kind))
