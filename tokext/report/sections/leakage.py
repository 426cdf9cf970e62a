"""How often answers leave their language, and what that looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokext.report.parts import Chart, Section, Table
from tokext.report.sections.build import Material, alt_text, make_columns, make_section
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """For each result its rates with intervals, and leaks marked in their lines."""
    parts: list[Chart | Table | None] = []
    for n, found in enumerate(material.evidence.of("leakage")):
        key = f"_{n + 1}" if n else ""
        parts += [
            _chart(f"leakage{key}", found.name, found.result, material.words),
            _rates(f"leakage_rates{key}", found.name, found.result, material.words),
            _examples(f"leakage_examples{key}", found.name, found.result, material.words),
        ]
    return make_section("leakage", material.words, parts, ("leakage",)) if parts else None


def _groups(result: Mapping[str, Any], words: Words) -> list[tuple[str, Mapping[str, Any]]]:
    named = [(_name(group["key"]), group) for group in result["groups"]]
    named.append((words("leakage.all"), result["total"]))
    if result["code_answers"]:
        named.append((words("leakage.code"), result["code_answers"]))
    return named


def _name(key: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items())


def _chart(name: str, source: str, result: Mapping[str, Any], words: Words) -> Chart | None:
    """The share of answers that leak, group by group, with its interval; groups of none are out."""
    rates = [(label, group["response"]) for label, group in _groups(result, words)]
    compared = result.get("comparison") or {}
    rates += [(words(f"leakage.{w}"), compared[w]) for w in ("before", "after") if compared]
    rates = [(label, rate) for label, rate in rates if rate["total"]]
    if not rates:
        return None
    rows = [
        {"label": label, "text": f"{rate['n']:,} / {rate['total']:,}"}
        | {key: rate[key] for key in ("n", "total", "share", "low", "high")}
        for label, rate in rates
    ]
    spoken = [f"{label}: {rate['share']:.2%} ({_interval(rate)})" for label, rate in rates]
    title = words("leakage.chart", language=result["language"], source=source)
    floor = result["false_positive_floor"]
    notes = [_floor_note(result, words)]
    if compared:
        verdict = "leakage.differs" if compared["differs"] else "leakage.alike"
        notes.append(words(verdict, p=f"{compared['p_value']:.3f}"))
    data = {
        "rows": rows,
        "floor": floor,
        "x": words("leakage.axis" if floor else "leakage.axis.bare"),
    }
    alt = alt_text(words, "leakage.alt", spoken)
    return Chart(name, "intervals", title, alt, data, " ".join(notes))


def _floor_note(result: Mapping[str, Any], words: Words) -> str:
    """How often clean answers are flagged; measured of Japanese alone."""
    floor = result["false_positive_floor"]
    if floor is None:
        return words("leakage.floor.none", language=result["language"])
    return words("leakage.floor", share=_interval(floor))


def _interval(rate: Mapping[str, Any]) -> str:
    """The interval of a share; of nothing there is none."""
    if not rate.get("total", 1):
        return "–"
    return f"{rate['low'] * 100:.2f}–{rate['high']:.2%}"


def _rates(name: str, source: str, result: Mapping[str, Any], words: Words) -> Table:
    """Answers, lines and words of every group, and the field's own rates."""
    columns = make_columns(
        words,
        ("group", "leakage_group", "text"),
        ("n", "leakage_n", "count"),
        ("leaked", "leakage_leaked", "count"),
        ("share", "leakage_share", "share"),
        ("interval", "leakage_interval", "text"),
        ("high", "leakage_high", "share"),
        ("line", "leakage_line", "share"),
        ("word", "leakage_word", "share"),
        ("line_pass", "leakage_line_pass", "share"),
        ("word_pass", "leakage_word_pass", "share"),
        ("languages", "leakage_languages", "text"),
    )
    rows = tuple(
        _cells(label, group) | {"source": source} for label, group in _groups(result, words)
    )
    limits = words("leakage.limits", limits=result["limits"]) if result["limits"] else ""
    note = " ".join(filter(None, (words("leakage.rates.note"), limits)))
    return Table(name, words("leakage.rates"), columns, rows, note)


def _cells(label: str, group: Mapping[str, Any]) -> dict[str, Any]:
    languages = ", ".join(f"{code} {rate['n']}" for code, rate in group["by_language"].items())
    return {
        "group": label,
        "n": group["response"]["total"],
        "leaked": group["response"]["n"],
        "share": _share(group["response"]),
        "interval": _interval(group["response"]),
        "high": _share(group["response_high_confidence"]),
        "line": _share(group["line"]),
        "word": _share(group["word"]),
        "line_pass": _share(group["field"]["line_pass_rate"]),
        "word_pass": _share(group["field"]["word_pass_rate"]),
        "languages": languages,
    }


def _share(rate: Mapping[str, Any] | None) -> float | None:
    """The share, None where there was nothing to count."""
    return rate["share"] if rate and rate["total"] else None


def _examples(name: str, source: str, result: Mapping[str, Any], words: Words) -> Table | None:
    """Leaks of each kind in their lines, the worst first."""
    columns = make_columns(
        words,
        ("kind", "leakage_kind", "text"),
        ("line", "leakage_marked", "text"),
        ("reason", "leakage_reason", "text"),
        ("id", "leakage_id", "text"),
    )
    rows = tuple(
        {
            "kind": f"{found['language']}, {found['level']}, {found['confidence']}",
            "line": f"{found['before']}⟦{found['leak']}⟧{found['after']}",
            "reason": found["reason"],
            "id": found["id"],
            "source": source,
        }
        for found in result.get("examples", ())
    )
    return Table(name, words("leakage.examples"), columns, rows, folded=True) if rows else None
