"""What each further added row brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokext.records import knee
from tokext.report.comparison import Comparison, Row
from tokext.report.parts import Chart, Part, Section, Table
from tokext.report.sections.build import (
    PAIR,
    Material,
    alt_text,
    make_columns,
    make_section,
    names_of,
)
from tokext.report.words import Words

_MOST_CURVES = 6
#: A curve that rises less than this is a straight line that only flattens the others.
_LEAST_RISE = 1.02


def section(material: Material) -> Section | None:
    """Curves of characters per token against rows, the knee marked, and every point of them."""
    if material.comparison is None:
        return None
    comparison, words = material.comparison, material.words
    curves = _gain_curves(comparison)
    if not curves:
        return None
    parts: list[Part | None] = [_gain_chart(curves, words), _gain_table(curves, words)]
    return make_section("gain", words, parts, kinds=("compression",))


def _gain_curves(comparison: Comparison) -> list[dict[str, Any]]:
    """The curves that were measured, each with its knee, the main corpus first."""
    rows = [row for row in comparison.rows() if len(row.get("curve") or ()) > 1]
    rows.sort(key=lambda row: row["corpus"] != comparison.main)
    return [_curve(comparison, row) for row in rows]


def _gain_chart(curves: Sequence[dict[str, Any]], words: Words) -> Chart:
    """Characters per token against added rows, the knee of the first curve marked."""
    drawn = [curve for curve in curves if _rise(curve) >= _LEAST_RISE][:_MOST_CURVES]
    drawn = drawn or list(curves[:_MOST_CURVES])
    spoken = []
    for curve in drawn:
        (_, first), (last_rows, last) = curve["points"][0], curve["points"][-1]
        line = words(
            "gain.alt.curve",
            corpus=curve["label"],
            first=f"{first:.3f}",
            last=f"{last:.3f}",
            rows=f"{last_rows:,}",
        )
        if curve["knee"]:
            line += ", " + words("gain.alt.knee", **_knee_words(curve))
        spoken.append(line)
    data = {
        "curves": drawn,
        "knee_label": words("gain.knee", **_knee_words(drawn[0])) if drawn[0]["knee"] else "",
        "x": words("axis.rows"),
        "y": words("unit.chars_per_token"),
    }
    alt = alt_text(words, "gain.alt", spoken)
    notes = [words("gain.note")]
    if left_out := [curve["label"] for curve in curves if curve not in drawn]:
        notes.append(words("gain.left_out", corpora=words.join(left_out)))
    return Chart("gain", "curves", words("gain.chart"), alt, data, " ".join(notes))


def _gain_table(curves: Sequence[Mapping[str, Any]], words: Words) -> Table:
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
        *PAIR,
        ("rows", "rows", "count"),
        ("chars_per_token", "chars_per_token", "ratio"),
        ("knee", "knee", "text"),
        ("n_chars", "curve_chars", "count"),
    )
    return Table("gain", words("gain.table"), columns, tuple(rows), folded=True)


def _curve(comparison: Comparison, row: Row) -> dict[str, Any]:
    points = sorted((int(p["rows"]), float(p["chars_per_token"])) for p in row["curve"])
    bend = knee(points)
    names = names_of(comparison, row)
    n_extended = sum(
        any((r := comparison.row(t, c)) and r.get("curve") for c in comparison.corpora)
        for t in comparison.tokenizers
    )
    return {
        **names,
        "label": names["corpus"] + (f" · {names['tokenizer']}" if n_extended > 1 else ""),
        "points": [list(point) for point in points],
        "n_chars": row.get("curve_n_chars", row["n_chars"]),
        "knee": {"rows": bend[0], "chars_per_token": bend[1]} if bend else None,
    }


def _rise(curve: dict[str, Any]) -> float:
    first, last = curve["points"][0][1], curve["points"][-1][1]
    return float(last / first) if first else 1.0


def _knee_words(curve: dict[str, Any]) -> dict[str, str]:
    bend = curve["knee"]
    return {"rows": f"{bend['rows']:,}", "value": f"{bend['chars_per_token']:.3f}"}
