"""A closer look at one corpus: which added pieces it uses, and lines that are cut differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PieceUse:
    """The added pieces that a corpus uses most, with their counts, and some it never uses.

    `never` are the first of them in rank order: those that training thought most useful.
    """

    most: tuple[tuple[str, int], ...]
    never: tuple[str, ...]

    @staticmethod
    def from_dict(fields: Mapping[str, Any] | None) -> PieceUse | None:
        """The use as JSON holds it; None where there is none."""
        if fields is None:
            return None
        most = tuple((str(piece), int(count)) for piece, count in fields["most"])
        return PieceUse(most, tuple(map(str, fields["never"])))


@dataclass(frozen=True)
class ChangedLine:
    """A line, and its pieces by the first tokenizer and by this one."""

    line: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> ChangedLine:
        """The line as JSON holds it."""
        return ChangedLine(fields["line"], tuple(fields["before"]), tuple(fields["after"]))
