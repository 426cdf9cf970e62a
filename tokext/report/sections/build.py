"""What sections are built with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.report.comparison import Comparison, Row
from tokext.report.evidence import Evidence
from tokext.report.parts import Column, Form, Part, Section
from tokext.report.show import visible
from tokext.report.words import Words


@dataclass(frozen=True)
class Material:
    """What a section is made from: all that was read, and the words to speak of it.

    `comparison` are the compression rows put in order, None where there are none. `folder` is
    where the report is written.
    """

    evidence: Evidence
    comparison: Comparison | None
    words: Words
    folder: Path = Path("report")


PAIR: tuple[tuple[str, str, Form], ...] = (
    ("corpus", "corpus", "text"),
    ("tokenizer", "tokenizer", "text"),
)


def make_section(
    name: str, words: Words, parts: Iterable[Part | None], kinds: tuple[str, ...] = ()
) -> Section:
    """A section with the title and lead of its name in the locale; missing parts are left out.

    `kinds` are the kinds of results that its numbers are from, so that `report.json` can name the
    files; without any it names all.
    """
    whole = tuple(part for part in parts if part is not None)
    return Section(name, words(f"{name}.title"), words(f"{name}.lead"), whole, kinds)


def compared(
    name: str, material: Material, *makers: Callable[[Comparison, Words], Part | None]
) -> Section | None:
    """A section on compression alone; None where no results were given to compare."""
    if material.comparison is None:
        return None
    parts = [make(material.comparison, material.words) for make in makers]
    return make_section(name, material.words, parts, kinds=("compression",))


def make_columns(words: Words, *given: tuple[str, str, Form]) -> tuple[Column, ...]:
    """Columns from (key of the value, name of the heading, form)."""
    return tuple(Column(key, words(f"col.{title}"), form) for key, title, form in given)


def names_of(comparison: Comparison, row: Row) -> dict[str, str]:
    """A row's corpus and tokenizer as the report names them."""
    return {
        "corpus": comparison.short_corpus[row["corpus"]],
        "tokenizer": comparison.short[row["tokenizer"]],
    }


def cells_about(comparison: Comparison, row: Mapping[str, Any]) -> dict[str, Any]:
    """The cells that say what a row is about, and which file it is from."""
    return {
        "corpus": comparison.short_corpus[row["corpus"]],
        "tokenizer": comparison.short[row["tokenizer"]],
        "source": row["source"],
    }


def alt_text(words: Words, key: str, spoken: list[str]) -> str:
    """What a chart shows in words, from one statement about each of its parts."""
    return visible(words(key, values=words.join(spoken)))
