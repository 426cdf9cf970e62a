"""How much each input counts: exact ratios, as whole numbers."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from tokext.corpus.read import Part
from tokext.errors import InputError

#: ``NAME=W``, as on the command line, or a mapping from names to weights.
Weights = Iterable[str] | Mapping[str, float | str]

#: Counts times weights stay far below what 64 bits hold.
_LARGEST = 1_000_000
_LEAST = Fraction(1, _LARGEST)

#: Longer than any decimal that a computer writes, and short enough to work with.
_MOST_CHARS = 32


def weigh(parts: Sequence[Part], weights: Weights) -> tuple[list[int], int]:
    """The weight of every input as a whole number, and the unit they are counted in.

    A weight is taken for the fraction that it is written as (`0.1` is one tenth), and all are
    brought to a common denominator: nothing is rounded, and no rare run is lost. An input without
    a weight has 1.

    Args:
        parts: The inputs.
        weights: Weights by name: an input as it was given, or its name without the folders.

    Returns:
        A number for each part, and their denominator: every count is in units of one by that.

    Raises:
        InputError: A name is of no input or of several, a weight is no number from 0.000001 to
            1,000,000, or the weights are too far apart or too exact.

    Example:
        >>> from tokext.corpus.read import read_corpus
        >>> parts = read_corpus(["hf:news", "hf:novels"]).parts
        >>> weigh(parts, ["hf:news=0.25"]), weigh(parts, ["hf:news=3"])
        (([1, 4], 4), ([3, 1], 1))
    """
    given = weights.items() if isinstance(weights, Mapping) else map(_split, weights)
    of_part = [Fraction(1)] * len(parts)
    for name, weight in given:
        of_part[_find(parts, name)] = _fraction(name, str(weight))
    unit = math.lcm(*(weight.denominator for weight in of_part))
    whole = [int(weight * unit) for weight in of_part]
    if max(whole) > _LARGEST:
        raise InputError(
            f"the weights need more than {_LARGEST:,} as whole numbers: {_shown(of_part)}.",
            hint="choose weights that are closer together, or have fewer decimals.",
        )
    return whole, unit


def _split(given: str) -> tuple[str, str]:
    name, equals, weight = given.rpartition("=")
    if not equals or not name:
        raise InputError(f"--weight {given} is not NAME=W.", hint="such as --weight novels.txt=2.")
    return name, weight


def _find(parts: Sequence[Part], name: str) -> int:
    as_given = [at for at, part in enumerate(parts) if part.label == name]
    found = as_given or [at for at, part in enumerate(parts) if part.name == name]
    if not found:
        names = ", ".join(part.label for part in parts)
        raise InputError(f"--weight names no input: {name}.", hint=f"the inputs are {names}.")
    if len(found) > 1:
        labels = ", ".join(parts[at].label for at in found)
        raise InputError(
            f"--weight {name} is of {len(found)} inputs: {labels}.",
            hint="name it with its folder, or give each input once.",
        )
    return found[0]


def _fraction(name: str, weight: str) -> Fraction:
    try:
        if "/" not in weight and not 1e-9 < float(weight) < 1e9:
            raise ValueError  # before a fraction of `1e-999999999` is tried
        value = Fraction(weight if len(weight) <= _MOST_CHARS else "")
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if not _LEAST <= value <= _LARGEST:
        raise InputError(
            f"the weight of {name} is {weight[:_MOST_CHARS]}.",
            hint=f"choose a number from {float(_LEAST):f} to {_LARGEST:,}, or leave it out.",
        )
    return value


def _shown(weights: Sequence[Fraction]) -> str:
    return textwrap.shorten(", ".join(f"{float(weight):g}" for weight in weights), 60)
