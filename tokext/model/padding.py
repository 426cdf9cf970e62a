"""Rows for ids that no text ever uses, made so that none can win.

A padding row is an exact copy of one base row: the convex combination that no rounding can push
out of the convex hull of the rows (a rounded average of many can leave it). In exact arithmetic its
logit equals its twin's for every hidden state, so it is never above the largest logit, and it
stands at a higher id, so `argmax`, which returns the first of equals, never picks it. A zero row
has no such law: its logit of 0 beats a sea of negative ones.
Kernels keep the law where they sum equal rows alike. Where the number of rows is a multiple of 64,
as a merge makes it, no exception was found; at odd numbers of rows a float32 kernel sums the last
rows in another order, and a copy can win over its twin by the rounding (4e-7 of the logit).
The twin is the row of the unknown piece: under byte fallback no text ever has it, so training has
only ever pushed its logit down. On text of its own kind a trained model of 40,000 parameters left
2e-5 of its probability on 39 such copies, and 2e-4 on copies of the row nearest to the mean, which
serves where there is no unknown piece or its row was never trained.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tokext.errors import ModelError
from tokext.model.spread import Blocks, measure_spread

#: Added to a padding id's logit where the head has a bias: representable in float16, and
#: exp(-10,000) is zero in every dtype.
PADDING_BIAS = -10_000.0

#: A row shorter than this share of the median norm was not trained: initial rows shrink, if at all.
_TRAINED_SHARE = 0.1


def padding_twin(blocks: Blocks, unknown: int | None = None) -> int:
    """The id of the base row that padding rows copy.

    Args:
        blocks: The base rows of the head, or of the one matrix there is, in blocks (n, dim).
        unknown: The id of the unknown piece, where the base has one.

    Returns:
        `unknown` where its row was trained: its norm is a tenth of the median or more. Else the id
        of the trained row nearest to the mean.

    Raises:
        ModelError: No row is trained.

    Example:
        >>> rows = torch.tensor([[9., 0.], [0., 9.], [4., 5.], [0., 0.]])
        >>> padding_twin(lambda: [rows], 0), padding_twin(lambda: [rows], 3)
        (0, 2)
    """
    spread = measure_spread(blocks)
    least = _TRAINED_SHARE * spread.median_norm
    if unknown is not None and spread.norms[unknown : unknown + 1].ge(least).any():
        return unknown
    return spread.nearest


def padding_bias(bias: Tensor) -> float:
    """The bias of padding ids: low enough to leave them no probability, never above the lowest.

    Args:
        bias: The base's head bias (base_size,).

    Raises:
        ModelError: The bias is empty.

    Example:
        >>> padding_bias(torch.tensor([0.5, -2.0])), padding_bias(torch.tensor([-20_000.0]))
        (-10000.0, -20000.0)
    """
    if not bias.numel():
        raise ModelError("the output head's bias is empty.")
    return min(PADDING_BIAS, float(bias.float().min()))


def padding_share(logits: Tensor, size: int) -> float:
    """The largest probability that any position leaves on ids from `size` on.

    Args:
        logits: (..., n_rows).
        size: How many ids the tokenizer uses.

    Example:
        >>> padding_share(torch.zeros(1, 4), 3)
        0.25
    """
    probabilities = torch.softmax(logits.float(), dim=-1)
    return float(probabilities[..., size:].sum(-1).max())
