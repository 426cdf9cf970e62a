"""Other expected languages: what their scripts alone can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tokext.bench.leakage import context
from tokext.bench.leakage.prompts import Allowance
from tokext.bench.leakage.scripts import (
    CYRILLIC,
    HAN,
    HANGUL,
    KANA,
    LATIN,
    OWN,
    detail_of,
    is_chinese_only,
    other_script_class,
)
from tokext.bench.leakage.spans import Found
from tokext.bench.leakage.words import is_english, latin_language, word_set
from tokext.errors import InputError

#: What a comparison of scripts cannot see.
_UNSEEN = {
    "zh": "Japanese without kana, and kinds of Chinese among each other, look the same; a line is "
    "Japanese where kana stand among its Han",
    "ko": "words in Han are taken for Sino-Korean ones, unless kana stand beside them or they hold "
    "a character that only Chinese has",
    "ru": "Ukrainian, Bulgarian and other languages in Cyrillic look the same",
    "ar": "Persian, Urdu and other languages in Arabic script look the same",
    "hi": "Marathi, Nepali and other languages in Devanagari look the same",
    "th": "languages that are written in Thai script look the same",
    "en": "other languages in Latin script are found by frequent words and letters alone",
}
_PROMPTS = (
    "requests are read in Japanese and English only, a prompt's own words only where quoted: give "
    "`allowed`"
)
#: What the rules for a language cannot see, printed with every result.
LIMITS = {code: f"{unseen}; {_PROMPTS}" for code, unseen in _UNSEEN.items()}


def find_by_script(masked: str, raw: str, language: str, allowance: Allowance) -> Iterator[Found]:
    """Leaks of one line, masked and as written, for expected ``zh ko ru ar hi th en``, by script.

    A run of letters of another script leaks. Latin letters leak where they are lower-case words
    (names and acronyms stay), for expected English where their words belong to another language.
    Glosses do not leak, ``人工智能（artificial intelligence）`` and the other way about.
    What this cannot see: languages that share the script of the expected one, requests in other
    languages than Japanese and English, and words that a prompt uses without quoting them
    (:data:`LIMITS`); `allowed` tells of those.

    Raises:
        InputError: No rules for the expected language.

    Example:
        >>> line = "나는 学校に 간다"
        >>> [found.language for found in find_by_script(line, line, "ko", Allowance())]
        ['ja']
    """
    for start, end in _stretches(masked, language):
        text = masked[start:end]
        found = _judge(text, start, end, language)
        if found is None or found.language in allowance.languages or allowance.quotes(text):
            continue
        if not _is_glossary(raw, start, end, language):
            yield found


def _is_glossary(raw: str, start: int, end: int, language: str) -> bool:
    """Whether Latin letters gloss a word of a language in another script, or are glossed by it."""
    if language == "en" or not re.match(f"[{LATIN}]", raw[start:end]):
        return False
    n_words = len(raw[start:end].split())
    return context.is_gloss(raw, start, end, language) or context.is_glossed(
        raw, end, n_words, language
    )


_KANA_AND_HAN = re.compile(f"[{KANA}{HAN}]*[{KANA}][{KANA}{HAN}]*")
_KANA = re.compile(f"[{KANA}]")
_HAN_RUN = re.compile(f"[{HAN}]+")
#: With fewer kana than this, a Chinese sentence quotes a Japanese word.
_KANA_SHARE = 0.2


def _stretches(line: str, language: str) -> list[tuple[int, int]]:
    """Where letters of another language stand; in Chinese and Korean, Han that goes with kana too.

    A stretch that reaches into another joins it: 公園へ行く is Japanese from its first Han on.
    """
    found = [match.span() for match in _foreign(language).finditer(line)]
    if language not in {"zh", "ko"}:
        return found
    found.extend(m.span() for m in _KANA_AND_HAN.finditer(line) if _is_japanese(m.group()))
    if language == "ko":
        found.extend(
            m.span() for m in _HAN_RUN.finditer(line) if any(map(is_chinese_only, m.group()))
        )
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _is_japanese(run: str) -> bool:
    return len(_KANA.findall(run)) >= _KANA_SHARE * len(run) and not any(map(is_chinese_only, run))


@cache
def _foreign(language: str) -> re.Pattern[str]:
    if language not in OWN or language == "ja":
        raise InputError(
            f"no leakage rules for language {language!r}.",
            hint=f"one of {', '.join(sorted(OWN))}.",
        )
    own = OWN[language]
    others = [letters for code, letters in OWN.items() if code not in {language, "ja"}]
    han = "" if language in {"zh", "ko"} else HAN
    foreign = f"{''.join(others)}{LATIN}{KANA}{han}{other_script_class()}"
    joiners = r"[ ,.;:'’!?\-–—、。，]"
    letter = rf"(?![{own}])[{foreign}]"
    if language == "en":
        latin = rf"[{LATIN}]+(?:[ ,'’\-]+[{LATIN}]+)*"
        return re.compile(rf"(?:{letter}[ー々]*(?:{joiners}{{1,3}}(?={letter}))?)+|{latin}")
    return re.compile(rf"(?:{letter}(?:{joiners}{{1,3}}(?={letter}))?)+")


def _judge(text: str, start: int, end: int, language: str) -> Found | None:
    first = next((char for char in text if char.isalpha()), "")
    if not first:
        return None
    if re.match(f"[{LATIN}]", first):
        return _judge_latin(text, start, end, language)
    code = _code_of(text)
    detail = detail_of(first)
    return Found(start, end, code, "high", f"{detail} letters", detail)


def _code_of(text: str) -> str:
    if re.search(f"[{KANA}]", text):
        return "ja"
    if re.search(f"[{HANGUL}]", text):
        return "ko"
    if re.search(f"[{CYRILLIC}]", text):
        return "ru"
    if re.search(f"[{HAN}]", text):
        return "zh" if any(map(is_chinese_only, text)) else "ja" if "々" in text else "zh"
    return "xx"


def _judge_latin(text: str, start: int, end: int, language: str) -> Found | None:
    words = re.findall(f"[{LATIN}]+", text)
    lowers = [
        word
        for word in words
        if word.islower() and len(word) >= 3 and word not in word_set("neutral")
    ]
    if not lowers:
        return None
    code, detail = latin_language([word.casefold() for word in words])
    if language == "en":
        if code == "en" or len(words) < 2 or sum(map(is_english, lowers)) * 2 > len(lowers):
            return None
        return Found(start, end, code, "low", f"words of {detail or 'another language'}", detail)
    return Found(
        start, end, code, "high", f"{lowers[0]!r} is a lower-case word in Latin letters", detail
    )
