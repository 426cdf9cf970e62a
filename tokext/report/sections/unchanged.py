"""What stays as it was."""

from __future__ import annotations

from tokext.report.comparison import Comparison
from tokext.report.parts import Chart, Section, Table
from tokext.report.sections.build import (
    PAIR,
    Material,
    alt_text,
    cells_about,
    compared,
    make_columns,
    names_of,
)
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """The share of lines that are cut otherwise than by the base."""
    return compared("unchanged", material, _unchanged_chart, _examples_table)


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


def _examples_table(comparison: Comparison, words: Words) -> Table | None:
    """A few lines of each corpus that are cut otherwise, with the cuts before and after."""
    rows = [
        cells_about(comparison, row)
        | {"before": "|".join(found["before"]), "after": "|".join(found["after"])}
        for row in comparison.rows()
        for found in row.get("changed_lines") or ()
    ]
    columns = make_columns(
        words, *PAIR, ("before", "before", "tokens"), ("after", "after", "tokens")
    )
    title, note = words("unchanged.examples"), words("unchanged.examples.note")
    return Table("changed", title, columns, tuple(rows), note, folded=True) if rows else None
