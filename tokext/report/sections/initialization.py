"""How new rows learn, by how they were begun."""

from __future__ import annotations

from typing import Any

from tokext.report.parts import Chart, Part, Section, Table
from tokext.report.sections.build import Material, alt_text, make_columns, make_section
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """For each comparison of initializations a chart for each way of training, and every point."""
    parts: list[Part | None] = []
    for found in material.evidence.of("initialization"):
        for trained in dict.fromkeys(row["trained"] for row in found.result):
            key = f"_{len(parts) // 2 + 1}" if parts else ""
            rows = [row for row in found.result if row["trained"] == trained]
            parts += [_chart(key, trained, rows, material.words)]
            parts += [_table(key, trained, rows, found.name, material.words)]
    kinds = ("initialization",)
    return make_section("initialization", material.words, parts, kinds) if parts else None


def _points(row: dict[str, Any]) -> list[list[float]]:
    """(steps, bits per character of the first language measured), by rising steps."""
    by_step = sorted((int(step), bits) for step, bits in row["bits_per_char"].items())
    return [[step, float(next(iter(bits.values())))] for step, bits in by_step]


def _chart(key: str, trained: str, rows: list[dict[str, Any]], words: Words) -> Chart:
    curves = [{"label": row["init"], "points": _points(row), "knee": None} for row in rows]
    spoken = [
        words("initialization.alt.curve", init=curve["label"], first=f"{curve['points'][0][1]:.2f}",
              last=f"{curve['points'][-1][1]:.2f}", steps=f"{curve['points'][-1][0]:,}")
        for curve in curves
    ]  # fmt: skip
    data = {"curves": curves, "knee_label": "", "x": words("initialization.x")}
    data["y"] = words("initialization.y")
    title = words("initialization.chart", trained=trained)
    alt = alt_text(words, "initialization.alt", spoken)
    return Chart(f"initialization{key}", "curves", title, alt, data, words("initialization.note"))


def _table(key: str, trained: str, rows: list[dict[str, Any]], source: str, words: Words) -> Table:
    points = [
        {"init": row["init"], "steps": int(step), "language": language, "bits": bits}
        | {"source": source}
        for row in rows
        for step, found in row["bits_per_char"].items()
        for language, bits in found.items()
    ]
    columns = make_columns(
        words,
        ("init", "init", "text"),
        ("steps", "steps", "count"),
        ("language", "language", "text"),
        ("bits", "bits_per_char", "ratio"),
    )
    title = words("initialization.table", trained=trained)
    return Table(f"initialization{key}", title, columns, tuple(points), folded=True)
