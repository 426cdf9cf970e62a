"""The few numbers that a report works out itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import regex

_SCRIPTS = (
    ("Hiragana", "hiragana"),
    ("Katakana", "katakana"),
    ("Han", "kanji"),
    ("Hangul", "hangul"),
    ("Bopomofo", "bopomofo"),
    ("Latin", "latin"),
    ("Cyrillic", "cyrillic"),
    ("Greek", "greek"),
    ("Thai", "thai"),
    ("Devanagari", "devanagari"),
    ("Arabic", "arabic"),
    ("Hebrew", "hebrew"),
)
_LETTER = regex.compile(
    "|".join(rf"(?P<{name}>\p{{Script={script}}})" for script, name in _SCRIPTS)
    + r"|(?P<other>\p{L})"
)
_JAPANESE = {"hiragana", "katakana", "kanji"}
_LONG_VOWEL = "ー"


def knee(points: Sequence[tuple[int, float]]) -> tuple[int, float] | None:
    """The point of a rising curve after which more rows bring less than average.

    Both axes are scaled to 0..1; the knee is where the curve lies highest above the straight line
    between its ends (Satopaa and others, "Finding a kneedle in a haystack", 2011).

    Args:
        points: (rows, characters per token), by rising rows.

    Returns:
        The point, or None where the curve is too short or never bends upwards.

    Example:
        >>> knee([(0, 1.0), (10, 1.8), (20, 1.9), (30, 2.0)])
        (10, 1.8)
        >>> knee([(0, 1.0), (10, 2.0)]) is None
        True
    """
    if len(points) < 3:
        return None
    (x0, y0), (x1, y1) = points[0], points[-1]
    if x1 <= x0 or y1 <= y0:
        return None
    lifts = [((y - y0) / (y1 - y0) - (x - x0) / (x1 - x0), x, y) for x, y in points]
    lift, x, y = max(lifts, key=lambda lifted: lifted[0])
    return (x, y) if lift > 0 else None


def script_of(piece: str) -> str:
    """The script of a piece's letters; several are `mixed_japanese` or `mixed`, none is `none`.

    The long vowel mark belongs to both kana, so it counts only where nothing else does.

    Example:
        >>> [script_of(piece) for piece in ("▁です", "カード", "東京", "食べる", "ABテスト", "、")]
        ['hiragana', 'katakana', 'kanji', 'mixed_japanese', 'mixed', 'none']
    """
    scripts = {match.lastgroup for match in _LETTER.finditer(piece.replace(_LONG_VOWEL, ""))}
    if not scripts:
        return "katakana" if _LONG_VOWEL in piece else "none"
    if len(scripts) == 1:
        return str(scripts.pop())
    return "mixed_japanese" if scripts <= _JAPANESE else "mixed"


def piece_length(piece: str) -> int:
    """Characters of a piece; a leading space is none."""
    return len(piece.removeprefix("▁")) or 1


def by_script_and_length(pieces: Iterable[str]) -> dict[str, Counter[int]]:
    """For each script, the largest first, how many pieces there are of each length.

    Example:
        >>> by_script_and_length(["東京", "京都", "です", "山"])
        {'kanji': Counter({2: 2, 1: 1}), 'hiragana': Counter({2: 1})}
    """
    counts: dict[str, Counter[int]] = {}
    for piece in pieces:
        counts.setdefault(script_of(piece), Counter())[piece_length(piece)] += 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])))
