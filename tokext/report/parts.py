"""What a report is made of: plain data, which every output format draws in its own way.

Tables hold numbers, not text: `report.json` gets them as they are, the pages get them formatted,
and so the three cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tokext.records import InputFile, SegmentedToken
from tokext.report.packed import PackedVocabulary

Form = Literal[
    "text", "tokens", "count", "ratio", "share", "seconds", "digest", "holds", "examples"
]


@dataclass(frozen=True)
class Column:
    """A column: the key of its values in a row, its heading, and how its values are written."""

    key: str
    title: str
    form: Form = "text"


@dataclass(frozen=True)
class Table:
    """Rows of plain values under columns. `folded` tables open on a click."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Any], ...]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart as data: `kind` names the function in `charts` that draws it.

    `alt` says in words what the picture shows, for readers who do not see it.
    """

    name: str
    kind: str
    title: str
    alt: str
    data: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True)
class Segmented:
    """One text as one tokenizer cuts it."""

    tokenizer: str
    tokens: tuple[SegmentedToken, ...]
    n_chars: int

    @property
    def n_tokens(self) -> int:
        """How many tokens the text takes."""
        return len(self.tokens)

    @property
    def n_byte_tokens(self) -> int:
        """How many of them are single bytes."""
        return sum(token.is_byte for token in self.tokens)

    @property
    def chars_per_token(self) -> float:
        """Characters of the text in one token, on average."""
        return self.n_chars / self.n_tokens if self.tokens else 0.0


@dataclass(frozen=True)
class Sample:
    """One text, segmented by several tokenizers, the base first."""

    corpus: str
    text: str
    segmentations: tuple[Segmented, ...]
    folded: bool = False


@dataclass(frozen=True)
class Pieces:
    """Pieces, most with a number each, shown as they are: the most used, say.

    `numbers` are those that the note speaks of.
    """

    name: str
    title: str
    pieces: tuple[tuple[str, int | None], ...]
    note: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Segmenter:
    """A box to put a text into, and the vocabulary that cuts it before and after a merge.

    `texts` are (name, text) to choose from.
    """

    name: str
    before: str
    after: str
    vocabulary: PackedVocabulary
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Commands:
    """Lines to type, in order."""

    name: str
    title: str
    lines: tuple[str, ...]
    note: str = ""


Part = Table | Chart | Sample | Pieces | Segmenter | Commands


@dataclass(frozen=True)
class Section:
    """A heading, a sentence or two, and what they speak of.

    `kinds` are the kinds of results it was made from; none means any. `plain_lead` stands
    instead of the lead where nothing can be pointed at.
    """

    name: str
    title: str
    lead: str
    parts: tuple[Part, ...]
    kinds: tuple[str, ...] = ()
    plain_lead: str = ""


@dataclass(frozen=True)
class Fact:
    """A number at the head of the page, already in words, with the numbers it is made of."""

    label: str
    value: str
    numbers: Mapping[str, Any]
    good: bool | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Headline:
    """The report in one sentence. `before` and `after` are shown large where there are two."""

    sentence: str
    numbers: Mapping[str, Any]
    before: float | None = None
    after: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Source:
    """A file that the report was made from, and how that file came to be, as far as it says so."""

    file: InputFile
    kind: str
    created: str | None = None
    command: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Report:
    """A whole report, in one language, ready to be written in any format."""

    title: str
    locale: str
    headline: Headline
    facts: tuple[Fact, ...]
    sections: tuple[Section, ...]
    card: Mapping[str, Any]
    files: tuple[Source, ...]

    def sources(self, kinds: tuple[str, ...]) -> list[str]:
        """The files of these kinds; all of them where no kind is named."""
        return [s.file.name for s in self.files if not kinds or s.kind in kinds]

    def parts(self, kind: type[Any]) -> list[Any]:
        """Every part of one kind, in reading order."""
        return [part for section in self.sections for part in section.parts if type(part) is kind]
