"""The charts of a report as data, each with its words for readers who do not see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tokext.report.comparison import Comparison, Row
from tokext.report.numbers import by_script_and_length, knee
from tokext.report.parts import Chart
from tokext.report.show import visible
from tokext.report.words import Words

#: Scripts with a color of their own; what is rarer is drawn together.
_MOST_SCRIPTS = 6
_OWN_COLOR = {"kanji": 0, "hiragana": 1, "mixed_japanese": 2, "katakana": 3}
#: Longer pieces share the last bar.
_LONGEST_BAR = 12
_MOST_CURVES = 6
#: A curve that rises less than this is a straight line that only flattens the others.
_LEAST_RISE = 1.02
#: Percentiles of fewer documents say nothing.
_FEWEST_DOCUMENTS = 5


def compression_chart(comparison: Comparison, words: Words) -> Chart:
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
        _alt(words, "compression.alt", spoken),
        {"series": names, "groups": groups, "unit": words("unit.chars_per_token")},
    )


def gain_curves(comparison: Comparison) -> list[dict[str, Any]]:
    """The curves that were measured, each with its knee, the main corpus first."""
    rows = [row for row in comparison.rows() if len(row.get("curve") or ()) > 1]
    rows.sort(key=lambda row: row["corpus"] != comparison.main)
    return [_curve(comparison, row) for row in rows]


def gain_chart(curves: Sequence[dict[str, Any]], words: Words) -> Chart:
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
    alt = _alt(words, "gain.alt", spoken)
    notes = [words("gain.note")]
    if left_out := [curve["label"] for curve in curves if curve not in drawn]:
        notes.append(words("gain.left_out", corpora=words.join(left_out)))
    return Chart("gain", "curves", words("gain.chart"), alt, data, " ".join(notes))


def vocabulary_chart(name: str, pieces: Sequence[str], words: Words, *, key: str) -> Chart:
    """Added pieces by length, stacked by script."""
    found = by_script_and_length(pieces)
    scripts = list(found)
    if len(scripts) > _MOST_SCRIPTS:
        kept, rest = scripts[: _MOST_SCRIPTS - 1], scripts[_MOST_SCRIPTS - 1 :]
    else:
        kept, rest = scripts, []
    longest = min(max((n for lengths in found.values() for n in lengths), default=1), _LONGEST_BAR)
    layers = [_layer(words(f"script.{s}"), [found[s]], longest) for s in kept]
    if rest:
        layers.append(_layer(words("script.other"), [found[s] for s in rest], longest))
    colors = _colors([*kept, "rest"] if rest else kept)
    layers = [{**layer, "color": color} for layer, color in zip(layers, colors, strict=True)]
    overflows = any(n > longest for lengths in found.values() for n in lengths)
    spoken = [f"{layer['name']} {sum(layer['counts']):,}" for layer in layers]
    data = {
        "lengths": [str(n) for n in range(1, longest)]
        + [f"{longest}+" if overflows else str(longest)],
        "layers": layers,
        "x": words("axis.length"),
        "y": words("axis.pieces"),
    }
    alt = words("vocabulary.alt", n=f"{len(pieces):,}", values=words.join(spoken))
    return Chart(f"vocabulary{key}", "stack", words("vocabulary.chart", name=name), alt, data)


def unchanged_chart(comparison: Comparison, words: Words) -> Chart | None:
    """The share of lines that each tokenizer cuts otherwise than the base."""
    bars, spoken = [], []
    for row in comparison.rows():
        share = comparison.changed_share(row)
        if share is None:
            continue
        counts = {"n": f"{row['n_lines_changed']:,}", "total": f"{row['n_lines']:,}"}
        names = _names(comparison, row)
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
    return Chart("unchanged", "shares", title, _alt(words, "unchanged.alt", spoken), {"bars": bars})


def documents_chart(comparison: Comparison, words: Words) -> Chart | None:
    """Tokens per document: the range of most documents and the median."""
    ranges, spoken = [], []
    for row in comparison.rows():
        found = row.get("tokens_per_document")
        if not found or row["n_documents"] < _FEWEST_DOCUMENTS:
            continue
        names = _names(comparison, row)
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
    title, alt = words("documents.chart"), _alt(words, "documents.alt", spoken)
    return Chart("documents", "ranges", title, alt, data)


def _curve(comparison: Comparison, row: Row) -> dict[str, Any]:
    points = sorted((int(p["rows"]), float(p["chars_per_token"])) for p in row["curve"])
    bend = knee(points)
    names = _names(comparison, row)
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


def _colors(scripts: Sequence[str]) -> list[int]:
    """A color's number for each script; the scripts of Japanese keep theirs."""
    free = [n for n in range(_MOST_SCRIPTS) if n not in {_OWN_COLOR.get(s) for s in scripts}]
    return [_OWN_COLOR[s] if s in _OWN_COLOR else free.pop(0) for s in scripts]


def _layer(name: str, lengths: Iterable[Any], longest: int) -> dict[str, Any]:
    counts = [0] * longest
    for counter in lengths:
        for length, count in counter.items():
            counts[min(length, longest) - 1] += count
    return {"name": name, "counts": counts}


def _names(comparison: Comparison, row: Row) -> dict[str, str]:
    return {
        "corpus": comparison.short_corpus[row["corpus"]],
        "tokenizer": comparison.short[row["tokenizer"]],
    }


def _alt(words: Words, key: str, spoken: list[str]) -> str:
    return visible(words(key, values=words.join(spoken)))
