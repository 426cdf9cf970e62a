"""Every leak of every answer, one JSON line an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokext.bench.leakage.measure import Leakage
from tokext.bench.leakage.rates import Measured
from tokext.output import write_whole


def detail_of(one: Measured) -> dict[str, Any]:
    """The record of one answer, as the details file holds it."""
    return {
        "id": one.sample.id,
        "response_language": one.scan.response_language,
        "leaks": [
            {
                "start": leak.start,
                "end": leak.end,
                "text": leak.text,
                "language": leak.language,
                "level": leak.level,
                "confidence": leak.confidence,
                "reason": leak.reason,
            }
            | ({"detail": leak.detail} if leak.detail else {})
            for leak in one.scan.leaks
        ],
        "leaked_lines": list(one.scan.leaked_lines),
    }


def write_details(path: str | Path, leakage: Leakage, *, force: bool = False) -> None:
    """Write one line an answer, in the order they were read; whole or not at all.

    Raises:
        OutputError: The file exists and `force` is off, it is one of those that the answers were
            read from, or it cannot be written.
    """
    lines = (json.dumps(detail_of(one), ensure_ascii=False) + "\n" for one in leakage.measured)
    write_whole(path, "".join(lines), force=force, inputs=leakage.sources)
