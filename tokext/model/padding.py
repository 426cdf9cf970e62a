"""Rows for ids that no text ever uses, made so that none can win.

A padding row is an exact copy of one base row: the convex combination that no rounding can push
out of the convex hull of the rows (a rounded average of many can leave it). Its logit equals its
twin's for every hidden state, so it is never above the largest logit, and it stands at a higher
id, so `argmax`, which returns the first of equals, never picks it. A zero row has no such law: its
logit of 0 beats a sea of negative ones.
The twin is the trained row nearest to the mean of all: the one whose logit stays nearest to the
average logit, far below the largest, so that little probability is left on the copies.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tokext.errors import ModelError
from tokext.model.spread import Blocks, measure_spread

#: Added to a padding id's logit where the head has a bias: representable in float16, and
#: exp(-10,000) is zero in every dtype.
PADDING_BIAS = -10_000.0


def padding_twin(blocks: Blocks) -> int:
    """The id of the base row that padding rows copy: the trained one nearest to the mean.

    Raises:
        ModelError: No row is trained.

    Example:
        >>> padding_twin(lambda: [torch.tensor([[9., 0.], [0., 9.], [4., 5.], [0., 0.]])])
        2
    """
    return measure_spread(blocks).nearest


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
