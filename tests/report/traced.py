"""Which numbers of a written report cannot be found in its JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def plain(value):
    """Every number and text of a JSON value."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in plain(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in plain(inner)]
    return [value]


def written(value):
    """The ways in which a report writes a value."""
    if isinstance(value, str):
        return NUMBER.findall(value)
    if isinstance(value, bool) or value is None:
        return []
    forms = {f"{value:,}", f"{value:.3f}", f"{value:.2f}", f"{value * 100:.1f}"}
    forms |= {f"{min(value, 0.999) * 100:.1f}"}  # a share that is not whole is never written so
    return forms | {f"{value:,.1f}", f"{value:,.0f}", f"{value * 100:.0f}", str(value)}


def untraced(folder: Path) -> list[str]:
    """The numbers of report.md that are in no value of report.json."""
    shown = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    known = {form for leaf in plain(shown) for form in written(leaf)}
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    # Digests are shortened, charts' words are in the JSON whole, and pieces are no numbers.
    lines = [line for line in markdown.split("\n") if not line.startswith((">", "![", "base_"))]
    text = re.sub(r"\b[0-9a-f]{12}\b|&lt;0x..&gt;|U\\\+[0-9A-F]+", " ", "\n".join(lines))
    for name in ("SHA\\-256", "16進数", "Kneedle, 2011", "at order 2.5"):
        text = text.replace(name, "")
    return sorted({n for n in NUMBER.findall(text) if n not in known})
