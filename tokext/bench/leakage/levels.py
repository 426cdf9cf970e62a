"""From words to lines to whole answers: how much of each leaks, by the weight of its letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tokext.bench.leakage.lines import CODE, JSON, PROSE, LineKind
from tokext.bench.leakage.prompts import Allowance
from tokext.bench.leakage.scripts import HAN, LATIN, MASKED, n_japanese, n_kana, own_run
from tokext.bench.leakage.spans import Found, Leak, Level

#: A line leaks as a whole when more than this share of its weight does.
LINE_SHARE = 0.5
#: An answer leaks as a whole when one language has at least this share of its weight.
RESPONSE_SHARE = 0.8
#: A Latin word needs about twice the letters of a Japanese one, so a letter weighs half.
LATIN_WEIGHT = 0.5

_LATIN_RUN = re.compile(f"[{LATIN}]+")
_LETTER_RUN = re.compile(rf"[^\W\d_{MASKED}]+")
_LATIN_WORD = re.compile(f"[{LATIN}]{{2}}")
_HAN_RUN = re.compile(f"[{HAN}]+")


@dataclass
class LineView:
    """One line: as written, as masked, what it belongs to, and what leaks in it."""

    raw: str
    masked: str
    kind: LineKind
    found: list[Found] = field(default_factory=list)
    whole: Found | None = None

    def leaks(self, at: int, response: str) -> Iterator[Leak]:
        """The leaks of this line, `at` code points into the text."""
        if self.whole is not None:
            level: Level = "response" if self.whole.language == response else "line"
            stripped = self.raw.strip()
            start = self.raw.index(stripped)
            yield _leak(
                replace(self.whole, start=start, end=start + len(stripped)), self.raw, at, level
            )
        else:
            for found in self.found:
                yield _leak(
                    found, self.raw, at, "response" if found.language == response else "word"
                )


def _leak(found: Found, line: str, at: int, level: Level) -> Leak:
    return Leak(
        at + found.start,
        at + found.end,
        line[found.start : found.end],
        found.language,
        level,
        found.confidence,
        found.reason,
        found.detail,
    )


def _weight(text: str) -> float:
    """The language a stretch bears: a letter counts one, a Latin letter half."""
    n_latin = len("".join(_LATIN_RUN.findall(text)))
    n_letters = len("".join(_LETTER_RUN.findall(text)))
    return n_letters - n_latin + LATIN_WEIGHT * n_latin


def _own_weight(text: str, language: str) -> float:
    """What a stretch has in letters of the expected language."""
    if language == "ja":
        return n_japanese(text)
    return _weight("".join(own_run(language).findall(text)))


def _own_rest(view: LineView, language: str) -> float:
    inside = sum(_own_weight(view.masked[f.start : f.end], language) for f in view.found)
    return _own_weight(view.masked, language) - inside


def _leaking(view: LineView) -> float:
    return sum(_weight(view.masked[found.start : found.end]) for found in view.found)


def whole_line(view: LineView, language: str = "ja") -> Found | None:
    """The leak that takes more than half of the line, as a leak of the whole line."""
    leaking = _leaking(view)
    if not view.found or leaking <= LINE_SHARE * (leaking + _own_rest(view, language)):
        return None
    by_language: dict[str, float] = {}
    for f in view.found:
        by_language[f.language] = by_language.get(f.language, 0.0) + _weight(
            view.masked[f.start : f.end]
        )
    most = max(by_language, key=lambda code: by_language[code])
    return max(
        (f for f in view.found if f.language == most),
        key=lambda f: (f.confidence == "high", f.end - f.start),
    )


@dataclass
class Weights:
    """How much of an answer each language has; Han that could be either is left out."""

    expected: float = 0.0
    by_language: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def of(views: list[LineView], language: str) -> Weights:
        """The weights of all lines but code, in an answer that is expected in `language`."""
        total = Weights()
        for view in views:
            if view.kind == CODE:
                continue
            if view.whole is not None:
                own = _own_weight(view.masked, language)
                rest = 0.0 if own else _weight(view.masked) - _leaking(view)
                total._add(view.whole.language, rest)
            for found in view.found:
                total._add(found.language, _weight(view.masked[found.start : found.end]))
            if language != "ja" or n_kana(view.raw):
                total.expected += _own_rest(view, language)
        return total

    def _add(self, language: str, weight: float) -> None:
        self.by_language[language] = self.by_language.get(language, 0.0) + weight

    def response_language(self) -> str:
        """The other language that has at least 80 % of the weight, or nothing."""
        total = self.expected + sum(self.by_language.values())
        for language, weight in self.by_language.items():
            if total and weight >= RESPONSE_SHARE * total:
                return language
        return ""


def promote(views: list[LineView], response: str, allowance: Allowance) -> None:
    """Let lines that could be either follow their surroundings.

    In an answer that leaks as a whole, and between two lines that do, a line of capitalized words
    or of bare Han is in the language around it.
    """
    spoken = [view for view in views if view.raw.strip() and view.kind in {PROSE, JSON}]
    for index, view in enumerate(spoken):
        if view.whole is not None or view.kind != PROSE or n_kana(view.raw):
            continue
        language = response or _language_around(spoken, index)
        if language in allowance.languages or not language:
            continue
        letters = (
            _LATIN_WORD if language in {"en", "xl"} else _HAN_RUN if language == "zh" else None
        )
        if (
            letters is None
            or not letters.search(view.masked)
            or (language != "zh" and n_japanese(view.masked))
        ):
            continue
        view.whole = Found(
            0, len(view.raw), language, "low", "a line between lines in that language"
        )


def _language_around(spoken: list[LineView], index: int) -> str:
    before = spoken[index - 1].whole if index else None
    after = spoken[index + 1].whole if index + 1 < len(spoken) else None
    if before is None or after is None or before.language != after.language:
        return ""
    return before.language
