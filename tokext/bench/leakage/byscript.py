"""Other expected languages: what their scripts alone can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from tokext.bench.leakage.masks import mask_line
from tokext.bench.leakage.prompts import Allowance
from tokext.bench.leakage.scripts import (
    CYRILLIC,
    HAN,
    HANGUL,
    KANA,
    LATIN,
    detail_of,
    is_chinese_only,
    other_script_class,
)
from tokext.bench.leakage.spans import Found
from tokext.bench.leakage.words import is_english, latin_language, word_set
from tokext.errors import InputError

#: Letters of the scripts each language is written in.
_OWN = {
    "zh": f"{HAN}\u3105-\u312f\u31a0-\u31bf",
    "ko": f"{HANGUL}{HAN}",
    "ru": CYRILLIC,
    "ar": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff",
    "hi": "\u0900-\u097f\ua8e0-\ua8ff",
    "th": "\u0e00-\u0e7f",
    "en": "A-Za-zÀ-ÖØ-öø-ÿ",
}

#: What a comparison of scripts cannot see, printed with every result.
LIMITS = {
    "zh": "Japanese without kana, and kinds of Chinese among each other, look the same",
    "ko": "Chinese and Japanese words in Han are not told from Sino-Korean ones",
    "ru": "Ukrainian, Bulgarian and other languages in Cyrillic look the same",
    "ar": "Persian, Urdu and other languages in Arabic script look the same",
    "hi": "Marathi, Nepali and other languages in Devanagari look the same",
    "th": "languages that are written in Thai script look the same",
    "en": "other languages in Latin script are found by frequent words and letters alone",
}


def find_by_script(line: str, language: str, allowance: Allowance) -> Iterator[Found]:
    """Leaks of one line, for expected ``zh ko ru ar hi th en``, by script.

    A run of letters of another script leaks. Latin letters leak where they are lower-case words
    (names and acronyms stay), for expected English where their words belong to another language.
    What this cannot see: languages that share the script of the expected one (:data:`LIMITS`).

    Raises:
        InputError: No rules for the expected language.

    Example:
        >>> [found.language for found in find_by_script("나는 学校に 간다", "ko", Allowance())]
        ['ja']
    """
    masked = mask_line(line)
    for match in _foreign(language).finditer(masked):
        text = match.group()
        found = _judge(text, match.start(), match.end(), language)
        if found and found.language not in allowance.languages and not allowance.quotes(text):
            yield found


@cache
def _foreign(language: str) -> re.Pattern[str]:
    if language not in _OWN:
        raise InputError(
            f"no leakage rules for language {language!r}.",
            hint=f"one of ja, {', '.join(sorted(_OWN))}.",
        )
    own = _OWN[language]
    others = [letters for code, letters in _OWN.items() if code != language]
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
