"""What stays as it was."""

from __future__ import annotations

from tokext.report.comparison import Comparison
from tokext.report.parts import Chart, Section
from tokext.report.sections.build import Material, alt_text, make_section, names_of
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """The share of lines that are cut otherwise than by the base."""
    if material.comparison is None:
        return None
    comparison, words = material.comparison, material.words
    return make_section("unchanged", words, [_unchanged_chart(comparison, words)])


def _unchanged_chart(comparison: Comparison, words: Words) -> Chart | None:
    """The share of lines that each tokenizer cuts otherwise than the base."""
    bars, spoken = [], []
    for row in comparison.rows():
        share = comparison.changed_share(row)
        if share is None:
            continue
        counts = {"n": f"{row['n_lines_changed']:,}", "total": f"{row['n_lines']:,}"}
        names = names_of(comparison, row)
        label = names["corpus"]
        if len(comparison.tokenizers) > 2:
            label += f" · {names['tokenizer']}"
        bars.append(
            {**names, "label": label, "share": share, "text": words("unchanged.of", **counts)}
            | {"n_lines": row["n_lines"], "n_lines_changed": row["n_lines_changed"]}
        )
        spoken.append(words("unchanged.alt.value", **names, **counts))
    if not bars:
        return None
    title = words("unchanged.chart", base=comparison.short[comparison.base])
    return Chart(
        "unchanged", "shares", title, alt_text(words, "unchanged.alt", spoken), {"bars": bars}
    )
