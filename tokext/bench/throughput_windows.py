"""The stretches of a text that are read and written, the same for every model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from tokext.bench.texts import Texts, open_texts
from tokext.errors import InputError


@dataclass(frozen=True)
class Windows:
    """Stretches of text, as many as a batch has sequences, each cut in two at the same character.

    Where the text is too short for so many it begins anew.
    """

    texts: tuple[str, ...]
    n_prefill_chars: int
    n_decode_chars: int


def cut_windows(text: str, batch_size: int, n_prefill_chars: int, n_decode_chars: int) -> Windows:
    """Cut a text into the windows of a batch.

    Raises:
        InputError: It has not enough text for one.

    Example:
        >>> cut_windows("abcdefg", 3, 2, 1).texts
        ('abc', 'def', 'abc')
    """
    length = n_prefill_chars + n_decode_chars
    n_whole = len(text) // length
    if not n_whole:
        raise InputError(
            f"the text has {len(text):,} characters, and a sequence takes {length:,}.",
            hint="give more text, or lower --prefill-chars or --new-tokens.",
        )
    starts = [length * (at % n_whole) for at in range(batch_size)]
    texts = tuple(text[start : start + length] for start in starts)
    return Windows(texts, n_prefill_chars, n_decode_chars)


def read_whole(texts: Texts) -> tuple[str, str]:
    """The names of texts, and all their documents as one text, a line feed between them."""
    opened = open_texts(texts)
    names = ", ".join(text.name for text in opened)
    documents = itertools.chain.from_iterable(text.documents() for text in opened)
    return names, "\n".join(documents)
