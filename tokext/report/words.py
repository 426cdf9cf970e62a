"""The report's sentences in one language; they stand in `locales/`, a folder a language."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from tokext.errors import InputError

_FOLDER = Path(__file__).parent / "locales"


class Words:
    """The sentences of one locale.

    Raises:
        InputError: There is no such locale.

    Example:
        >>> Words("en")("gain.knee", rows="12,000", value="1.85")
        'knee: 12,000 rows, 1.85'
    """

    def __init__(self, locale: str) -> None:
        if locale not in locales():
            raise InputError(f"unknown locale {locale!r}.", hint=f"one of {', '.join(locales())}.")
        self.locale = locale
        self.sentences = _read(locale)

    def __call__(self, key: str, **fields: Any) -> str:
        """The sentence of a key, its fields filled in."""
        return self.sentences[key].format(**fields)

    def join(self, statements: list[str]) -> str:
        """Several short statements as one."""
        return self.sentences["join"].join(statements)


def locales() -> list[str]:
    """The locales there are.

    Example:
        >>> locales()
        ['en', 'ja']
    """
    return sorted(path.name for path in _FOLDER.iterdir() if path.is_dir())


@cache
def _read(locale: str) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for path in sorted((_FOLDER / locale).glob("*.toml")):
        sentences |= tomllib.loads(path.read_text(encoding="utf-8"))
    return sentences
