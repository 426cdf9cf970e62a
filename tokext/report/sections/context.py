"""How much text fits into a context window."""

from __future__ import annotations

from typing import Any

from tokext.report.comparison import Comparison
from tokext.report.parts import Chart, Section
from tokext.report.sections.build import Material, alt_text, make_section
from tokext.report.words import Words

#: The window to draw where no result names one; other windows are as many times larger.
_TOKENS = 8192


def section(material: Material) -> Section | None:
    """Characters in a context window, by corpus and tokenizer."""
    if material.comparison is None or material.comparison.extended is None:
        return None
    n_tokens = next(
        (row["context_tokens"] for row in _throughput(material) if row.get("context_tokens")),
        _TOKENS,
    )
    chart = _chart(material.comparison, n_tokens, material.words)
    return make_section("context", material.words, [chart], kinds=("compression", "throughput"))


def _throughput(material: Material) -> list[dict[str, Any]]:
    return [row for found in material.evidence.of("throughput") for row in found.result]


def _chart(comparison: Comparison, n_tokens: int, words: Words) -> Chart:
    names = [comparison.short[t] for t in comparison.tokenizers]
    groups, spoken = [], []
    for corpus in comparison.corpora:
        rows = [comparison.row(t, corpus) for t in comparison.tokenizers]
        values = [row["chars_per_token"] * n_tokens if row else None for row in rows]
        short = comparison.short_corpus[corpus]
        groups.append({"corpus": short, "values": values})
        said = ", ".join(
            f"{name} {value:,.0f}"
            for name, value in zip(names, values, strict=True)
            if value is not None
        )
        spoken.append(words("compression.alt.corpus", corpus=short, values=said))
    data = {"series": names, "groups": groups, "unit": words("unit.chars"), "n_tokens": n_tokens}
    title = words("context.chart", n_tokens=f"{n_tokens:,}")
    alt = alt_text(words, "context.alt", spoken)
    return Chart("context", "bars", title, alt, data, words("context.note"))
