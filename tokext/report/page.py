"""The report as one HTML file that holds all it needs and loads nothing."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import regex

from tokext.report.fonts import FIRST_CJK, embedded_font
from tokext.report.inline import inline_svg
from tokext.report.parts import (
    Chart,
    Column,
    Commands,
    Headline,
    Part,
    Pieces,
    Report,
    Sample,
    Segmenter,
    Table,
)
from tokext.report.segmenter import segmenter_html, segmenter_scripts
from tokext.report.segments import segmentation_html
from tokext.report.show import EMPTY, format_value, visible
from tokext.report.words import Words

_ASSETS = Path(__file__).parent / "assets"
_BEFORE_AFTER = regex.compile(r"[\d.,]*\d\w* → [\d.,]*\d\w*")
_NUMERIC = {"count", "ratio", "share", "seconds"}
#: How a guarantee is shown: its class in the style, and its word. None was not tried.
_VERDICTS = {True: ("yes", "holds"), False: ("no", "broken"), None: ("untried", "not_tried")}


#: A chart's drawings as SVG files, for wide and for narrow screens.
Drawings = Mapping[str, tuple[str, str]]


def page(report: Report, words: Words, drawings: Drawings) -> str:
    """The whole page; `drawings` holds those of every chart by its name.

    Everything that came from a text, a piece or a name is escaped, and what is invisible in it is
    written by number.
    """
    body = _body(report, words, drawings)
    texts = "".join(text for part in report.parts(Segmenter) for _, text in part.texts)
    style = (_ASSETS / "page.css").read_text(encoding="utf-8")
    title = escape(visible(f"{report.title} · {report.headline.sentence}"))
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{report.locale}">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f'<meta name="generator" content="tokext {_version()}">',
            f"<title>{title}</title>",
            f"<style>{_fonts(body + style + texts)}{style}</style>",
            "</head>",
            f"<body>\n{body}",
            f"<script>{_scripts(report)}</script>",
            "</body>",
            "</html>\n",
        ]
    )


def _scripts(report: Report) -> str:
    own = (_ASSETS / "page.js").read_text(encoding="utf-8")
    return own + (segmenter_scripts() if report.parts(Segmenter) else "")


def _fonts(text: str) -> str:
    """The fonts that the page brings along, as `@font-face` rules.

    Japanese letters come first in the page's list of fonts: where no other font has them, Chromium
    draws boxes in the first lines if theirs is the last. Symbols come last, since most machines
    have them.
    """
    letters = embedded_font("".join(c for c in text if ord(c) >= FIRST_CJK))
    symbols = embedded_font("".join(c for c in text if ord(c) < FIRST_CJK))
    return "".join(
        f'@font-face{{font-family:"tokext {family}";src:url({font}) format("woff")}}\n'
        for family, font in (("Japanese", letters), ("Symbols", symbols))
        if font
    )


def _body(report: Report, words: Words, drawings: Drawings) -> str:
    contents = "".join(
        f'<li><a href="#{section.name}">{_text(section.title)}</a></li>'
        for section in report.sections
    )
    sections = "\n".join(
        f'<section id="{s.name}"><h2>{_text(s.title)}</h2>\n<p class="lead">{_text(s.lead)}</p>\n'
        + "\n".join(_part(part, words, drawings) for part in s.parts)
        + "\n</section>"
        for s in report.sections
    )
    made = words("page.made", version=_version())
    return f"""<header class="top">
<p class="brand">{_text(report.title)}</p>
<button type="button" class="theme" hidden>{_text(words("page.theme"))}</button>
</header>
<main>
{_hero(report)}
<nav aria-label="{_text(words("page.contents"))}"><ul>{contents}</ul></nav>
{sections}
</main>
<footer><p>{_text(made)} {_text(words("page.numbers"))}</p></footer>
<div id="tip" role="status" hidden></div>"""


def _hero(report: Report) -> str:
    facts = "".join(
        f"<div{_good(fact.good)}><dt>{_text(fact.label)}</dt><dd>{_text(fact.value)}</dd></div>"
        for fact in report.facts
    )
    return (
        f'<div class="hero">\n{_before_after(report.headline)}'
        f"<h1>{_unbroken(report.headline.sentence)}</h1>\n"
        + (f'<dl class="facts">{facts}</dl>\n' if facts else "")
        + "</div>"
    )


def _unbroken(sentence: str) -> str:
    """The sentence as HTML that keeps "before → after" on one line."""
    return _BEFORE_AFTER.sub(r'<span class="unbroken">\g<0></span>', _text(sentence))


def _before_after(headline: Headline) -> str:
    """The two numbers, large. The sentence says them too, so screen readers skip these."""
    if headline.after is None:
        return ""
    numbers = f'<span class="after">{headline.after:.2f}</span>'
    if headline.before is not None:
        before = f'<span class="before">{headline.before:.2f}</span>'
        numbers = f'{before}<span class="arrow">→</span>{numbers}'
    return f'<p class="big" aria-hidden="true">{numbers}<small>{_text(headline.unit)}</small></p>\n'


def _good(good: bool | None) -> str:
    return "" if good is None else f' class="{"good" if good else "bad"}"'


def _part(part: Part, words: Words, drawings: Drawings) -> str:
    if isinstance(part, Table):
        return _table(part, words)
    if isinstance(part, Chart):
        return _chart(part, *drawings[part.name])
    if isinstance(part, Sample):
        return _sample(part, words)
    if isinstance(part, Segmenter):
        return segmenter_html(part, words)
    if isinstance(part, Commands):
        return _commands(part)
    return _pieces(part)


def _chart(chart: Chart, wide: str, narrow: str) -> str:
    """The chart twice, for wide and for narrow screens; one of them is shown."""
    wide = inline_svg(wide, chart.name)
    narrow = inline_svg(narrow, f"{chart.name}-narrow")
    note = f'<p class="note">{_text(chart.note)}</p>' if chart.note else ""
    return (
        f'<figure><figcaption id="{chart.name}-title">{_text(chart.title)}</figcaption>\n'
        f'<div role="img" aria-label="{_text(chart.alt)}">'
        f'<div class="wide">{wide}</div><div class="narrow">{narrow}</div></div>{note}</figure>'
    )


def _table(table: Table, words: Words) -> str:
    head = "".join(f'<th scope="col"{_align(c)}>{_text(c.title)}</th>' for c in table.columns)
    rows = "\n".join(
        f"<tr{_same(table, number)}>{_cells(table, row, words)}</tr>"
        for number, row in enumerate(table.rows)
    )
    note = f'<p class="note">{_text(table.note)}</p>' if table.note else ""
    label = _text(table.title)
    inner = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f'<table class="{table.name.split("_")[0]}"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>{note}"
    )
    opened = "" if table.folded else " open"
    return f'<details class="table"{opened}><summary>{label}</summary>\n{inner}</details>'


def _same(table: Table, number: int) -> str:
    """Mark a row that goes on about what the row above it spoke of."""
    key = table.columns[0].key
    repeats = number > 0 and table.rows[number].get(key) == table.rows[number - 1].get(key)
    return ' class="same"' if repeats and table.columns[0].form == "text" else ""


def _cells(table: Table, row: Mapping[str, Any], words: Words) -> str:
    return "".join(f"<td{_align(c)}>{_cell(c, row, words)}</td>" for c in table.columns)


def _cell(column: Column, row: Mapping[str, Any], words: Words) -> str:
    value = row.get(column.key)
    if column.form == "holds":
        mark, word = _VERDICTS[value]
        return f'<span class="{mark}">{_text(words(word))}</span>'
    if column.form == "examples":
        note = f"<p>{_text(row['note'])}</p>" if row.get("note") else ""
        items = "".join(f"<li><code>{_text(example)}</code></li>" for example in value or ())
        return note + (f"<ul>{items}</ul>" if items else "") or EMPTY
    if column.form == "digest" and value:
        return f'<code title="{_text(str(value))}">{_text(format_value(value, "digest"))}</code>'
    return _text(format_value(value, column.form))


def _align(column: Column) -> str:
    return ' class="n"' if column.form in _NUMERIC else ""


def _sample(sample: Sample, words: Words) -> str:
    caption = words("sample.caption", corpus=sample.corpus, n_chars=f"{len(sample.text):,}")
    sides = "".join(
        f'<div class="side"><h3>{_text(s.tokenizer)}</h3><p class="count">'
        + _text(
            words(
                "sample.count",
                n_tokens=f"{s.n_tokens:,}",
                ratio=f"{s.chars_per_token:.2f}",
                n_bytes=f"{s.n_byte_tokens:,}",
            )
        )
        + f"</p>{segmentation_html(s, words)}</div>"
        for s in sample.segmentations
    )
    legend = (
        f'<p class="note"><label class="ids" hidden><input type="checkbox"> '
        f"{_text(words('sample.ids'))}</label> <span>{_text(words('sample.added'))}</span></p>"
    )
    opened = "" if sample.folded else " open"
    return (
        f'<details class="sample"{opened}><summary>{_text(caption)}</summary>\n'
        f'<div class="sides">{sides}</div>{legend}</details>'
    )


def _commands(commands: Commands) -> str:
    lines = "\n".join(map(_text, commands.lines))
    note = f'<p class="note">{_text(commands.note)}</p>' if commands.note else ""
    return f"<h3>{_text(commands.title)}</h3><pre><code>{lines}</code></pre>{note}"


def _pieces(pieces: Pieces) -> str:
    items = "".join(
        f"<li><bdi>{_text(piece)}</bdi>"
        + ("</li>" if count is None else f"<small>{count:,}</small></li>")
        for piece, count in pieces.pieces
    )
    note = f'<p class="note">{_text(pieces.note)}</p>' if pieces.note else ""
    return (
        f'<details class="table" open><summary>{_text(pieces.title)}</summary>'
        f'<ul class="pieces">{items}</ul>{note}</details>'
    )


def _text(text: str) -> str:
    """Text fit for HTML, between tags and inside quotes."""
    return escape(visible(text), quote=True)


def _version() -> str:
    return importlib.metadata.version("tokext")
