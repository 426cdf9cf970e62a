"""Texts that guarantees are tried on: real ones that come with tokext, and generated ones."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

from tokext.corpus.embedded import embedded_lines
from tokext.languages import Language
from tokext.tokenizer.sentencepiece import SPACE

_ASCII = [chr(c) for c in range(0x20, 0x7F)]
_OTHER = [
    *"àéîõüñßøåłžğабвгджαβγδε한국어말אבגדابتثกขคง—…“”、。「」・！？１Ａ🙂𝔘",
    "हि",
    "e\u0301",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u00a0",
    "\x7f",
    "🇯🇵",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
]
_BREAKS = ["\n", "\n\n", "\t", "  ", "    ", " ", "\r\n"]


def real_texts() -> list[str]:
    """Lines of the corpora that come with tokext: four languages and source code."""
    folders = ("en", "code", "zh", "ko", "ja")
    return [line for folder in folders for line in embedded_lines(folder)]


def generated_texts(
    language: Language, pieces: Sequence[str], special: Sequence[str], *, n: int, seed: int
) -> Iterator[str]:
    """Random texts: letters, punctuation, spaces, many scripts, pieces next to each other.

    Args:
        language: Its letters are among the characters.
        pieces: Pieces to build text from, as a vocabulary has them.
        special: Special tokens that may stand inside a text.
        n: How many texts.
        seed: The same seed gives the same texts.
    """
    draw = random.Random(seed)  # noqa: S311 - text, not secrets
    letters = list(language.usage.letters) or _OTHER
    sources: list[Sequence[str]] = [_ASCII, _OTHER, _BREAKS, letters, letters]
    sources += [pieces, pieces] if pieces else []
    sources += [special] if special else []
    for _ in range(n):
        kinds = draw.sample(sources, k=draw.randint(1, min(3, len(sources))))
        parts = (draw.choice(draw.choice(kinds)) for _ in range(draw.randint(1, 30)))
        yield "".join(parts).replace(SPACE, " ")


def without_letters(texts: Iterable[str], language: Language) -> Iterator[str]:
    """Each text with every letter of the language taken out: what is left may not be cut otherwise.

    A text that has none comes as it is.
    """
    for text in texts:
        yield language.letter.sub("", text)
