"""Parquet: one column of text, read page by page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokext.corpus.formats import missing_row, no_field
from tokext.corpus.tally import Tally
from tokext.errors import InputError

_BATCH_ROWS = 1000
_BUFFER_BYTES = 1 << 20


def read_parquet(path: Path, tally: Tally, text_field: str) -> Iterator[list[str]]:
    """The rows of a text column; a null is a record without text.

    Raises:
        InputError: The file is damaged, lacks the column, or holds something else in it.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        # Without these two a whole row group, gigabytes in some files, is fetched at once.
        with ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES) as file:
            _check_column(file.schema_arrow, text_field, tally)
            n_before = n_texts = 0
            columns = [text_field]
            for batch in file.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
                n_texts += len(batch) - batch.column(0).null_count
                yield _documents(batch.column(0), n_before, tally, text_field)
                n_before += len(batch)
            if n_before and not n_texts:
                raise _no_text(file.schema_arrow, text_field, tally, "nothing but nulls")
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{tally.label} is not a sound Parquet file: {reason}",
            hint="copy or download it again, or correct its suffix.",
        ) from error


def _check_column(schema: Any, text_field: str, tally: Tally) -> None:
    if text_field not in schema.names:
        raise no_field(tally, text_field, tuple(schema.names))
    kind = schema.field(text_field).type
    if not _is_text(kind):
        met = "nothing but nulls" if str(kind) == "null" else f"{kind}, not text"
        raise _no_text(schema, text_field, tally, met)


def _is_text(kind: Any) -> bool:
    import pyarrow.types as kinds

    if kinds.is_dictionary(kind):
        kind = kind.value_type
    tests = (kinds.is_string, kinds.is_large_string, kinds.is_binary, kinds.is_large_binary)
    return any(test(kind) for test in tests)


def _no_text(schema: Any, text_field: str, tally: Tally, met: str) -> InputError:
    others = [f.name for f in schema if f.name != text_field and _is_text(f.type)]
    return InputError(
        f"the column '{text_field}' of {tally.label} holds {met}.",
        hint=f"choose another with --text-field: {', '.join(others)}."
        if others
        else "no other column of it holds text either.",
    )


def _documents(column: Any, n_before: int, tally: Tally, text_field: str) -> list[str]:
    import pyarrow

    # As bytes: a string column may hold bytes that are not UTF-8, and nothing has checked them.
    values = column.cast(pyarrow.large_binary()).to_pylist()
    documents, numbers = [], []
    for number, value in enumerate(values, n_before + 1):
        if value is None:
            missing_row(tally, text_field, f"row {number:,}")
            continue
        tally.add("n_read_bytes", len(value))
        documents.append(_text(value, number, tally))
        numbers.append(number)
    return tally.keep(documents, numbers, "row")


def _text(value: bytes, number: int, tally: Tally) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        n_bad = len(value) - len(value.decode("utf-8", "ignore").encode())
        tally.bad(n_bad, "bytes that are not UTF-8", f"row {number:,}")
        return value.decode("utf-8", "replace")
