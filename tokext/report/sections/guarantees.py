"""What was promised, how much was checked, what was found."""

from __future__ import annotations

from typing import Any

from tokext.records import Guarantee
from tokext.report.evidence import Verified
from tokext.report.parts import Section, Table
from tokext.report.sections.build import Material, make_columns, make_section
from tokext.report.words import Words


def section(material: Material) -> Section:
    """A table for each run of merge or verify."""
    parts = [
        _guarantees_table(verified, material.words, key=f"_{n + 1}" if n else "")
        for n, verified in enumerate(material.evidence.verified)
        if verified.guarantees
    ]
    return make_section("guarantees", material.words, parts, kinds=("tokenizer", "verification"))


def _guarantees_table(verified: Verified, words: Words, *, key: str) -> Table:
    """Each guarantee: what it claims, what was checked, what failed."""
    columns = make_columns(
        words,
        ("passed", "holds", "holds"),
        ("claim", "claim", "text"),
        ("n_checked", "checked", "count"),
        ("n_failed", "failed", "count"),
        ("unit", "unit", "text"),
        ("examples", "examples", "examples"),
    )
    rows = tuple(_guarantee_row(g) for g in verified.guarantees)
    return Table(f"guarantees{key}", words("guarantees.table", name=verified.name), columns, rows)


def _guarantee_row(guarantee: Guarantee) -> dict[str, Any]:
    """Its cells; what was not tried is neither kept nor broken."""
    return {
        "name": guarantee.name,
        "passed": guarantee.passed if guarantee.was_tried else None,
        "claim": guarantee.claim,
        "n_checked": guarantee.n_checked,
        "n_failed": guarantee.n_failed,
        "unit": guarantee.unit,
        "examples": list(guarantee.examples),
        "note": guarantee.note,
    }
