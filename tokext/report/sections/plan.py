"""How many pieces to add: what each size brings and costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokext.records import Plan, PlanRow
from tokext.report.parts import Chart, Section, Table
from tokext.report.sections.build import Material, alt_text, make_columns, make_section
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """For each plan its two curves, and every size in a table."""
    plans = [(found.name, Plan.from_dict(found.result)) for found in material.evidence.of("plan")]
    if not plans:
        return None
    parts: list[Chart | Table] = []
    for n, (name, plan) in enumerate(plans):
        key = f"_{n + 1}" if n else ""
        parts += [
            _chart(f"plan_gain{key}", plan, _GAIN, material.words),
            _chart(f"plan_speed{key}", plan, _SPEED, material.words),
            _table(f"plan{key}", name, plan, material.words),
        ]
    return make_section("plan", material.words, parts, kinds=("plan",))


#: A curve: the name of its sentences, its value at a size, the size that is marked.
Curve = tuple[str, Callable[[Plan, PlanRow], float], Callable[[Plan], PlanRow | None]]

_GAIN: Curve = ("gain", lambda plan, row: plan.chars_per_token(row), lambda plan: plan.knee)
_SPEED: Curve = ("speed", lambda _, row: row.decode_chars_per_second, lambda plan: plan.fastest)


def _chart(name: str, plan: Plan, curve: Curve, words: Words) -> Chart:
    """One curve against the number of added pieces, with one size marked."""
    key, value, mark = curve
    points = [[row.n_added, value(plan, row)] for row in plan.rows]
    marked = mark(plan)
    label, knee = "", None
    if marked is not None:
        knee = {"rows": marked.n_added, "chars_per_token": value(plan, marked)}
        said = {"rows": f"{marked.n_added:,}", "value": f"{value(plan, marked):,.2f}"}
        label = words(f"plan.{key}.mark", **said)
    ends = {"first": f"{points[0][1]:,.2f}", "last": f"{points[-1][1]:,.2f}"}
    spoken = [words("plan.alt.curve", rows=f"{points[-1][0]:,}", **ends), label]
    data = {
        "curves": [{"label": "", "points": points, "knee": knee}],
        "knee_label": label,
        "x": words("axis.rows"),
        "y": words("unit.chars_per_token" if key == "gain" else "plan.speed.axis"),
        "n_corpus_chars": plan.n_corpus_chars,
        "n_chars": plan.n_chars,
        "batch_size": plan.batch_size,
        "bytes_per_second": plan.bytes_per_second,
    }
    title, note = words(f"plan.{key}.chart"), words(f"plan.{key}.note", **_settings(plan))
    if key == "gain" and plan.text_of_corpus:
        note += words("plan.gain.own")
    return Chart(name, "curves", title, alt_text(words, "plan.alt", [s for s in spoken if s]), data,
                 note)  # fmt: skip


def _table(name: str, source: str, plan: Plan, words: Words) -> Table:
    """Every size."""
    first = plan.rows[0]
    rows = [_cells(plan, row, first, words) | {"source": source} for row in plan.rows]
    columns = make_columns(
        words,
        ("n_added", "rows", "count"),
        ("chars_per_token", "chars_per_token", "ratio"),
        ("gain_per_1000_rows", "plan_gain", "ratio"),
        ("megabytes", "plan_megabytes", "count"),
        ("step_milliseconds", "plan_step", "ratio"),
        ("decode_chars_per_second", "plan_speed", "count"),
        ("decode_ratio", "plan_ratio", "ratio"),
        ("context_chars", "plan_context", "count"),
        ("break_even_batch", "plan_batch", "count"),
        ("mark", "knee", "text"),
    )
    title = words("plan.table", **_settings(plan))
    return Table(name, title, columns, tuple(rows), words("plan.table.note"))


def _cells(plan: Plan, row: PlanRow, first: PlanRow, words: Words) -> dict[str, Any]:
    marks = [words("col.knee")] if row is plan.knee else []
    marks += [words("plan.fastest")] if row is plan.fastest else []
    return {
        "n_added": row.n_added,
        "chars_per_token": plan.chars_per_token(row),
        "gain_per_1000_rows": plan.gain_per_1000_rows(row),
        "megabytes": row.extra_bytes / 1e6,
        "step_milliseconds": row.step_seconds * 1000,
        "decode_chars_per_second": row.decode_chars_per_second,
        "decode_ratio": row.decode_chars_per_second / first.decode_chars_per_second,
        "context_chars": round(row.context_chars),
        "break_even_batch": row.break_even_batch,
        "mark": words.join(marks),
    }


def _settings(plan: Plan) -> dict[str, str]:
    return {
        "base": plan.base,
        "corpus": plan.corpus,
        "n_corpus_chars": f"{plan.n_corpus_chars:,}",
        "text": plan.text,
        "n_chars": f"{plan.n_chars:,}",
        "shape": plan.shape,
        "machine": plan.machine,
        "batch_size": f"{plan.batch_size:,}",
        "bandwidth": f"{plan.bytes_per_second / 1e9:,.0f}",
    }
