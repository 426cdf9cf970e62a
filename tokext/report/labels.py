"""Labels that fit: shortened, broken into lines, moved apart."""

from __future__ import annotations

import itertools
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


def fitted(text: str, most: int, head: int | None = None) -> str:
    """At most so many characters, the middle left out behind the first `head`, half by default."""
    if len(text) <= most:
        return text
    head = most // 2 if head is None else head
    return f"{text[:head]}..{text[len(text) - (most - head - 2) :]}"


def told_apart(names: Sequence[str], most: int) -> list[str]:
    """Names of at most so many characters, distinct ones distinct.

    All leave out the same middle: one that keeps most names apart and, where it can be had, begins
    where words end. Names that no middle keeps apart end in a number.

    Example:
        >>> told_apart(["heldout_ja_technical", "heldout_en_technical"], 17)
        ['heldout_ja..nical', 'heldout_en..nical']
    """
    long = [name for name in names if len(name) > most]

    def kept_apart(head: int) -> tuple[int, int]:
        words = sum(not name[head - 1 : head + 1].isalnum() for name in long)
        return len({fitted(name, most, head) for name in names}), words

    heads = sorted(range(1, most - 1), key=lambda head: abs(head - most // 2))
    best = max(heads, key=kept_apart)
    short = [fitted(name, most, best) for name in names]
    found: dict[str, str] = {}
    for name, label in sorted(zip(names, short, strict=True), key=lambda pair: pair[0] != pair[1]):
        if name not in found:
            found[name] = _numbered(label, name, most, set(found.values()))
    return [found[name] for name in names]


def _numbered(label: str, name: str, most: int, taken: set[str]) -> str:
    """The label, or the name's beginning and the first number that makes it another one."""
    for number in itertools.count(2):
        if label not in taken:
            break
        label = f"{name[: most - len(str(number)) - 3]}..~{number}"
    return label


def wrapped(text: str, most: int) -> str:
    """Text in lines of about so many characters, broken after spaces or, in Japanese, commas."""
    if len(text) <= most:
        return drawable(visible(text))
    middle = len(text) // 2
    breaks = [n for n, c in enumerate(text) if c in " 、，"]
    place = min(breaks, key=lambda n: abs(n - middle), default=middle)
    return drawable(visible(text[: place + 1])) + "\n" + drawable(visible(text[place + 1 :]))
