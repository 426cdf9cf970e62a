"""How a result of each kind is read; one line here, and sections can speak of a new kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.records import RECORD_FILE, Extension, Guarantee, ServedRow, ThroughputRow
from tokext.records.typed import typed
from tokext.report.evidence import AddedVocabulary, Evidence, Found, TokenizerResult, Verified
from tokext.report.licenses import license_of
from tokext.report.packed import pack

HINT = "give folders and files that merge, verify, train-vocab, plan or bench wrote."

#: What a compression row must have for anything to be said about it. The rest may be missing.
_ROW_KEYS = (
    *("tokenizer", "corpus", "n_documents", "n_chars", "n_bytes", "n_tokens"),
    *("chars_per_token", "bytes_per_token", "byte_fallback_share"),
)

#: Puts what a record holds among the evidence: the evidence, the path, the name, the record.
Reader = Callable[[Evidence, Path, str, dict[str, Any]], None]


def keep(kind: str, *keys: str) -> Reader:
    """A reader that keeps results as they are for `Evidence.of(kind)`.

    A result, or each row of one that is a list, has to have the keys.
    """

    def read(evidence: Evidence, _path: Path, name: str, record: dict[str, Any]) -> None:
        result = record["result"]
        for row in result if isinstance(result, list) else [result]:
            for key in keys:
                row[key]
        evidence.others.setdefault(kind, []).append(Found(name, result))

    return read


def keep_rows(kind: str, parse: Callable[[dict[str, Any]], object]) -> Reader:
    """A reader that keeps rows for `Evidence.of(kind)` after every one of them was understood."""

    def read(evidence: Evidence, _path: Path, name: str, record: dict[str, Any]) -> None:
        for row in record["result"]:
            parse(row)
        evidence.others.setdefault(kind, []).append(Found(name, record["result"]))

    return read


def kind_of_rows(content: Any) -> str | None:
    """The kind of a result that is a bare list of rows, by a key that only its rows have."""
    if not isinstance(content, list):
        return None
    keys = {key for row in content if isinstance(row, dict) for key in row}
    return next((kind for key, kind in ROWS.items() if key in keys), None)


def _read_tokenizer(evidence: Evidence, path: Path, name: str, record: dict[str, Any]) -> None:
    result, extension = record["result"], Extension.read(path)
    rules = result.get("rules")
    packed = pack(path, extension, rules) if rules and extension.added else None
    dropped = dict(result.get("dropped") or {})
    terms = license_of(path, extension.base.license)
    whole = path.resolve()
    evidence.tokenizers.append(TokenizerResult(name, whole, extension, dropped, packed, terms))
    _read_verified(evidence, path, name, record)


def _read_verified(evidence: Evidence, _path: Path, name: str, record: dict[str, Any]) -> None:
    guarantees = tuple(
        typed(Guarantee(**{**given, "examples": tuple(given.get("examples") or ())}))
        for given in record["result"]["guarantees"]
    )
    evidence.verified.append(Verified(name, guarantees))


def _read_vocabulary(evidence: Evidence, path: Path, name: str, _record: dict[str, Any]) -> None:
    evidence.vocabularies.append(AddedVocabulary(name, _read_added(path / "added.tsv")))


def _read_rows(evidence: Evidence, path: Path, name: str, record: dict[str, Any]) -> None:
    file = path / RECORD_FILE if path.is_dir() else path
    source = f"{name}/{RECORD_FILE}" if path.is_dir() else name
    rows = _compression_rows(record["result"], file)
    evidence.rows += [{**row, "source": source} for row in rows]


def _read_initialization(
    evidence: Evidence, _path: Path, name: str, record: dict[str, Any]
) -> None:
    evidence.others.setdefault("initialization", []).append(Found(name, record["rows"]))


def _read_added(path: Path) -> tuple[tuple[str, int], ...]:
    try:
        # Only a line feed ends a row: a piece may hold what else `splitlines` takes for an end.
        lines = path.read_text(encoding="utf-8").split("\n")[1:]
        rows = [line.rpartition("\t") for line in lines if line]
        return tuple((piece, int(count)) for piece, _, count in rows)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", hint="train the vocabulary again.") from error
    except ValueError as error:
        raise InputError(
            f"{path} is not a table of piece and count: {error}.",
            hint="train the vocabulary again, or restore the file.",
        ) from error


def _compression_rows(content: Any, path: Path) -> list[dict[str, Any]]:
    if not isinstance(content, list) or not content:
        raise InputError(f"{path} holds no compression rows.", hint=HINT)
    for number, row in enumerate(content, start=1):
        missing = [key for key in _ROW_KEYS if not isinstance(row, dict) or key not in row]
        if missing:
            raise InputError(
                f"row {number} of {path} lacks {missing[0]!r}, so it is not a compression result.",
                hint=HINT,
            )
        wrong = [key for key in _ROW_KEYS if type(row[key]) not in _right_types(key)]
        if wrong:
            raise InputError(
                f"row {number} of {path} has {wrong[0]} {str(row[wrong[0]])[:40]!r}, which is of "
                "the wrong type.",
                hint="measure again with tokext bench compression.",
            )
    return content


def _right_types(key: str) -> tuple[type, ...]:
    return (str,) if key in ("tokenizer", "corpus") else (int, float)


#: A record's kind, and what reads it.
KINDS: dict[str, Reader] = {
    "tokenizer": _read_tokenizer,
    "verification": _read_verified,
    "added vocabulary": _read_vocabulary,
    "compression": _read_rows,
    "plan": keep("plan", "rows"),
    "leakage": keep("leakage", "groups", "total", "false_positive_floor"),
    "sweep": keep("sweep", "cells"),
    "throughput": keep_rows("throughput", ThroughputRow.from_dict),
    "served": keep_rows("served", ServedRow.from_dict),
    "initialization": _read_initialization,
}

#: A key that only rows of one kind have, and the kind: for results that are bare lists of rows.
ROWS = {
    "byte_fallback_share": "compression",
    "kv_bytes_per_char": "throughput",
    "n_prompt_chars": "served",
}
