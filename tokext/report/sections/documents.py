"""Tokens per document."""

from __future__ import annotations

from tokext.report.comparison import Comparison
from tokext.report.parts import Chart, Column, Section, Table
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

_PERCENTILES = ("p5", "p25", "p50", "p75", "p95", "max")
#: Percentiles of fewer documents say nothing.
_FEWEST_DOCUMENTS = 5


def section(material: Material) -> Section | None:
    """How long most documents are in tokens, drawn and in numbers."""
    return compared("documents", material, _documents_chart, _documents_table)


def _documents_chart(comparison: Comparison, words: Words) -> Chart | None:
    """Tokens per document: the range of most documents and the median."""
    ranges, spoken = [], []
    for row in comparison.rows():
        found = row.get("tokens_per_document")
        if not found or row["n_documents"] < _FEWEST_DOCUMENTS:
            continue
        names = names_of(comparison, row)
        series = comparison.tokenizers.index(row["tokenizer"])
        percentiles = {key: found[key] for key in ("p5", "p25", "p50", "p75", "p95")}
        ranges.append({**names, "series": series, **percentiles})
        numbers = {"median": found["p50"], "low": found["p5"], "high": found["p95"]}
        said = {key: f"{value:,.0f}" for key, value in numbers.items()}
        spoken.append(words("documents.alt.value", **names, **said))
    if not ranges:
        return None
    data = {
        "series": [comparison.short[t] for t in comparison.tokenizers],
        "ranges": ranges,
        "x": words("documents.axis"),
    }
    title, alt = words("documents.chart"), alt_text(words, "documents.alt", spoken)
    return Chart("documents", "ranges", title, alt, data)


def _documents_table(comparison: Comparison, words: Words) -> Table | None:
    """Percentiles of tokens per document."""
    rows = [
        cells_about(comparison, row)
        | {"n_documents": row["n_documents"]}
        | {key: row["tokens_per_document"].get(key) for key in _PERCENTILES}
        for row in comparison.rows()
        if row.get("tokens_per_document")
    ]
    titles = {"p50": words("col.median"), "max": words("col.max")}
    percentiles = tuple(
        Column(key, titles.get(key, f"{key.removeprefix('p')} %"), "count") for key in _PERCENTILES
    )
    columns = make_columns(words, *PAIR, ("n_documents", "documents", "count")) + percentiles
    title = words("documents.table")
    return Table("documents", title, columns, tuple(rows)) if rows else None
