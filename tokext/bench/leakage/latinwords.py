"""Latin words as they stand in a line, each with what kind of word it is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from tokext.bench.leakage.context import names_code
from tokext.bench.leakage.prompts import Allowance
from tokext.bench.leakage.scripts import LATIN
from tokext.bench.leakage.words import is_english, is_romaji, language_votes, word_set

_WORD = re.compile(rf"[{LATIN}]+(?:['’\-‑][{LATIN}]+)*")

#: lower: an ordinary word; small: two letters, or a word that titles keep small; title: a capital
#: first; caps: all capitals; name: anything that is no ordinary word.
Kind = Literal["lower", "small", "title", "caps", "name"]


class Word(NamedTuple):
    """A Latin word at ``[start, end)`` of its line; `lower` has straight apostrophes."""

    start: int
    end: int
    text: str
    lower: str
    kind: Kind


def read_words(line: str, start: int, end: int, allowance: Allowance) -> list[Word]:
    """The Latin words of ``line[start:end]``; those of the prompt and of code are names."""
    words: list[Word] = []
    for match in _WORD.finditer(line, start, end):
        at = match.start()
        lower, kind = _kind_of(match.group(), _host(line[at - 1]) if at else "")
        is_name = kind != "name" and _is_name(line, match.end(), lower, allowance)
        if is_name or _is_unit(line, at, lower):
            kind = "name"
        elif match.group().islower() and _is_half(line, at, match.end(), lower, kind):
            kind = "lower"
        words.append(Word(at, match.end(), match.group(), lower, kind))
    return words


#: Kana that no particle begins with: what they are fused to goes on in them (beautiふる).
_GOES_ON = frozenset("ふぷぶりるれろちつてっぱびみむめ")


def _is_half(line: str, start: int, end: int, lower: str, kind: Kind) -> bool:
    """Whether the other half of the word is in kana: たのed, beautiふる."""
    if lower in _ENDINGS and start and "ぁ" <= line[start - 1] <= "ゖ":
        return True
    if kind != "name" or len(lower) < 5 or line[end : end + 1] not in _GOES_ON:
        return False
    return any(len(word) > len(lower) and word.startswith(lower) for word in word_set("english"))


_NUMBER_BEFORE = re.compile(r"[0-9０-９]\s?$")
#: Endings of English that follow no Japanese particle: what they are fused to is half a word.
_ENDINGS = frozenset(("ed", "ing", "ly", "tion", "ness", "ment"))


def _is_unit(line: str, start: int, lower: str) -> bool:
    if lower not in word_set("units"):
        return False
    return _NUMBER_BEFORE.search(line[max(0, start - 2) : start]) is not None


def _is_name(line: str, end: int, lower: str, allowance: Allowance) -> bool:
    if lower in allowance.words or names_code(line, end):
        return True
    return allowance.is_technical and lower in word_set("code")


#: What a Latin word is fused to: katakana, or Han and kana that no particle ends in, or nothing.
Host = Literal["", "katakana", "stem"]


def _host(before: str) -> Host:
    if "ァ" <= before <= "ー":
        return "katakana"
    return (
        "stem"
        if "\u4e00" <= before <= "\u9fff" or before in "んっゃゅょあひふほみめゆわべぺぱぴぽぼ"
        else ""
    )


@lru_cache(maxsize=1 << 14)
def _kind_of(text: str, host: Host) -> tuple[str, Kind]:
    """A word in lower case, and its kind; beside katakana fewer words are names."""
    lower = text.casefold().replace("’", "'")
    is_fused = host == "katakana"
    kind = _kind_of_lower(lower, host) if text.islower() else _kind_of_upper(text, lower, is_fused)
    return lower, kind


def _kind_of_upper(text: str, lower: str, is_fused: bool) -> Kind:
    if text[0].isupper() and (text[1:].islower() or "-" in text or "'" in lower):
        return "title" if len(text) > 1 else "name"
    if text.isupper():
        return "caps" if len(text) >= 4 else "name"
    is_half = is_fused and len(text) >= 4 and re.match(r"[A-Z]{2,}[a-z]{3,}", text)
    return "lower" if is_half else "name"


def _kind_of_lower(lower: str, host: Host) -> Kind:
    is_fused = host == "katakana"
    if len(lower) <= 2:
        odd = is_fused and len(lower) == 2 and lower not in word_set("neutral")
        return "lower" if odd else "small"
    if is_fused:
        return "lower"
    if lower in word_set("neutral") or is_compound_name(lower) or _BASES.fullmatch(lower):
        return "name"
    if _HASH.fullmatch(lower) and not is_english(lower):
        return "name"
    return "name" if not host and is_romaji(lower) else "lower"


_BASES = re.compile("[acgtu]{6,}")
_HASH = re.compile("[a-f]{6,}")
_PREFIXES = frozenset(("anti", "co", "ex", "multi", "non", "post", "pre", "re", "self", "semi"))


def is_compound_name(lower: str) -> bool:
    """Whether a word with hyphens is a name: one part of it is no word (``scikit-learn``).

    Example:
        >>> is_compound_name("scikit-learn"), is_compound_name("self-esteem")
        (True, False)
    """
    parts = [part for part in re.split("[-‑]", lower) if part and part not in _PREFIXES]
    return len(parts) > 1 and (
        not _is_word(parts[0]) or any(part in word_set("neutral") for part in parts)
    )


def _is_word(part: str) -> bool:
    if len(part) == 1 or part in word_set("neutral"):
        return False
    return is_english(part) or bool(language_votes(part)) or is_romaji(part)
