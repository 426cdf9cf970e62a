"""What a search for leaks returns: a leak with its place, and the answer it was found in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["word", "line", "response"]
Confidence = Literal["high", "low"]


@dataclass(frozen=True, order=True)
class Leak:
    """A stretch of another language; `start` and `end` count code points of the text.

    `language` is one of ``en zh ko ru ja xl xx`` (``xl``: any other language in Latin script,
    ``xx``: any other script); `detail` may name it more finely. `reason` says which rule found it.
    """

    start: int
    end: int
    text: str
    language: str
    level: Level
    confidence: Confidence
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Found:
    """A stretch of a line that leaks, before its level is known."""

    start: int
    end: int
    language: str
    confidence: Confidence
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Scan:
    r"""Everything that is known about the language of one answer.

    `response_language` is the expected language unless another one has at least 80 % of the
    weight. `leaked_lines` are indices into ``text.split("\n")`` of the lines that leak as a whole
    (level ``line`` or ``response``).
    """

    leaks: tuple[Leak, ...]
    leaked_lines: tuple[int, ...]
    response_language: str
    n_lines: int
    is_code: bool

    @property
    def leaked(self) -> bool:
        """Whether the answer holds any leak."""
        return bool(self.leaks)
