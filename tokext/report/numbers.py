"""The few numbers that a report works out itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

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
