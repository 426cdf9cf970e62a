"""The report as Markdown that can be pasted into a model card; charts stand beside it as files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import regex

from tokext.report.parts import (
    Chart,
    Column,
    Commands,
    Part,
    Pieces,
    Report,
    Sample,
    Segmenter,
    Table,
)
from tokext.report.segments import segmentation_text
from tokext.report.show import EMPTY, format_value, visible
from tokext.report.words import Words

#: Of a line of text as tokens; the page and report.json have all of them.
_CELL_CHARS = 100
_SPECIAL = regex.compile(r"([\\`*_{}\[\]()#+!|~$^:=-])")
#: What only a person can add to the front of a card.
_UNKNOWN = {
    "base_model": "say which, as OWNER/NAME",
    "license": "say which, by the name that the hub gives it, such as apache-2.0",
}
_TAGS = ("tokext", "vocabulary-extension")


def markdown(report: Report, words: Words) -> str:
    """The whole report, with the front matter of a model card where the base is known."""
    facts = "\n".join(f"- {_text(fact.label)}: **{_text(fact.value)}**" for fact in report.facts)
    blocks = [
        _front_matter(report.card),
        f"# {_text(report.title)}",
        f"**{_text(report.headline.sentence)}**",
        facts,
    ]
    for section in report.sections:
        blocks += [f"## {_text(section.title)}", _text(section.plain_lead or section.lead)]
        blocks += [_part(part, words) for part in section.parts]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _front_matter(card: Mapping[str, Any]) -> str:
    if not card:
        return ""
    # A JSON string is a YAML string too, whatever it holds.
    given = {**card, "library_name": "transformers"}
    lines = [
        f"# {key}: {_UNKNOWN[key]}" if value is None else f"{key}: {json.dumps(value)}"
        for key, value in given.items()
    ]
    return "\n".join(["---", *lines, "tags:", *(f"- {tag}" for tag in _TAGS), "---"])


def _part(part: Part, words: Words) -> str:
    if isinstance(part, Table):
        return _table(part, words)
    if isinstance(part, Chart):
        title = f"### {_text(part.title)}"
        image = f"![{_text(part.alt)}]({part.name}.png)"
        return "\n\n".join(block for block in (title, image, _text(part.note)) if block)
    if isinstance(part, Sample):
        return _sample(part, words)
    if isinstance(part, Segmenter):
        return _text(words("segmenter.without", before=part.before, after=part.after))
    if isinstance(part, Commands):
        return _commands(part)
    return _pieces(part)


def _table(table: Table, words: Words) -> str:
    head = _line(_text(column.title) for column in table.columns)
    rule = _line("--:" if _is_number(column) else "---" for column in table.columns)
    rows = [_line(_cell(c, row, words) for c in table.columns) for row in table.rows]
    lines = "\n".join([head, rule, *rows])
    blocks = (f"### {_text(table.title)}", lines, _text(table.note))
    return "\n\n".join(block for block in blocks if block)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _is_number(column: Column) -> bool:
    return column.form in {"count", "ratio", "share", "seconds"}


def _cell(column: Column, row: Mapping[str, Any], words: Words) -> str:
    value = row.get(column.key)
    if column.form == "holds":
        if value is None:
            return words("not_tried")
        return words("holds") if value else f"**{words('broken')}**"
    if column.form == "examples":
        return "<br>".join(_text(s) for s in [row.get("note"), *(value or ())] if s) or EMPTY
    if column.form == "tokens" and value:
        return _text(_first_tokens(value))
    return _text(format_value(value, column.form))


def _first_tokens(tokens: str) -> str:
    """As many tokens, with bars between them, as a cell of a table can show.

    Example:
        >>> _first_tokens("|".join(["ab"] * 99))[-10:]
        '|ab|ab|ab…'
    """
    if len(tokens) <= _CELL_CHARS:
        return tokens
    return tokens[:_CELL_CHARS].rpartition("|")[0] + "…"


def _sample(sample: Sample, words: Words) -> str:
    caption = words("sample.caption", corpus=sample.corpus, n_chars=f"{len(sample.text):,}")
    blocks = [f"### {_text(caption)}"]
    for found in sample.segmentations:
        count = words(
            "sample.count",
            n_tokens=f"{found.n_tokens:,}",
            ratio=f"{found.chars_per_token:.2f}",
            n_bytes=f"{found.n_byte_tokens:,}",
        )
        blocks += [
            f"{_text(found.tokenizer)}: {_text(count)}",
            f"> {_text(segmentation_text(found))}",
        ]
    return "\n\n".join(blocks)


def _commands(commands: Commands) -> str:
    block = "\n".join(f"    {line}" for line in commands.lines)
    return "\n\n".join([f"### {_text(commands.title)}", block, _text(commands.note)])


def _pieces(pieces: Pieces) -> str:
    listed = " · ".join(
        _text(piece) + ("" if count is None else f" {count:,}") for piece, count in pieces.pieces
    )
    return "\n\n".join([f"### {_text(pieces.title)}", listed, _text(pieces.note)])


def _text(text: str) -> str:
    r"""Text that Markdown and the HTML inside it leave alone, in one line.

    Example:
        >>> _text("a|b <script> *c*")
        'a\\|b &lt;script&gt; \\*c\\*'
    """
    safe = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe)
