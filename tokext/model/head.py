"""The output head as the check hears it: what goes in, its rows, and how far a kernel may round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tokext.model.bits import next_logits
from tokext.model.offloaded import held

#: Half the spacing of float32 at 1: what one operation may be off by. Kernels sum in it.
_SUM_ROUNDING = 2.0**-24
#: To the head's dtype: of the sum, and of up to three operations after it.
_ROUNDINGS = 4
_BLOCK_ROWS = 8192


@dataclass(frozen=True)
class Head:
    """A copy of a head's rows (n_rows, dim) and its bias (n_rows,), if it has one."""

    rows: Tensor
    bias: Tensor | None


def copy_head(model: Any) -> Head | None:
    """The head's numbers on the CPU; None where it is no plain matrix."""
    module = model.get_output_embeddings()
    weight = getattr(module, "weight", None)
    if weight is None or not weight.is_floating_point() or weight.dim() != 2:
        return None
    rows = held(module, "weight").to("cpu", copy=True)
    has_bias = getattr(module, "bias", None) is not None
    return Head(rows, held(module, "bias").to("cpu", copy=True) if has_bias else None)


def hear(model: Any, ids: Sequence[int]) -> tuple[Tensor, Tensor | None]:
    """The logits (len(ids), n_rows) that foretell ids, and the hidden states that they come from.

    Returns:
        Both on the CPU; logits in float32, hidden states (len(ids), dim) as the head is given them,
        None where it is not called as a module.
    """
    given: list[Tensor] = []
    head = model.get_output_embeddings()
    if not isinstance(head, torch.nn.Module):
        return next_logits(model, ids).cpu(), None
    hook = head.register_forward_pre_hook(lambda _, inputs: given.extend(inputs[:1]))
    try:
        logits = next_logits(model, ids).cpu()
    finally:
        hook.remove()
    return logits, given[-1].detach().flatten(0, -2).cpu() if given else None


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are of one dtype and shape and hold the same bytes."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one.contiguous().view(torch.uint8), other.contiguous().view(torch.uint8))


def same_rows(old: Head, new: Head, size: int) -> bool:
    """Whether the first `size` rows that were there, and their bias, hold the same bytes."""
    size = min(size, len(old.rows))
    if not same_bits(old.rows[:size], new.rows[:size]):
        return False
    if old.bias is None or new.bias is None:
        return old.bias is new.bias
    return same_bits(old.bias[:size], new.bias[:size])


def rounding_bound(hidden: Tensor, head: Head, size: int) -> Tensor:
    """How far two kernels may lie apart on the logits of the same hidden states and rows.

    A sum of d products in any order is off by at most g_d * sum |h_k w_k|, g_d = d v / (1 - d v)
    with v = 2^-24 for float32 (Higham 2002, "Accuracy and Stability of Numerical Algorithms", 3.1).
    Each of the two may be off by that, and by a few roundings to the dtype of the head: of the sum,
    and of what a model does to logits after it, such as a cap.

    Args:
        hidden: What the head is given (n, dim).
        head: Its rows.
        size: For how many rows.

    Returns:
        The bounds (n, size), float32.

    Example:
        >>> head = Head(torch.tensor([[1.0, -2.0]]), None)
        >>> bool(rounding_bound(torch.tensor([[3.0, 1.0]]), head, 1) < 1e-5)
        True
    """
    v, u = _SUM_ROUNDING, torch.finfo(head.rows.dtype).eps / 2
    dim = head.rows.shape[1]
    sizes = [hidden.abs().float() @ rows.abs().float().T
             for rows in torch.split(head.rows[:size], _BLOCK_ROWS)]  # fmt: skip
    magnitude = torch.cat(sizes, dim=1)
    if head.bias is not None:
        magnitude += head.bias[:size].abs().float()
    return 2 * (dim * v / (1 - dim * v) + _ROUNDINGS * u) * magnitude
