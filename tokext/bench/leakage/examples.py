"""A few leaks of each kind, each marked in its line: what a rate is made of."""

from __future__ import annotations

from typing import Any

from tokext.bench.leakage.measure import Leakage
from tokext.bench.leakage.rates import Measured
from tokext.bench.leakage.spans import Leak

_PER_KIND = 4
#: Characters shown on either side of a leak, and of a leak itself.
_AROUND, _LONGEST = 40, 160
_WORST_FIRST = {"response": 0, "line": 1, "word": 2}


def examples(leakage: Leakage) -> list[dict[str, Any]]:
    """Up to four leaks of each language and level, the worst level and the longest leak first.

    Returns:
        For each its answer's id, `before`, `leak` and `after` in its line, and why it was found.

    Example:
        >>> from tokext.bench.leakage.measure import measure_leakage
        >>> [found] = examples(measure_leakage(["この essay は長い文章です。"]))
        >>> found["before"], found["leak"], found["after"]
        ('この ', 'essay', ' は長い文章です。')
    """
    pairs = [(one, leak) for one in leakage.measured for leak in one.scan.leaks]
    pairs.sort(key=lambda pair: (_WORST_FIRST[pair[1].level], pair[1].start - pair[1].end))
    counts: dict[tuple[str, str], int] = {}
    found = []
    for one, leak in pairs:
        kind = (leak.language, leak.level)
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= _PER_KIND:
            found.append(_example(one, leak))
    return found


def _example(one: Measured, leak: Leak) -> dict[str, Any]:
    text = one.sample.text
    line_start = text.rfind("\n", 0, leak.start) + 1
    line_end = text.find("\n", leak.end)
    start = max(line_start, leak.start - _AROUND)
    end = min(line_end if line_end >= 0 else len(text), leak.end + _AROUND)
    return {
        "id": one.sample.id,
        "language": leak.language,
        "level": leak.level,
        "confidence": leak.confidence,
        "before": ("…" if start > line_start else "") + text[start : leak.start],
        "leak": leak.text if len(leak.text) <= _LONGEST else leak.text[: _LONGEST - 1] + "…",
        "after": text[leak.end : end],
        "reason": leak.reason,
    }
