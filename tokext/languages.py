"""Which characters belong to which language, from Unicode data, and what else is known of one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import regex

from tokext.errors import InputError

#: The end of a sentence in any script, with what closes around it; a full stop needs a space.
SENTENCE_END = regex.compile(
    r"[\p{Sentence_Terminal}…--[.]]+[\p{Pe}\p{Pf}\x22']*|\.[\p{Pe}\p{Pf}\x22']*(?=\s)", regex.V1
)


@dataclass(frozen=True)
class Language:
    """A language, and the scripts that no English text needs.

    A letter of the language is a Unicode letter (or letter number, such as 〇) whose script
    extensions name one of `scripts`. For a language in Latin script it is a Latin letter outside
    A-Z and a-z. `spaced` says whether words are written with spaces between them.
    """

    code: str
    name: str
    scripts: tuple[str, ...]
    spaced: bool = False

    @cached_property
    def letter(self) -> regex.Pattern[str]:
        """A pattern for one letter of the language."""
        shared = "--[A-Za-zªº]" if self.is_latin else ""
        return regex.compile(rf"[{self.script_letter.pattern}{shared}]", regex.V1)

    @cached_property
    def script_letter(self) -> regex.Pattern[str]:
        """A pattern for one letter of its scripts, also where English has the same."""
        named = "".join(rf"\p{{scx={script}}}" for script in self.scripts)
        return regex.compile(rf"[{named}&&[\p{{L}}\p{{Nl}}]]", regex.V1)

    def has_letter(self, text: str) -> bool:
        """Whether the text holds at least one letter of the language.

        Example:
            >>> find_language("ja").has_letter("第1章"), find_language("ja").has_letter("1、2。")
            (True, False)
        """
        return self._find_letter(text) is not None

    @cached_property
    def _find_letter(self) -> Callable[[str], re.Match[str] | None]:
        return re.compile(f"[{character_class(self.letter.pattern)}]").search

    @property
    def is_latin(self) -> bool:
        """Whether it shares letters with English: a line of it may have none of its own."""
        return "Latin" in self.scripts

    @property
    def usage(self) -> Usage:
        """How it is written, as far as that is known."""
        return USAGES.get(self.code, Usage())


@dataclass(frozen=True)
class Usage:
    """What is known of how a language is written, beyond its letters.

    Attributes:
        letters: Common and rare ones, to make texts of at random.
        fragments: What gives a piece away as a part of something that nobody needs a row for: a
            pattern by kind.
        encodings: Of text from before Unicode: Python's codec, the name that people know, and the
            one that iconv knows.
        telltale: The inside of a character class: letters by which text in it is recognized.
        ordinary: The same: what all but a few characters of its text are, ASCII aside.
        sentences: Plain prose, written to try models on.
    """

    letters: str = ""
    fragments: Mapping[str, str] = field(default_factory=dict)
    encodings: tuple[tuple[str, str, str], ...] = ()
    telltale: str = ""
    ordinary: str = ""
    sentences: tuple[str, ...] = ()


_LANGUAGES = {
    language.code: language
    for language in (
        Language("ja", "Japanese", ("Hiragana", "Katakana", "Han")),
        Language("zh", "Chinese", ("Han", "Bopomofo")),
        Language("ko", "Korean", ("Hangul",), spaced=True),
        Language("th", "Thai", ("Thai",)),
        Language("hi", "Hindi", ("Devanagari",), spaced=True),
        Language("ar", "Arabic", ("Arabic",), spaced=True),
        Language("ru", "Russian", ("Cyrillic",), spaced=True),
        Language("el", "Greek", ("Greek",), spaced=True),
        Language("he", "Hebrew", ("Hebrew",), spaced=True),
        Language("vi", "Vietnamese", ("Latin",), spaced=True),
        Language("pl", "Polish", ("Latin",), spaced=True),
        Language("tr", "Turkish", ("Latin",), spaced=True),
    )
}

USAGES = {
    "ja": Usage(
        letters="あいうえおかきくけこさしすせそアイウエオカキクケコ日本語東京大学生人年月々ー〆鬱龍㐂𠮷",
        fragments={
            "postal address or telephone": r"[都道府県]\p{Han}{1,4}[市区町村郡]|丁目|番地|号室"
            r"|電話番号|〒|℡",
            "boilerplate": r"著作権|無断転載|利用規約|個人情報|お問い合わせ|続きを読む|ログイン"
            r"|青空文庫|底本[：:]|校正[：:]|入力[：:]",
        },
        encodings=(("cp932", "Shift_JIS", "CP932"), ("euc_jp", "EUC-JP", "EUC-JP")),
        telltale="ぁ-んァ-ヶー",
        ordinary="ぁ-んァ-ヶー一-鿿、-】！-ｚ",
        sentences=(
            "電車は数分遅れて駅を出たが、ホームにいた人は誰も気にしていないようだった。",
            "設定を変えるには、設定ファイルを開いて、末尾の行を書き換えてください。",
            "日曜日に図書館は開いているかと彼女は尋ねたが、閉まっていると彼は答えた。",
        ),
    ),
}


def find_language(code: str) -> Language:
    """The language of an ISO 639-1 code.

    Raises:
        InputError: tokext does not know the code.
    """
    try:
        return _LANGUAGES[code]
    except KeyError:
        raise InputError(
            f"unknown language {code!r}.", hint=f"one of {', '.join(sorted(_LANGUAGES))}."
        ) from None


@cache
def character_class(pattern: str) -> str:
    """The inside of a character class of `re` that matches what a pattern of `regex` matches.

    `re` knows no scripts, but searches several times as fast.

    Args:
        pattern: It matches single characters.

    Example:
        >>> character_class("[a-cx]")
        'a-cx'
    """
    stretches = regex.compile(rf"(?:{pattern})+", regex.V1)
    spans = []
    for match in itertools.chain.from_iterable(map(stretches.finditer, _every_character())):
        first, last = match.group()[0], match.group()[-1]
        spans.append(re.escape(first) + (f"-{re.escape(last)}" if last != first else ""))
    return "".join(spans)


@cache
def _every_character() -> tuple[str, ...]:
    """The planes of Unicode that hold characters; the rest is empty or for private use."""
    planes = (range(0x40000), range(0xE0000, 0xF0000))
    return tuple("".join(map(chr, plane)) for plane in planes)
