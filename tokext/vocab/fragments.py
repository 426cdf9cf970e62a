"""Pieces that look like what nobody wants a row for: personal data, addresses, boilerplate."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import cache

import regex

from tokext.corpus.morphemes import WORDS_OF, full_names
from tokext.errors import InputError
from tokext.languages import find_language

#: What gives a fragment away in any language, by kind; the first kind that is found counts.
_SIGNS = {"web or mail address": r"https?|www\.|://|@|\.(?:com|org|net|jp)\b"}


def find_fragments(pieces: Iterable[str], language: str) -> dict[str, list[str]]:
    """Sort out pieces that look like fragments of something, by kind, each in rank order.

    They are signs, not proofs: look at them, and keep out with a veto what should not be there.
    Names, addresses and boilerplate are looked for in languages of which they are known.

    Example:
        >>> find_fragments(["東京都千代田区", "夏目漱石", "食べる", "無断転載を"], "ja")
        {'postal address or telephone': ['東京都千代田区'], 'full name': ['夏目漱石'], \
'boilerplate': ['無断転載を']}
    """
    found: dict[str, list[str]] = {}
    signs, is_name = _patterns(language), _names(language)
    for piece in pieces:
        kind = next((kind for kind, sign in signs.items() if sign.search(piece)), None)
        if kind is None and is_name(piece):
            kind = "full name"
        if kind is not None:
            found.setdefault(kind, []).append(piece)
    return found


def _names(language: str) -> Callable[[str], bool]:
    """What knows full names, or nothing where there is no dictionary that does."""
    with contextlib.suppress(InputError):
        if language == WORDS_OF:
            return full_names("unidic-lite")
    return lambda piece: False


@cache
def _patterns(language: str) -> dict[str, regex.Pattern[str]]:
    signs = {**_SIGNS, **find_language(language).usage.fragments}
    return {kind: regex.compile(sign) for kind, sign in signs.items()}
