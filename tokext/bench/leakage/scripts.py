"""Letters by script: which runs of characters cannot be Japanese, from Unicode data alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

#: Letters that a mask has covered. A private-use character, so no rule takes it for anything.
MASKED = "\ue000"

KANA = "\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f"
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〆〇"
LATIN = "A-Za-zªºÀ-ÖØ-öø-ɏḀ-ỿ"
HANGUL = "\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\uac00-\ud7a3\ud7b0-\ud7ff\uffa1-\uffdc"
CYRILLIC = "\u0400-\u0481\u048a-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f"
BOPOMOFO = "\u3105-\u312f\u31a0-\u31bf"

#: Letters of the scripts each expected language is written in.
OWN = {
    "ja": KANA + HAN,
    "zh": HAN + BOPOMOFO,
    "ko": HANGUL + HAN,
    "ru": CYRILLIC,
    "ar": "\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufeff",
    "hi": "\u0900-\u097f\ua8e0-\ua8ff",
    "th": "\u0e00-\u0e7f",
    "en": "A-Za-zÀ-ÖØ-öø-ÿ",
}

#: Japanese printing uses these although cp932 lacks them: forms of JIS X 0213 and of the list of
#: printing forms outside the general-use kanji; 圳 is in the name of a city (深圳).
_JAPANESE_FORMS = frozenset("圳俱剝吞噓瘦搔焰瘀")
#: In the JIS tables, but only as characters that no Japanese word of today is written with.
_CHINESE_THOUGH_IN_JIS = frozenset("们們个么你妳她您它吗呢吧啊哪")


_WIDE = re.compile("[Ａ-Ｚａ-ｚ]")
_NARROW = {code: code - 0xFEE0 for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}


def narrow(text: str) -> str:
    """The text with full-width Latin letters as plain ones, at the same length.

    Example:
        >>> narrow("ｆｒｅｓｈな野菜、５ｋｍ")
        'freshな野菜、５km'
    """
    return text.translate(_NARROW) if _WIDE.search(text) else text


def _encodes(char: str, codec: str) -> bool:
    try:
        char.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def is_chinese_only(char: str) -> bool:
    """Whether a Han character belongs to Chinese and not to Japanese orthography.

    No table is needed: cp932 lacks it, and either JIS X 0213 lacks it too or GB 2312 has it. The
    extension planes are left out, because 𠮷 is Japanese.

    Example:
        >>> [is_chinese_only(char) for char in "这国𠮷"]
        [True, False, False]
    """
    if char in _CHINESE_THOUGH_IN_JIS:
        return True
    if char in _JAPANESE_FORMS or not (
        "\u3400" <= char <= "\u4dbf" or "\u4e00" <= char <= "\u9fff"
    ):
        return False
    return not _encodes(char, "cp932") and (
        not _encodes(char, "shift_jis_2004") or _encodes(char, "gb2312")
    )


def char_class(chars: Iterable[str]) -> str:
    """The inside of a regular-expression class for these characters, as ranges.

    Example:
        >>> char_class("abcx")
        'a-cx'
    """
    ranges: list[list[int]] = []
    for code in sorted(map(ord, set(chars))):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(
        re.escape(chr(low)) if low == high else f"{re.escape(chr(low))}-{re.escape(chr(high))}"
        for low, high in ranges
    )


@cache
def chinese_only_class() -> str:
    """The class of all Chinese-only characters of the Basic Multilingual Plane."""
    planes = (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))
    return char_class(chr(code) for code in planes if is_chinese_only(chr(code)))


@cache
def other_script_class() -> str:
    """Letters of scripts that are neither Latin, Greek, Han, kana, Hangul, Cyrillic nor Bopomofo.

    Letters that stand for themselves in mathematics and phonetics (modifiers, superscripts,
    letter-like symbols) have no script of their own and stay out. So do the planes above the first:
    no living language needs them, and a class that reaches there is slow to search for.
    """
    known = re.compile(f"[{KANA}{HAN}{LATIN}{HANGUL}{CYRILLIC}{BOPOMOFO}]")
    return char_class(
        chr(code)
        for code in range(0x530, 0x10000)
        if unicodedata.category(chr(code)) in {"Lo", "Ll", "Lu", "Mn", "Mc"}
        and not known.match(chr(code))
        and _has_own_script(chr(code))
    )


def _has_own_script(char: str) -> bool:
    name = unicodedata.name(char, "")
    return bool(name) and not name.startswith(_SCRIPTLESS)


_SCRIPTLESS = (
    "LATIN",
    "MATHEMATICAL",
    "MODIFIER",
    "COMBINING",
    "GREEK",
    "CJK",
    "FULLWIDTH",
    "HALFWIDTH",
    "KATAKANA",
    "HIRAGANA",
    "HENTAIGANA",
    "IDEOGRAPHIC",
    "SCRIPT",
    "DOUBLE-STRUCK",
    "BLACK-LETTER",
    "TURNED",
    "ALEF",
    "BET",
    "GIMEL",
    "DALET",
    "VARIATION",
    "MASU",
    "VERTICAL KANA",
    "MICRO",
    "ARABIC TATWEEL",
    "MONGOLIAN FREE",
    "HANGUL",
    "CYRILLIC",
    "BOPOMOFO",
    "COPTIC SMALL LETTER SHIMA",
)

#: Scripts that get a code of their own; all others are ``xx``.
_NAMED = (("ko", HANGUL), ("ru", CYRILLIC), ("zh", BOPOMOFO))
_JOINERS = r"[ \t,.;:!?'\"’“”«»()،؟。、！？\-–—\d%]"


@dataclass(frozen=True)
class Run:
    """Letters of one foreign language, with what joins them, at ``[start, end)``."""

    start: int
    end: int
    language: str
    detail: str


@cache
def foreign_run() -> re.Pattern[str]:
    """A run of letters of one script that neither Japanese nor Latin text uses."""
    groups = [
        f"(?P<{code}>[{letters}][{letters}\u0300-\u036f]*(?:{_JOINERS}+[{letters}]+)*)"
        for code, letters in (*_NAMED, ("xx", other_script_class() + "\u0370-\u03ff\u1f00-\u1fff"))
    ]
    return re.compile("|".join(groups))


@cache
def _any_foreign() -> re.Pattern[str]:
    return re.compile(f"[{foreign_letters()}]")


def foreign_letters() -> str:
    """The class of every letter that :func:`foreign_run` can start with."""
    return HANGUL + CYRILLIC + BOPOMOFO + other_script_class() + "\u0370-\u03ff\u1f00-\u1fff"


def find_foreign_runs(line: str) -> Iterator[Run]:
    """Runs of Hangul, Cyrillic, Thai, Arabic, Greek ... letters in a line.

    Single letters are symbols (α, Δ) or faces ((´Д｀), ٩(๑❛ᴗ❛๑)۶) unless they are Hangul syllables,
    or replace a syllable between Japanese letters.

    Example:
        >>> [(run.language, run.start, run.end) for run in find_foreign_runs("とても 정말 良い")]
        [('ko', 4, 6)]
    """
    if not _any_foreign().search(line):
        return
    for match in foreign_run().finditer(line):
        if _is_word(match.group(), line, match.start(), match.end()):
            code = match.lastgroup or "xx"
            yield Run(match.start(), match.end(), code, detail_of(match.group()))


def detail_of(text: str) -> str:
    """The Unicode name of the script of a text's first letter, in lower case.

    Example:
        >>> detail_of("อร่อย")
        'thai'
    """
    return unicodedata.name(text[0], "unknown").split()[0].lower()


_JAPANESE_LETTER = re.compile(f"[{KANA}{HAN}]")
#: Letters that faces are drawn with: (ಠ_ಠ), щ(゜ロ゜щ), Σ(ﾟДﾟ).
_FACE_LETTERS = frozenset("ДдщЩಠಥლღლ۶งค๑ಡಢڡธԅʕʔᕙᕗ")
_FACE = frozenset("()（）`´｀；;・^*_°ﾟ≧≦๑•̀❛ᴗ◕╹◡⊙")


def _is_word(run: str, line: str, start: int, end: int) -> bool:
    letters = [char for char in run if char.isalpha()]
    if _FACE_LETTERS.issuperset(letters):
        return False
    before, after = line[start - 1 : start], line[end : end + 1]
    if any("\uac00" <= char <= "\ud7a3" for char in letters):
        return True
    if len(letters) >= 2 and all("\u3131" <= char <= "\u318e" for char in letters):
        return True
    if unicodedata.name(letters[0] if letters else run[0], "").startswith("GREEK"):
        return len(letters) >= 4 and not (before in _FACE and after in _FACE)
    if len(set(letters)) >= 2 and not (before and after and before in _FACE and after in _FACE):
        return True
    if len(set(letters)) >= 3:
        return True
    between = _JAPANESE_LETTER.match(before) and _JAPANESE_LETTER.match(after)
    spaced = before in {" ", ""} and after in {" ", ""} and start > 0
    is_symbol = not letters or unicodedata.name(letters[0]).startswith("THAI DIGIT")
    return not is_symbol and bool(between or (spaced and end < len(line)))


_WORD = re.compile(rf"[{KANA}]+|[{HAN}]|[{LATIN}]+(?:['’-][{LATIN}]+)*|[{HANGUL}]+|[{CYRILLIC}]+")


def count_words(text: str) -> int:
    """Words that bear a language, counted the same way everywhere.

    A run of kana, one Han character, or a run of letters of a spaced script counts as one: a
    denominator that needs no word segmentation.

    Example:
        >>> count_words("この essay を読む")
        5
    """
    return len(_WORD.findall(text))


@cache
def own_run(language: str) -> re.Pattern[str]:
    """A run of letters of the scripts that an expected language is written in."""
    return re.compile(f"[{OWN[language]}]+")


_JAPANESE_RUN = re.compile(f"[{KANA}{HAN}]+")
_KANA_RUN = re.compile(f"[{KANA}]+")


def n_japanese(text: str) -> int:
    """How many kana and Han characters a text holds."""
    return len("".join(_JAPANESE_RUN.findall(text)))


def n_kana(text: str) -> int:
    """How many kana a text holds."""
    return len("".join(_KANA_RUN.findall(text)))
