"""Shares with their uncertainty, and whether two of them can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

#: Two-sided 95 %.
Z_95 = NormalDist().inv_cdf(0.975)
#: 80 % power, the usual one.
Z_POWER = NormalDist().inv_cdf(0.8)


@dataclass(frozen=True)
class Rate:
    """`n` cases out of `total`.

    Example:
        >>> rate = Rate(2, 400)
        >>> rate.share, round(rate.low, 5), round(rate.high, 5)
        (0.005, 0.00137, 0.01804)
    """

    n: int
    total: int

    @property
    def share(self) -> float:
        """The share; 0 where there was nothing to count."""
        return self.n / self.total if self.total else 0.0

    @property
    def low(self) -> float:
        """Lower end of the 95 % Wilson interval."""
        return wilson(self.n, self.total)[0]

    @property
    def high(self) -> float:
        """Upper end of the 95 % Wilson interval."""
        return wilson(self.n, self.total)[1]

    def as_json(self) -> dict[str, float | int]:
        """The count, its total, the share and the interval."""
        return {
            "n": self.n,
            "total": self.total,
            "share": round(self.share, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
        }


def wilson(n: int, total: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share: honest also for none out of many.

    Example:
        >>> low, high = wilson(0, 100)
        >>> low, round(high, 4)
        (0.0, 0.037)
    """
    if total == 0:
        return 0.0, 1.0
    share, square = n / total, z * z
    center = share + square / (2 * total)
    margin = z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    scale = 1 + square / total
    low = 0.0 if n == 0 else max(0.0, (center - margin) / scale)
    high = 1.0 if n == total else min(1.0, (center + margin) / scale)
    return low, high


def mcnemar(only_before: int, only_after: int) -> float:
    """The exact two-sided p-value that pairs which differ do so by chance.

    Example:
        >>> round(mcnemar(1, 9), 4), mcnemar(0, 0)
        (0.0215, 1.0)
    """
    n = only_before + only_after
    if n == 0:
        return 1.0
    tail = sum(math.comb(n, k) for k in range(min(only_before, only_after) + 1))
    return min(1.0, float(2 * tail / 2**n))


def holm(p_values: Sequence[float | None], level: float = 0.05) -> list[bool]:
    """Which of several tests hold together at a level (Holm, 1979); None is no test.

    Example:
        >>> holm([0.04, None, 0.001, 0.03])
        [False, False, True, False]
    """
    holds = [False] * len(p_values)
    tested = sorted((p, at) for at, p in enumerate(p_values) if p is not None)
    for rank, (p, at) in enumerate(tested):
        if p > level / (len(tested) - rank):
            break
        holds[at] = True
    return holds


def pairs_needed(only_before: float, only_after: float, level: float = 0.05) -> int | None:
    """How many pairs would show a difference of this size with 80 % power.

    Miettinen's formula for paired shares, with the shares of pairs that changed one way and the
    other, at a two-sided level.

    Returns:
        The number of pairs, or None where there is no difference to show.

    Example:
        >>> pairs_needed(0.01, 0.004)
        3050
    """
    differing, difference = only_before + only_after, abs(only_before - only_after)
    if difference == 0:
        return None
    z = NormalDist().inv_cdf(1 - level / 2)
    spread = z * math.sqrt(differing) + Z_POWER * math.sqrt(differing - difference**2)
    return math.ceil((spread / difference) ** 2)
