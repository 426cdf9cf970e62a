"""The tables of a report. Values stay unrounded; columns say how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokext.records import Guarantee
from tokext.report.comparison import Comparison
from tokext.report.evidence import TokenizerResult, Verified
from tokext.report.numbers import by_script_and_length
from tokext.report.parts import Column, Form, Table
from tokext.report.words import Words

_LONGEST = 8
_PERCENTILES = ("p5", "p25", "p50", "p75", "p95", "max")


def compression_table(comparison: Comparison, words: Words) -> Table:
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
        _named(comparison, row)
        | {c.key: row.get(c.key) for c in columns[2:] if c.key not in extra}
        | {key: measure(row) for key, measure in extra.items()}
        for row in comparison.rows()
    ]
    note = words("compression.note")
    return Table("compression", words("compression.table"), columns, tuple(rows), note)


def words_table(comparison: Comparison, words: Words) -> Table | None:
    """Word metrics, where a sample was measured."""
    keys: tuple[tuple[str, str, Form], ...] = (
        ("n_words", "words", "count"),
        ("n_chars", "chars", "count"),
        ("single_token_retention", "retention", "share"),
        ("continued_word_share", "continued", "share"),
        ("fertility", "fertility", "ratio"),
    )
    rows = [
        _named(comparison, row) | {key: row["words"].get(key) for key, _, _ in keys}
        for row in comparison.rows()
        if row.get("words")
    ]
    columns = make_columns(words, *_PAIR, *keys)
    note = words("words.note")
    return Table("words", words("words.table"), columns, tuple(rows), note) if rows else None


def documents_table(comparison: Comparison, words: Words) -> Table | None:
    """Percentiles of tokens per document."""
    rows = [
        _named(comparison, row)
        | {"n_documents": row["n_documents"]}
        | {key: row["tokens_per_document"].get(key) for key in _PERCENTILES}
        for row in comparison.rows()
        if row.get("tokens_per_document")
    ]
    titles = {"p50": words("col.median"), "max": words("col.max")}
    percentiles = tuple(
        Column(key, titles.get(key, f"{key.removeprefix('p')} %"), "count") for key in _PERCENTILES
    )
    columns = make_columns(words, *_PAIR, ("n_documents", "documents", "count")) + percentiles
    title = words("documents.table")
    return Table("documents", title, columns, tuple(rows)) if rows else None


def gain_table(curves: Sequence[Mapping[str, Any]], words: Words) -> Table:
    """Every point of every curve."""
    rows = [
        {"tokenizer": c["tokenizer"], "corpus": c["corpus"], "rows": x, "chars_per_token": y}
        | {"n_chars": c["n_chars"]}
        | {"knee": words("col.knee") if c["knee"] and x == c["knee"]["rows"] else ""}
        for c in curves
        for x, y in c["points"]
    ]
    columns = make_columns(
        words,
        *_PAIR,
        ("rows", "rows", "count"),
        ("chars_per_token", "chars_per_token", "ratio"),
        ("knee", "knee", "text"),
        ("n_chars", "curve_chars", "count"),
    )
    return Table("gain", words("gain.table"), columns, tuple(rows), folded=True)


def vocabulary_table(name: str, pieces: Sequence[str], words: Words, *, key: str) -> Table:
    """Added pieces by script (rows) and length (columns)."""
    rows = []
    for script, lengths in by_script_and_length(pieces).items():
        row: dict[str, Any] = {"script": words(f"script.{script}"), "total": lengths.total()}
        row |= {f"length_{n}": lengths[n] for n in range(1, _LONGEST + 1)}
        rows.append(row | {"longer": sum(c for n, c in lengths.items() if n > _LONGEST)})
    columns = (
        *make_columns(words, ("script", "script", "text"), ("total", "total", "count")),
        *(Column(f"length_{n}", words("col.length", n=n), "count") for n in range(1, _LONGEST + 1)),
        Column("longer", words("col.longer"), "count"),
    )
    title = words("vocabulary.table", name=name)
    return Table(f"vocabulary{key}", title, columns, tuple(rows), folded=True)


def dropped_table(name: str, tokenizer: TokenizerResult, words: Words, *, key: str) -> Table | None:
    """How many pieces the merge left out, by reason."""
    rows = [{"reason": reason, "pieces": n} for reason, n in tokenizer.dropped.items() if n]
    columns = make_columns(words, ("reason", "reason", "text"), ("pieces", "pieces", "count"))
    title = words("vocabulary.dropped", name=name)
    return Table(f"dropped{key}", title, columns, tuple(rows)) if rows else None


def guarantees_table(verified: Verified, words: Words, *, key: str) -> Table:
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


_PAIR: tuple[tuple[str, str, Form], ...] = (
    ("corpus", "corpus", "text"),
    ("tokenizer", "tokenizer", "text"),
)


def make_columns(words: Words, *given: tuple[str, str, Form]) -> tuple[Column, ...]:
    """Columns from (key of the value, name of the heading, form)."""
    return tuple(Column(key, words(f"col.{title}"), form) for key, title, form in given)


def _named(comparison: Comparison, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "corpus": comparison.short_corpus[row["corpus"]],
        "tokenizer": comparison.short[row["tokenizer"]],
        "source": row["source"],
    }


def _guarantee_row(guarantee: Guarantee) -> dict[str, Any]:
    return {
        "name": guarantee.name,
        "passed": guarantee.passed,
        "claim": guarantee.claim,
        "n_checked": guarantee.n_checked,
        "n_failed": guarantee.n_failed,
        "unit": guarantee.unit,
        "examples": list(guarantee.examples),
        "note": guarantee.note,
    }
