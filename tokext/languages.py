"""Which characters belong to which language, from Unicode data alone."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import regex

from tokext.errors import InputError


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
        shared = "--[A-Za-zªº]" if "Latin" in self.scripts else ""
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
