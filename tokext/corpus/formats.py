"""The text formats: blocks of bytes to documents, one function for each format.

Each takes the unpacked content of one file and that file's tally, and yields documents in batches.
"""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import Iterator, Sequence
from typing import Any

from tokext.corpus.encodings import is_foreign, recognize
from tokext.corpus.lines import Chunk, chunks, cut_line
from tokext.corpus.tally import Tally
from tokext.errors import InputError

#: A JSON or CSV record has to be held whole; a longer one is a broken file, not a text.
RECORD_BYTES = 64 << 20
#: A file read as one document is cut after so many characters: several novels.
FILE_CHARS = 16 << 20

_BATCH_ROWS = 1000
_BATCH_CHARS = 1 << 20
_CHUNK_BYTES = 1 << 20


def read_lines(blocks: Iterator[bytes], tally: Tally) -> Iterator[list[str]]:
    r"""Text with a document on each line; lines end with \n or \r\n, and with nothing else."""
    limit = tally.max_line_chars
    rest = ""  # of a line that is longer than a chunk
    is_long = False
    # Every character has at most four bytes, so a chunk of a part of a line is over-long for sure.
    for chunk in chunks(blocks, max(_CHUNK_BYTES, 4 * limit + 4)):
        lines = _split(rest + decode(chunk, tally))
        n_lines = len(lines)
        if is_long and lines:
            lines[:1] = cut_line(lines[0], limit)
        elif not chunk.ends_line:
            tally.add("n_too_long")
            lines = cut_line(lines[0], limit)
        n_parts = 1 + len(lines) - n_lines  # of the first line
        is_long = not chunk.ends_line
        rest = lines.pop() if is_long else ""
        numbers: Sequence[int] = range(chunk.line, chunk.line + n_lines)
        if n_parts > 1:
            numbers = [chunk.line] * (n_parts - 1) + list(numbers)
        yield tally.keep(lines, numbers[: len(lines)])


def read_whole(blocks: Iterator[bytes], tally: Tally) -> Iterator[list[str]]:
    """Text that is one document, without its last line end; cut where it exceeds `FILE_CHARS`."""
    waiting: list[str] = []
    n_chars = n_flushed = 0
    for chunk in chunks(blocks, _CHUNK_BYTES):
        waiting.append(decode(chunk, tally))
        n_chars += len(waiting[-1])
        if n_chars > FILE_CHARS:
            n_flushed += 1
            yield tally.keep(["".join(waiting).replace("\r\n", "\n")], [1])
            waiting, n_chars = [], 0
    tally.add("n_too_long", n_flushed > 0)
    last = "".join(waiting).replace("\r\n", "\n").removesuffix("\n")
    if last or not n_flushed:
        yield tally.keep([last], [1])


def read_jsonl(blocks: Iterator[bytes], tally: Tally, text_field: str) -> Iterator[list[str]]:
    """A JSON object (or string) on each line."""
    for first, lines in _record_lines(blocks, tally):
        documents, numbers = [], []
        for number, line in enumerate(lines, first):
            if not line or line.isspace():
                tally.add("n_empty")
                continue
            try:
                text = text_of(json.loads(line), text_field, tally)
            except (ValueError, RecursionError):
                n_bytes = len(line.encode())
                tally.lost("n_broken", n_bytes, "a broken JSON line", f"line {number:,}")
                continue
            if text is None:
                missing(tally, text_field, len(line.encode()), f"line {number:,}")
            else:
                documents.append(text)
                numbers.append(number)
        yield tally.keep(documents, numbers)


def read_csv(blocks: Iterator[bytes], tally: Tally, text_field: str) -> Iterator[list[str]]:
    """Comma-separated rows under a header; a quoted field may hold commas, quotes, line ends.

    Raises:
        InputError: The header lacks the text field.
    """
    pending: list[str] = []  # the physical lines of the row that is being read
    reader = csv.reader(_fed(_record_lines(blocks, tally), pending), strict=True)
    column = -1
    while rows := _some_rows(reader, pending):
        if column < 0:
            column = _column(rows.pop(0)[1] or [], text_field, tally)
        documents, numbers = [], []
        for number, row, n_broken_bytes in rows:
            if row is None:
                tally.lost("n_broken", n_broken_bytes, "a broken CSV row", f"line {number:,}")
            elif column < len(row):
                documents.append(row[column])
                numbers.append(number)
            elif row:
                n_bytes = len(",".join(row).encode()) + 1
                missing(tally, text_field, n_bytes, f"line {number:,}")
            else:
                tally.add("n_empty")
        yield tally.keep(documents, numbers)


def decode(chunk: Chunk, tally: Tally) -> str:
    """Decode a chunk; bytes that are not UTF-8 become U+FFFD and are counted.

    Raises:
        InputError: The file turns out to be in another encoding, or no text at all.
    """
    data = chunk.data
    if chunk.offset == 0 and is_foreign(data) and (found := recognize(data, tally.label)):
        raise InputError(f"{tally.label} is {found.what}, not UTF-8 text.", hint=found.hint)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        n_bad = len(data) - len(data.decode("utf-8", "ignore").encode())
        line = chunk.line + data.count(b"\n", 0, error.start)
        place = f"line {line:,} (byte {chunk.offset + error.start:,})"
        tally.bad(n_bad, "bytes that are not UTF-8", place)
        return data.decode("utf-8", "replace")


def text_of(record: Any, text_field: str, tally: Tally) -> str | None:
    """The text of a JSON value: a string, or an object's text field; None where there is none."""
    if isinstance(record, dict):
        tally.fields_met = tally.fields_met or tuple(record)
        record = record.get(text_field)
    return record if isinstance(record, str) else None


def missing(tally: Tally, text_field: str, n_bytes: int, place: str) -> None:
    """Count a record without text."""
    tally.lost("n_missing_field", n_bytes, f"no text in the field '{text_field}'", place)


def missing_row(tally: Tally, text_field: str, place: str) -> None:
    """Count a row of a table without text: as the line of JSON that says the same."""
    n_bytes = len(json.dumps({text_field: None}, ensure_ascii=False).encode())
    tally.add("n_read_bytes", n_bytes)
    missing(tally, text_field, n_bytes, place)


def no_field(tally: Tally, text_field: str, fields: tuple[str, ...]) -> InputError:
    """The error for a file that lacks the text field altogether."""
    shown = ", ".join(f"'{name}'" for name in fields[:20]) or "none at all"
    example = fields[0] if fields else "NAME"
    return InputError(
        f"{tally.label} has no field '{text_field}'; its fields are {shown}.",
        hint=f"name the one that holds the text, such as --text-field {example}.",
    )


def _split(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if not lines[-1]:  # what follows the last line end is no line
        lines.pop()
    return lines


def _record_lines(blocks: Iterator[bytes], tally: Tally) -> Iterator[tuple[int, list[str]]]:
    """Yield whole lines with the number of the first; lines above `RECORD_BYTES` are left out."""
    n_dropped = 0
    for chunk in chunks(blocks, RECORD_BYTES):
        if not chunk.ends_line:
            n_dropped += len(chunk.data)
            continue
        lines = decode(chunk, tally).split("\n")
        if not lines[-1]:
            lines.pop()
        first = chunk.line
        if n_dropped:
            n_dropped += len("".join(lines[:1]).encode())
            kind = f"a record of more than {RECORD_BYTES >> 20} MiB"
            tally.lost("n_broken", n_dropped, kind, f"line {first:,}")
            lines, first, n_dropped = lines[1:], first + 1, 0
        yield first, lines


def _fed(batches: Iterator[tuple[int, list[str]]], pending: list[str]) -> Iterator[str]:
    for _, lines in batches:
        for line in lines:
            pending.append(line)
            yield line + "\n"


def _some_rows(reader: Any, pending: list[str]) -> list[tuple[int, list[str] | None, int]]:
    """The next rows, each with the number of its first line; none at the end.

    A broken row is None, and has its bytes with it.
    """
    rows: list[tuple[int, list[str] | None, int]] = []
    n_chars = 0
    with _large_fields():
        while len(rows) < _BATCH_ROWS and n_chars < _BATCH_CHARS:
            pending.clear()
            row, n_broken_bytes = None, 0
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error:
                n_broken_bytes = len("\n".join(pending).encode()) + 1
            n_chars += sum(map(len, pending))
            rows.append((reader.line_num - len(pending) + 1, row, n_broken_bytes))
    return rows


@contextlib.contextmanager
def _large_fields() -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters a field, which all readers share."""
    before = csv.field_size_limit(RECORD_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _column(header: list[str], text_field: str, tally: Tally) -> int:
    if text_field not in header:
        raise no_field(tally, text_field, tuple(header))
    return header.index(text_field)
