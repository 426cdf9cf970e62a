"""Where an answer leaves the language it was asked in: words, lines, whole answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from tokext.bench.leakage import context
from tokext.bench.leakage.byscript import find_by_script
from tokext.bench.leakage.chinese import evidence, find_chinese
from tokext.bench.leakage.latin import find_latin
from tokext.bench.leakage.lines import (
    CODE,
    DATA,
    PROSE,
    LineKind,
    is_about_programs,
    is_code_answer,
    line_kinds,
    words_of_code,
)
from tokext.bench.leakage.masks import cover_latin, mask_line
from tokext.bench.leakage.prompts import Allowance, read_allowance
from tokext.bench.leakage.scripts import (
    HAN,
    LATIN,
    MASKED,
    find_foreign_runs,
    foreign_letters,
    n_japanese,
    n_kana,
)
from tokext.bench.leakage.spans import Found, Leak, Level, Scan
from tokext.errors import InputError

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


def find_leaks(
    text: str, language: str = "ja", prompt: str | None = None, allowed: Iterable[str] = ()
) -> tuple[Leak, ...]:
    r"""Find every stretch of an answer that is in another language than the one expected.

    For Japanese, words, clauses and lines of English, Chinese, Korean, Russian and others are told
    from names, code, glosses and what else Japanese writes in other letters. For other expected
    languages only scripts are compared: see :func:`tokext.bench.leakage.byscript.find_by_script`
    for what that cannot see.

    Args:
        text: The answer. Line breaks are ``\n``.
        language: The expected language.
        prompt: What was asked; its own words, and what it asks for, are no leaks.
        allowed: Languages that are asked for, by code.

    Returns:
        The leaks in order, none overlapping another.

    Raises:
        InputError: No rules for the expected language.

    Example:
        >>> for leak in find_leaks("経済的不平等のgapが拡大しています。"):
        ...     print(leak.text, leak.language, leak.level, leak.reason)
        gap en word 'gap' is an ordinary word in lower case
        >>> find_leaks("人工知能（artificial intelligence）はGoogleも研究しています。")
        ()
    """
    return scan(text, language, prompt, allowed).leaks


def scan(
    text: str, language: str = "ja", prompt: str | None = None, allowed: Iterable[str] = ()
) -> Scan:
    r"""Everything :func:`find_leaks` learns about an answer on its way.

    Example:
        >>> found = scan("Sure, here is a story in Japanese.\n昔々、森に小さな村がありました。")
        >>> found.leaked_lines, found.response_language
        ((0,), 'ja')
    """
    if not isinstance(text, str):
        raise InputError(
            f"text is {type(text).__name__}, not a string.", hint="pass the answer's text."
        )
    allowance = read_allowance(prompt, allowed)
    lines = text.split("\n")
    kinds = line_kinds(lines)
    allowance = allowance.with_code(words_of_code(lines, kinds), is_about_programs(text))
    if language == "ja":
        views = _find_in_lines(lines, kinds, allowance)
    else:
        views = [
            _View(
                line,
                line,
                kind,
                list(find_by_script(line, language, allowance)) if kind != CODE else [],
            )
            for line, kind in zip(lines, kinds, strict=True)
        ]
    weights = _Weights.of(views, language) if any(view.found for view in views) else _Weights()
    leaks: list[Leak] = []
    leaked: list[int] = []
    response = weights.response_language()
    if language == "ja" and weights.by_language:
        _promote(views, response, allowance)
    at = 0
    for index, view in enumerate(views):
        for leak in view.leaks(at, response):
            leaks.append(leak)
            if leak.level != "word" and (not leaked or leaked[-1] != index):
                leaked.append(index)
        at += len(view.raw) + 1
    return Scan(
        tuple(leaks),
        tuple(leaked),
        response or language,
        n_lines=sum(1 for line in lines if line.strip()),
        is_code=is_code_answer(lines, kinds),
    )


@cache
def _trigger() -> re.Pattern[str]:
    """A line without one of these characters is plain Japanese."""
    return re.compile(f"[{LATIN}{foreign_letters()}]")


@dataclass
class _View:
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


def _find_in_lines(lines: list[str], kinds: list[LineKind], allowance: Allowance) -> list[_View]:
    needed = _trigger().search
    chinese = evidence().search
    views: list[_View] = []
    for line, kind in zip(lines, kinds, strict=True):
        if kind == CODE or not (needed(line) or chinese(line)):
            views.append(_View(line, line, kind))
            continue
        masked = mask_line(line)
        if kind == DATA:
            masked = cover_latin(masked)
        view = _View(line, masked, kind)
        view.found = _find_in_line(view, allowance)
        if view.found:
            view.whole = _whole_line(view)
        views.append(view)
    return views


_ENTRY = re.compile(r"\s*(?:[-*+・•●■◆▪]|\d+[.)．、]|[(（]\d+[)）]|[#>])")


def _find_in_line(view: _View, allowance: Allowance) -> list[Found]:
    line, raw = view.masked, view.raw
    found: list[Found] = []
    if view.kind == PROSE or "zh" not in allowance.languages:
        found.extend(
            Found(c.start, c.end, "zh", "high" if c.certain else "low", c.reason)
            for c in find_chinese(line)
        )
    found.extend(
        Found(run.start, run.end, run.language, "high", f"{run.detail} letters", run.detail)
        for run in find_foreign_runs(line)
    )
    found = [f for f in found if not _is_excused(raw, f, allowance)]
    if view.kind != DATA and _LATIN_RUN.search(line):
        is_entry = _ENTRY.match(raw) is not None and not raw.lstrip().startswith(("#", "**"))
        found.extend(find_latin(line, raw, view.kind, allowance, is_entry))
    found = [f for f in found if f.language not in allowance.languages]
    found.sort(key=lambda f: (f.start, -f.end))
    return _without_overlap(found)


def _is_excused(raw: str, found: Found, allowance: Allowance) -> bool:
    return (
        context.is_gloss(raw, found.start, found.end)
        or context.is_mentioned(raw, found.start, found.end)
        or allowance.quotes(raw[found.start : found.end])
    )


def _without_overlap(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in found:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _weight(text: str) -> float:
    """The language a stretch bears: a letter counts one, a Latin letter half."""
    n_latin = len("".join(_LATIN_RUN.findall(text)))
    n_letters = len("".join(_LETTER_RUN.findall(text)))
    return n_letters - n_latin + LATIN_WEIGHT * n_latin


def _leaking(view: _View) -> float:
    return sum(_weight(view.masked[found.start : found.end]) for found in view.found)


def _whole_line(view: _View) -> Found | None:
    """The leak that takes more than half of the line, as a leak of the whole line."""
    leaking = _leaking(view)
    inside = sum(n_japanese(view.masked[f.start : f.end]) for f in view.found)
    rest = n_japanese(view.masked) - inside
    if leaking <= LINE_SHARE * (leaking + rest):
        return None
    by_language: dict[str, float] = {}
    for f in view.found:
        by_language[f.language] = by_language.get(f.language, 0.0) + _weight(
            view.masked[f.start : f.end]
        )
    language = max(by_language, key=lambda code: by_language[code])
    return max(
        (f for f in view.found if f.language == language),
        key=lambda f: (f.confidence == "high", f.end - f.start),
    )


@dataclass
class _Weights:
    """How much of an answer each language has; Han that could be either is left out."""

    expected: float = 0.0
    by_language: dict[str, float] = field(default_factory=dict)

    @staticmethod
    def of(views: list[_View], language: str) -> _Weights:
        total = _Weights()
        for view in views:
            if view.kind == CODE:
                continue
            if view.whole is not None:
                rest = 0.0 if n_japanese(view.masked) else _weight(view.masked) - _leaking(view)
                total._add(view.whole.language, rest)
            for found in view.found:
                total._add(found.language, _weight(view.masked[found.start : found.end]))
            if language != "ja":
                total.expected += _weight(view.masked) - sum(
                    _weight(view.masked[f.start : f.end]) for f in view.found
                )
            elif n_kana(view.raw):
                total.expected += n_japanese(view.masked) - sum(
                    n_japanese(view.masked[f.start : f.end]) for f in view.found
                )
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


def _promote(views: list[_View], response: str, allowance: Allowance) -> None:
    """Let lines that could be either follow their surroundings.

    In an answer that leaks as a whole, and between two lines that do, a line of capitalized words
    or of bare Han is in the language around it.
    """
    spoken = [view for view in views if view.raw.strip() and view.kind in {PROSE, "json"}]
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


def _language_around(spoken: list[_View], index: int) -> str:
    before = spoken[index - 1].whole if index else None
    after = spoken[index + 1].whole if index + 1 < len(spoken) else None
    if before is None or after is None or before.language != after.language:
        return ""
    return before.language
