"""Which of the added pieces texts use, and which they never do."""

from __future__ import annotations

from typing import Any

from tokext.report.comparison import Comparison, Row
from tokext.report.parts import Chart, Part, Pieces, Section
from tokext.report.sections.build import Material, alt_text, make_section, names_of
from tokext.report.show import visible
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """How many added pieces each corpus uses; the most used and some that the main one never does.

    A piece that one text never uses may serve another, so the share is drawn for each.
    """
    if material.comparison is None:
        return None
    comparison, words = material.comparison, material.words
    rows = [row for row in comparison.rows() if row.get("n_added") and row.get("added_use")]
    if not rows:
        return None
    main = next((row for row in rows if row["corpus"] == comparison.main), rows[0])
    corpus = visible(comparison.short_corpus[main["corpus"]])
    parts: list[Part | None] = [_chart(comparison, rows, words), *_pieces(main, corpus, words)]
    return make_section("use", words, parts, kinds=("compression",))


def _chart(comparison: Comparison, rows: list[Row], words: Words) -> Chart:
    bars: list[dict[str, Any]] = []
    spoken = []
    n_extended = len({row["tokenizer"] for row in rows})
    for row in rows:
        names = names_of(comparison, row)
        numbers = {"n_added_used": row["n_added_used"], "n_added": row["n_added"]}
        said = {key: f"{value:,}" for key, value in numbers.items()}
        label = names["corpus"] + (f" · {names['tokenizer']}" if n_extended > 1 else "")
        share = row["n_added_used"] / row["n_added"]
        bars.append({**names, **numbers, "label": label, "share": share})
        bars[-1]["text"] = words("use.of", **said)
        spoken.append(words("use.alt.value", **names, **said))
    alt = alt_text(words, "use.alt", spoken)
    return Chart("use", "shares", words("use.chart"), alt, {"bars": bars})


def _pieces(row: Row, corpus: str, words: Words) -> list[Pieces]:
    most = tuple((piece, int(n)) for piece, n in row["added_use"]["most"])
    never = tuple((piece, None) for piece in row["added_use"]["never"])
    n_never = row["n_added"] - row["n_added_used"]
    found = [
        Pieces("most_used", words("use.most", corpus=corpus), most, words("use.most.note")),
        Pieces(
            "never_used",
            words("use.never", corpus=corpus),
            never,
            words("use.never.note", n_never=f"{n_never:,}"),
            {"n_never": n_never},
        ),
    ]
    return [pieces for pieces in found if pieces.pieces]
