"""The stretches of a text that are read and written, the same for every model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from tokext.bench.texts import Texts, open_texts
from tokext.errors import InputError


@dataclass(frozen=True)
class Windows:
    """Stretches of text, as many as a batch has sequences, each cut in two at the same character.

    They are spread over the whole text, of `n_text_chars` characters; where it is too short for so
    many, some are taken again.
    """

    texts: tuple[str, ...]
    n_prefill_chars: int
    n_decode_chars: int
    n_text_chars: int = 0
    n_repeated: int = 0

    @property
    def told(self) -> str:
        """How much of the text is used."""
        used = sum(map(len, self.texts[: len(self.texts) - self.n_repeated]))
        said = f"{used:,} of the text's {self.n_text_chars:,} characters are used"
        if self.n_repeated:
            said += f"; {self.n_repeated} of {len(self.texts)} sequences repeat others"
        return said


def cut_windows(text: str, batch_size: int, n_prefill_chars: int, n_decode_chars: int) -> Windows:
    """Cut a text into the windows of a batch.

    Raises:
        InputError: It has not enough text for one.

    Example:
        >>> cut_windows("abcdefg", 3, 2, 1).texts
        ('abc', 'def', 'abc')
        >>> cut_windows("abcdefghijkl", 2, 2, 0).texts
        ('cd', 'ij')
    """
    length = n_prefill_chars + n_decode_chars
    n_whole = len(text) // length
    if not n_whole:
        raise InputError(
            f"the text has {len(text):,} characters, and a sequence takes {length:,}.",
            hint="give more text, or lower --prefill-chars or --new-tokens.",
        )
    n_own = min(batch_size, n_whole)
    # The middle one of each of equal parts, so that every file has its share.
    own = [length * ((2 * at + 1) * n_whole // (2 * n_own)) for at in range(n_own)]
    starts = itertools.islice(itertools.cycle(own), batch_size)
    texts = tuple(text[start : start + length] for start in starts)
    return Windows(texts, n_prefill_chars, n_decode_chars, len(text), batch_size - n_own)


def spread_sample(text: str, n_chars: int, n_pieces: int = 20) -> str:
    """So many characters of a text, in pieces from all over it; all of a shorter text.

    Example:
        >>> spread_sample("abcdefghij", 4, 2)
        'abfg'
    """
    if len(text) <= n_chars:
        return text
    step, size = len(text) / n_pieces, n_chars // n_pieces
    starts = [int(at * step) for at in range(n_pieces)]
    return "".join(text[start : start + size] for start in starts)


def read_whole(texts: Texts) -> tuple[str, str]:
    """The names of texts, and all their documents as one text, a line feed between them."""
    opened = open_texts(texts)
    names = ", ".join(text.name for text in opened)
    documents = itertools.chain.from_iterable(text.documents() for text in opened)
    return names, "\n".join(documents)
