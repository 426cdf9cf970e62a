"""What was added, by script and by length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tokext.report.evidence import TokenizerResult
from tokext.report.numbers import by_script_and_length
from tokext.report.parts import Chart, Column, Part, Pieces, Section, Table
from tokext.report.sections.build import Material, make_columns, make_section
from tokext.report.show import short_names, visible
from tokext.report.words import Words

#: Scripts with a color of their own; what is rarer is drawn together.
_MOST_SCRIPTS = 6
_OWN_COLOR = {"kanji": 0, "hiragana": 1, "mixed_japanese": 2, "katakana": 3}
#: Longer pieces share the last bar.
_LONGEST_BAR = 12
_COLUMNS = 8
_MOST_PIECES = 72


def section(material: Material) -> Section:
    """One block a tokenizer; a learned vocabulary that is in none of them gets its own."""
    evidence, words = material.evidence, material.words
    found: list[tuple[str, list[tuple[str, int]]]] = [
        (t.name, [(a.piece, a.count) for a in t.extension.added]) for t in evidence.tokenizers
    ]
    known = {piece for _, pieces in found for piece, _ in pieces}
    for vocabulary in evidence.vocabularies:
        share_known = sum(piece in known for piece, _ in vocabulary.pieces)
        if share_known * 2 < len(vocabulary.pieces):
            found.append((vocabulary.name, list(vocabulary.pieces)))
    short = short_names([name for name, _ in found])
    parts: list[Part | None] = []
    for number, (full_name, counted) in enumerate(found):
        name = short[full_name]
        key = f"_{number + 1}" if number else ""
        pieces = [piece for piece, _ in counted]
        if pieces:
            parts.append(_vocabulary_chart(visible(name), pieces, words, key=key))
            parts.append(_most_frequent(name, counted, words, key=key))
            parts.append(_vocabulary_table(visible(name), pieces, words, key=key))
        if number < len(evidence.tokenizers):
            dropped = _dropped_table(name, evidence.tokenizers[number], words, key=key)
            parts.append(dropped)
    return make_section("vocabulary", words, parts, kinds=("tokenizer", "added vocabulary"))


def _most_frequent(
    name: str, counted: list[tuple[str, int]], words: Words, *, key: str
) -> Pieces | None:
    """The pieces of two characters and more that training met most often."""
    longer = [(piece, count) for piece, count in counted if len(piece) > 1 and count > 0]
    top = sorted(longer, key=lambda item: -item[1])[:_MOST_PIECES]
    title = words("vocabulary.top", name=visible(name))
    note = words("vocabulary.top.note")
    return Pieces(f"most_frequent{key}", title, tuple(top), note) if top else None


def _vocabulary_chart(name: str, pieces: Sequence[str], words: Words, *, key: str) -> Chart:
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


def _vocabulary_table(name: str, pieces: Sequence[str], words: Words, *, key: str) -> Table:
    """Added pieces by script (rows) and length (columns)."""
    rows = []
    for script, lengths in by_script_and_length(pieces).items():
        row: dict[str, Any] = {"script": words(f"script.{script}"), "total": lengths.total()}
        row |= {f"length_{n}": lengths[n] for n in range(1, _COLUMNS + 1)}
        rows.append(row | {"longer": sum(c for n, c in lengths.items() if n > _COLUMNS)})
    columns = (
        *make_columns(words, ("script", "script", "text"), ("total", "total", "count")),
        *(Column(f"length_{n}", words("col.length", n=n), "count") for n in range(1, _COLUMNS + 1)),
        Column("longer", words("col.longer"), "count"),
    )
    title = words("vocabulary.table", name=name)
    return Table(f"vocabulary{key}", title, columns, tuple(rows), folded=True)


def _dropped_table(
    name: str, tokenizer: TokenizerResult, words: Words, *, key: str
) -> Table | None:
    """How many pieces the merge left out, by reason."""
    rows = [{"reason": reason, "pieces": n} for reason, n in tokenizer.dropped.items() if n]
    columns = make_columns(words, ("reason", "reason", "text"), ("pieces", "pieces", "count"))
    title = words("vocabulary.dropped", name=name)
    return Table(f"dropped{key}", title, columns, tuple(rows)) if rows else None


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
