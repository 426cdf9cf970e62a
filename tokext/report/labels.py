"""Labels that fit: shortened, broken into lines, moved apart."""

from __future__ import annotations

from collections.abc import Sequence

from tokext.report.fonts import drawable
from tokext.report.show import visible


def apart(places: Sequence[float], step: float) -> list[float]:
    """Rising places moved as little as it takes for neighbors to be a step apart.

    Places that would touch form a block around their middle; blocks that then touch join.
    """
    blocks: list[list[float]] = []
    for place in places:
        blocks.append([place])
        while len(blocks) > 1 and _ends(blocks[-2], step)[1] + step > _ends(blocks[-1], step)[0]:
            last = blocks.pop()
            blocks[-1] += last
    return [_ends(block, step)[0] + n * step for block in blocks for n in range(len(block))]


def _ends(block: Sequence[float], step: float) -> tuple[float, float]:
    """Where a block's first and last place come to lie."""
    middle, half = sum(block) / len(block), (len(block) - 1) * step / 2
    return middle - half, middle + half


def fitted(text: str, most: int) -> str:
    """At most so many characters, the middle left out: names differ at their ends."""
    if len(text) <= most:
        return text
    head = most // 2
    return f"{text[:head]}..{text[len(text) - (most - head - 2) :]}"


def wrapped(text: str, most: int) -> str:
    """Text in lines of about so many characters, broken after spaces or, in Japanese, commas."""
    if len(text) <= most:
        return drawable(visible(text))
    middle = len(text) // 2
    breaks = [n for n, c in enumerate(text) if c in " 、，"]
    place = min(breaks, key=lambda n: abs(n - middle), default=middle)
    return drawable(visible(text[: place + 1])) + "\n" + drawable(visible(text[place + 1 :]))
