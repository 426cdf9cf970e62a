"""What stands for the quality of answers that nobody has read, and how sure its mean is."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tokext.records import Estimate

#: Characters of a stretch that counts as repeated: longer than a common word or name.
REPEATED_CHARS = 8
_N_RESAMPLED = 1000


def repetition(text: str) -> float:
    """The share of stretches of 8 characters that stood in the text before: 0 none, near 1 a loop.

    Example:
        >>> repetition("猫が好きです。"), round(repetition("猫が好き。" * 10), 2)
        (0.0, 0.88)
    """
    n = len(text) - REPEATED_CHARS + 1
    if n <= 0:
        return 0.0
    return 1 - len({text[at : at + REPEATED_CHARS] for at in range(n)}) / n


def distinct(text: str) -> float:
    """The share of different pairs among all pairs of neighboring characters (distinct-2).

    Example:
        >>> distinct("abcd"), distinct("aaaa")
        (1.0, 0.3333333333333333)
    """
    n = len(text) - 1
    return len({text[at : at + 2] for at in range(n)}) / n if n > 0 else 1.0


def mean(values: Sequence[float]) -> Estimate:
    """The mean of some values and its 95 % interval, by 1,000 bootstrap resamples.

    Args:
        values: One a prompt, so that several answers to one prompt count as one.

    Example:
        >>> mean([1.0, 1.0, 1.0])
        Estimate(value=1.0, low=1.0, high=1.0)
    """
    n = len(values)
    if not n:
        return Estimate(0.0, 0.0, 0.0)
    draw = random.Random(0)  # noqa: S311 (no secret; the same values, the same interval)
    means = sorted(sum(draw.choices(values, k=n)) / n for _ in range(_N_RESAMPLED))
    margin = _N_RESAMPLED // 40
    return Estimate(sum(values) / n, means[margin], means[-1 - margin])
