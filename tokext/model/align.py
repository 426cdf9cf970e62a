"""Which base tokens carried each added piece in a sample of text, and how often."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from typing import Protocol

from tokext.model.base_check import text_bytes
from tokext.tokenizer.sentencepiece import Piece


class Encodes(Protocol):
    """A tokenizer by its pieces: what encodes text, and what each id writes."""

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Every id's piece."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without special tokens."""


#: Lines of a sample that are read: enough for a count of every piece that is not rare.
SAMPLE_LINES = 100_000

#: The most spans kept for a piece: rarer ones carry no weight worth a line in rows.json.
_MOST_SPANS = 16


def count_spans(
    lines: Iterable[str], base: Encodes, extended: Encodes
) -> dict[int, list[tuple[tuple[int, ...], int]]]:
    """Encode each line with both tokenizers, and see which base tokens touch each added piece.

    The first `SAMPLE_LINES` lines are read. Tokens are laid side by side by the bytes of text they
    stand for, so both kinds of files and fallback bytes need no rule of their own.

    Returns:
        For each added id that occurs, its spans of base ids with their counts, most frequent first.
    """
    first = len(base.pieces)
    base_lengths = [len(text_bytes(p)) for p in base.pieces]
    lengths = [len(text_bytes(p)) for p in extended.pieces]
    seen: dict[int, Counter[tuple[int, ...]]] = defaultdict(Counter)
    for line in islice(lines, SAMPLE_LINES):
        old, new = base.encode(line), extended.encode(line)
        old_ends = list(accumulate(base_lengths[i] for i in old))
        new_ends = list(accumulate(lengths[i] for i in new))
        if not old_ends or old_ends[-1] != new_ends[-1]:
            continue  # a line that the two write differently says nothing about spans
        for place, id_ in enumerate(new):
            if id_ >= first:
                span = _touching(old_ends, new_ends[place] - lengths[id_], new_ends[place])
                seen[id_][tuple(old[span])] += 1
    return {id_: counter.most_common(_MOST_SPANS) for id_, counter in seen.items()}


def _touching(ends: Sequence[int], start: int, stop: int) -> slice:
    """The tokens, given where each ends, that share a byte with `start` to `stop`."""
    return slice(bisect_right(ends, start), bisect_left(ends, stop) + 1)
