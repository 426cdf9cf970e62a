"""A ``.json`` file read value by value, so that a list of any length fits into memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tokext.corpus.formats import RECORD_BYTES, decode, missing, text_of
from tokext.corpus.lines import chunks
from tokext.corpus.tally import Tally

_BLOCK_BYTES = 1 << 20
_GAP = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


def read_json(blocks: Iterator[bytes], tally: Tally, text_field: str) -> Iterator[list[str]]:
    """A list of objects or strings, one object, or several of these one after the other.

    What follows the first broken value cannot be read, and counts as lost.
    """
    texts = (decode(chunk, tally) for chunk in chunks(blocks, _BLOCK_BYTES))
    documents: list[str] = []
    numbers: list[int] = []
    n_chars = 0
    for number, (value, source) in enumerate(values(texts), start=1):
        if isinstance(value, Broken):
            n_lost = value.n_bytes
            tally.lost("n_broken", n_lost, f"broken JSON ({value.reason})", f"value {number:,}")
            continue
        text = text_of(value, text_field, tally)
        if text is None:
            missing(tally, text_field, len(source.encode()), f"value {number:,}")
            continue
        documents.append(text)
        numbers.append(number)
        n_chars += len(text)
        if n_chars > _BLOCK_BYTES:
            yield tally.keep(documents, numbers, "value")
            documents, numbers, n_chars = [], [], 0
    yield tally.keep(documents, numbers, "value")


class Broken:
    """The place of everything from the first broken value to the end of the file."""

    def __init__(self, reason: str, n_bytes: int) -> None:
        self.reason = reason
        self.n_bytes = n_bytes


class _Window:
    """The part of a stream of text that is being looked at."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self.text = ""
        self.at_end = False

    def grow(self, start: int) -> None:
        """Forget what lies before `start`, and at least double the rest: time stays linear."""
        parts = [self.text[start:]]
        wanted = n_chars = len(parts[0]) or 1
        while n_chars < 2 * wanted and not self.at_end:
            part = next(self._texts, None)
            self.at_end = part is None
            parts.append(part or "")
            n_chars += len(parts[-1])
        self.text = "".join(parts)

    def drain(self, start: int) -> int:
        """The bytes from `start` to the end of the stream."""
        return len(self.text[start:].encode()) + sum(len(t.encode()) for t in self._texts)


def values(texts: Iterator[str]) -> Iterator[tuple[Any, str]]:
    """Yield each value of a top-level list, or each top-level value, with its source.

    The last one is a `Broken` where the text cannot be followed to its end.

    Example:
        >>> [value for value, _ in values(iter(['[{"text": "a', '"}, "b"]']))]
        [{'text': 'a'}, 'b']
    """
    window = _Window(texts)
    start = 0
    is_list = False
    while True:
        match = _GAP.match(window.text, start)
        start = match.end() if match else start
        if start == len(window.text):
            if window.at_end:
                break
            window.grow(start)
            start = 0
        elif window.text[start] == "[" and not is_list:
            is_list, start = True, start + 1
        elif window.text[start] == "]" and is_list:
            is_list, start = False, start + 1
        else:
            value, end = _one_value(window, start)
            if isinstance(value, Broken):
                yield value, ""
                return
            yield value, window.text[end[0] : end[1]]
            start = end[1]
    if is_list:
        yield Broken("the list is never closed", 1), ""


def _one_value(window: _Window, start: int) -> tuple[Any, tuple[int, int]]:
    """Decode the value at `start`, taking in more text as long as it may be unfinished."""
    while True:
        try:
            value, end = _DECODER.raw_decode(window.text, start)
            # A number that touches the end of the window may go on behind it.
            if end < len(window.text) or window.at_end:
                return value, (start, end)
            reason = ""
        except json.JSONDecodeError as error:
            reason = error.msg
        except (ValueError, RecursionError) as error:
            return Broken(str(error), window.drain(start)), (start, start)
        if window.at_end or len(window.text) - start > RECORD_BYTES:
            return Broken(reason or "a value without end", window.drain(start)), (start, start)
        window.grow(start)
        start = 0
