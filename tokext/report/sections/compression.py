"""How much text one token holds."""

from __future__ import annotations

from typing import Any

from tokext.report.comparison import Comparison
from tokext.report.parts import Chart, Form, Section, Table
from tokext.report.sections.build import (
    PAIR,
    Material,
    alt_text,
    cells_about,
    compared,
    make_columns,
)
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """Characters per token by corpus, all that was counted, and words where they were measured."""
    return compared("compression", material, _compression_chart, _compression_table, _words_table)


def _compression_chart(comparison: Comparison, words: Words) -> Chart:
    """Characters per token, a group of bars a corpus and a bar a tokenizer."""
    groups: list[dict[str, Any]] = []
    for corpus in comparison.corpora:
        values = [
            row["chars_per_token"] if (row := comparison.row(t, corpus)) else None
            for t in comparison.tokenizers
        ]
        groups.append({"corpus": comparison.short_corpus[corpus], "values": values})
    names = [comparison.short[t] for t in comparison.tokenizers]
    spoken = [
        words(
            "compression.alt.corpus",
            corpus=group["corpus"],
            values=", ".join(
                words("compression.alt.value", tokenizer=name, value=f"{value:.3f}")
                for name, value in zip(names, group["values"], strict=True)
                if value is not None
            ),
        )
        for group in groups
    ]
    return Chart(
        "compression",
        "bars",
        words("compression.chart"),
        alt_text(words, "compression.alt", spoken),
        {"series": names, "groups": groups, "unit": words("unit.chars_per_token")},
    )


def _compression_table(comparison: Comparison, words: Words) -> Table:
    """Every figure of every row."""
    columns = make_columns(
        words,
        ("corpus", "corpus", "text"),
        ("tokenizer", "tokenizer", "text"),
        ("chars_per_token", "chars_per_token", "ratio"),
        ("times_base", "gain", "ratio"),
        ("bytes_per_token", "bytes_per_token", "ratio"),
        ("n_tokens", "tokens", "count"),
        ("n_chars", "chars", "count"),
        ("n_bytes", "bytes", "count"),
        ("n_documents", "documents", "count"),
        ("n_byte_tokens", "byte_tokens", "count"),
        ("byte_fallback_share", "byte_share", "share"),
        ("renyi_efficiency", "renyi", "ratio"),
        ("n_added", "added", "count"),
        ("n_added_used", "added_used", "count"),
        ("added_used_share", "added_share", "share"),
        ("n_lines", "lines", "count"),
        ("n_lines_changed", "lines_changed", "count"),
        ("changed_share", "changed_share", "share"),
    )
    extra = {"times_base": comparison.times_base, "changed_share": comparison.changed_share}
    rows = [
        cells_about(comparison, row)
        | {c.key: row.get(c.key) for c in columns[2:] if c.key not in extra}
        | {key: measure(row) for key, measure in extra.items()}
        for row in comparison.rows()
    ]
    note = words("compression.note")
    return Table("compression", words("compression.table"), columns, tuple(rows), note)


def _words_table(comparison: Comparison, words: Words) -> Table | None:
    """Word metrics, where a sample was measured."""
    keys: tuple[tuple[str, str, Form], ...] = (
        ("n_words", "words", "count"),
        ("n_chars", "chars", "count"),
        ("single_token_retention", "retention", "share"),
        ("continued_word_share", "continued", "share"),
        ("fertility", "fertility", "ratio"),
    )
    rows = [
        cells_about(comparison, row) | {key: row["words"].get(key) for key, _, _ in keys}
        for row in comparison.rows()
        if row.get("words")
    ]
    columns = make_columns(words, *PAIR, *keys)
    note = words("words.note")
    return Table("words", words("words.table"), columns, tuple(rows), note) if rows else None
