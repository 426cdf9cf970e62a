"""Codes of languages: what a caller may allow, and what a leak of it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tokext.errors import InputError

_CYRILLIC = "uk bg be mk sr kk ky mn tg"
_OTHER_SCRIPTS = (
    "ar hi th he el fa bn ta ka hy am as bo dv gu km kn lo ml mr my ne or pa ps sa si te ti ur yi"
)
_LATIN = (
    "af az bs ca co cs cy da de eo es et eu fi fil fo fr fy ga gd gl ha haw hr ht hu id ig is it "
    "jv la lb lt lv mg mi ms mt nb nl nn no oc pl pt qu ro sk sl sm sn so sq su sv sw tk tl tr uz "
    "vi wo xh yo zu"
)
#: Languages by the code that a leak of them has; codes of ISO 639, a region may follow.
_CODES = {
    **{code: code for code in ("en", "zh", "ko", "ru", "xl", "xx", "ja")},
    **dict.fromkeys(_CYRILLIC.split(), "ru"),
    **dict.fromkeys(_OTHER_SCRIPTS.split(), "xx"),
    **dict.fromkeys(_LATIN.split(), "xl"),
}


def _base_code(code: str) -> str:
    return re.split("[-_]", code.strip().casefold(), maxsplit=1)[0]


def unknown_code(codes: Iterable[str]) -> str | None:
    """The first of some codes that is no language's, or None.

    Example:
        >>> unknown_code(["en", "pt-BR", "english"])
        'english'
    """
    return next((code for code in codes if _base_code(code) not in _CODES), None)


def leak_code(code: str) -> str:
    """The code that leaks of a language have: ``xl`` for French, ``xx`` for Thai.

    Raises:
        InputError: It is no code of a language.

    Example:
        >>> leak_code("en-GB"), leak_code("fr")
        ('en', 'xl')
    """
    if unknown_code([code]) is not None:
        raise InputError(
            f"{code.strip()!r} is no code of a language.",
            hint="allow languages by ISO 639-1, as en, fr or zh.",
        )
    return _CODES[_base_code(code)]
