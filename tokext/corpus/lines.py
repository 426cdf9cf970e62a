"""Blocks of bytes to lines of text, in bounded memory whatever the length of a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from tokext.languages import SENTENCE_END

#: Where an over-long line is best cut: after the end of a sentence, else after whitespace.
_BEST_ENDS = (SENTENCE_END, regex.compile(r"\s+"))

_NEAR_CHARS = 200

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of whole lines, or a part of one line that is longer than the limit.

    `offset` and `line` say where it begins, counted from 0 and 1.
    """

    data: bytes
    offset: int
    line: int
    ends_line: bool


def chunks(blocks: Iterator[bytes], limit_bytes: int) -> Iterator[Chunk]:
    r"""Cut a stream of blocks after newlines; a line above `limit_bytes` comes in several chunks.

    Example:
        >>> [c.data for c in chunks(iter([b"a\nb", b"c\nd"]), limit_bytes=100)]
        [b'a\n', b'bc\n', b'd']
    """
    waiting: list[bytes] = []
    n_waiting = offset = 0
    line = 1
    for block in blocks:
        end = block.rfind(b"\n") + 1
        waiting.append(block[:end] if end else block)
        n_waiting += len(waiting[-1])
        if not end and n_waiting <= limit_bytes:
            continue
        data = b"".join(waiting)
        whole = len(data) if end else whole_characters(data)
        yield Chunk(data[:whole], offset, line, ends_line=bool(end))
        offset += whole
        if end:
            line += data.count(b"\n")
        waiting = [block[end:] if end else data[whole:]]
        n_waiting = len(waiting[0])
    yield Chunk(b"".join(waiting), offset, line, ends_line=True)


def without_bom(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Drop a byte order mark of UTF-8 at the very beginning."""
    first = b""
    for block in blocks:
        first += block
        if len(first) >= len(_BOM):
            break
    yield first.removeprefix(_BOM)
    yield from blocks


def whole_characters(data: bytes) -> int:
    """How many leading bytes end with a whole UTF-8 character (at most three are left over).

    Example:
        >>> whole_characters("日本".encode()[:5])
        3
    """
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            n_needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if n_needed > back else len(data)
        if byte < 0x80:
            break
    return len(data)


def cut_line(line: str, max_chars: int) -> list[str]:
    """Cut a line into parts of at most `max_chars`; joined again they are the line.

    Each cut falls after the last end of a sentence in the part's second half, else after its last
    whitespace, else at `max_chars`.

    Example:
        >>> cut_line("雨が降る。風が吹く。雪", max_chars=8)
        ['雨が降る。', '風が吹く。雪']
    """
    parts = []
    start = 0
    while len(line) - start > max_chars:
        end = _best_cut(line, start, start + max_chars)
        parts.append(line[start:end])
        start = end
    return [*parts, line[start:]]


def cut_lines(document: str, max_chars: int) -> list[str]:
    """Cut a document where one of its lines is longer than `max_chars`, and nowhere else."""
    if len(document) <= max_chars:
        return [document]
    parts = [""]
    waiting: list[str] = []
    for line in document.split("\n"):
        if len(line) > max_chars:
            first, *middle, last = cut_line(line, max_chars)
            parts[-1] = "\n".join([*waiting, first])
            parts += [*middle, ""]
            waiting = [last]
        else:
            waiting.append(line)
    parts[-1] = "\n".join(waiting)
    return parts


def _best_cut(line: str, start: int, end: int) -> int:
    middle = start + (end - start + 1) // 2
    for pattern in _BEST_ENDS:
        # Most cuts lie close to the end; only where none does is the whole half searched.
        for begin in (max(middle, end - _NEAR_CHARS), middle):
            matches = list(pattern.finditer(line, begin, end))
            if matches:
                return matches[-1].end()
    return end
