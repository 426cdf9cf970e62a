"""Where an answer leaves the language it was asked in: words, lines, whole answers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache

from tokext.bench.leakage import context
from tokext.bench.leakage.byscript import find_by_script
from tokext.bench.leakage.chinese import evidence, find_chinese
from tokext.bench.leakage.latin import find_latin
from tokext.bench.leakage.levels import LineView, Weights, promote, whole_line
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
    LATIN,
    find_foreign_runs,
    foreign_letters,
    n_japanese,
    narrow,
)
from tokext.bench.leakage.spans import Found, Leak, Scan
from tokext.errors import InputError

_LATIN_LETTER = re.compile(f"[{LATIN}]")


def find_leaks(
    text: str, language: str = "ja", prompt: str | None = None, allowed: Iterable[str] = ()
) -> tuple[Leak, ...]:
    r"""Find every stretch of an answer that is in another language than the one expected.

    For Japanese, words, clauses and lines of English, Chinese, Korean, Russian and others are told
    from names, code, glosses and what else Japanese writes in other letters. For other expected
    languages only scripts are compared: see :func:`tokext.bench.leakage.byscript.find_by_script`
    for what that cannot see. Full-width Latin is read like any other.

    Args:
        text: The answer. Line breaks are ``\n``.
        language: The expected language.
        prompt: What was asked; what it asks for in Japanese or English, the words of a Japanese
            prompt, and what any prompt quotes are no leaks.
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
    allowance = read_allowance(prompt and narrow(prompt), allowed)
    lines = narrow(text).split("\n")
    kinds = line_kinds(lines)
    allowance = allowance.with_code(words_of_code(lines, kinds), is_about_programs(text))
    if language == "ja":
        views = _find_in_lines(lines, kinds, allowance)
    else:
        views = _by_script(lines, kinds, language, allowance)
    weights = Weights.of(views, language) if any(view.found for view in views) else Weights()
    leaks: list[Leak] = []
    leaked: list[int] = []
    response = weights.response_language()
    if language == "ja" and weights.by_language:
        promote(views, response, allowance)
    at = 0
    for index, view in enumerate(views):
        for leak in view.leaks(at, response):
            leaks.append(replace(leak, text=text[leak.start : leak.end]))
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


def _find_in_lines(lines: list[str], kinds: list[LineKind], allowance: Allowance) -> list[LineView]:
    needed = _trigger().search
    chinese = evidence().search
    views: list[LineView] = []
    for line, kind in zip(lines, kinds, strict=True):
        if kind == CODE or not (needed(line) or chinese(line)):
            views.append(LineView(line, line, kind))
            continue
        masked = mask_line(line)
        if kind == DATA:
            masked = cover_latin(masked)
        view = LineView(line, masked, kind)
        view.found = _find_in_line(view, allowance)
        if view.found:
            view.whole = whole_line(view)
        views.append(view)
    return views


def _by_script(
    lines: list[str], kinds: list[LineKind], language: str, allowance: Allowance
) -> list[LineView]:
    views: list[LineView] = []
    for line, kind in zip(lines, kinds, strict=True):
        view = LineView(line, mask_line(line) if kind != CODE else line, kind)
        if kind != CODE:
            view.found = list(find_by_script(view.masked, view.raw, language, allowance))
            view.whole = whole_line(view, language)
        views.append(view)
    return views


_ENTRY = re.compile(r"\s*(?:[-*+・•●■◆▪]|\d+[.)．、]|[(（]\d+[)）]|[#>])")


def _find_in_line(view: LineView, allowance: Allowance) -> list[Found]:
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
    if view.kind != DATA and _LATIN_LETTER.search(line):
        is_entry = _ENTRY.match(raw) is not None and not raw.lstrip().startswith(("#", "**"))
        found.extend(find_latin(line, raw, view.kind, allowance, is_entry))
    found = [f for f in found if not _is_asked_for(view, f, allowance)]
    found.sort(key=lambda f: (f.start, -f.end))
    return _without_overlap(found)


def _is_asked_for(view: LineView, found: Found, allowance: Allowance) -> bool:
    """Whether the prompt asks for it; a lesson asks for words, quotations and examples."""
    if found.language in allowance.languages:
        return True
    if found.language not in allowance.taught:
        return False
    return (
        not context.is_sentence(view.raw[found.start : found.end])
        or context.quote_around(view.raw, found.start, found.end) != ""
        or _ENTRY.match(view.raw) is not None
        or n_japanese(view.raw) > 0
    )


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
