"""Results on disk, read and checked: what a report may speak of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from tokext.errors import InputError
from tokext.records import (
    RECORD_FILE,
    Extension,
    Guarantee,
    InputFile,
    Kind,
    file_record,
    read_json,
    read_record,
)

_HINT = "give folders and files that merge, verify, train-vocab or bench compression wrote."

#: What a compression row must have for anything to be said about it. The rest may be missing.
_ROW_KEYS = (
    *("tokenizer", "corpus", "n_documents", "n_chars", "n_bytes", "n_tokens"),
    *("chars_per_token", "bytes_per_token", "byte_fallback_share"),
)


@dataclass(frozen=True)
class TokenizerResult:
    """A tokenizer folder."""

    name: str
    extension: Extension
    dropped: Mapping[str, int]


@dataclass(frozen=True)
class Verified:
    """The guarantees that one run of merge or verify looked at."""

    name: str
    guarantees: tuple[Guarantee, ...]


@dataclass(frozen=True)
class AddedVocabulary:
    """A learned vocabulary that is in no tokenizer yet: (piece, count) in rank order."""

    name: str
    pieces: tuple[tuple[str, int], ...]


@dataclass
class Evidence:
    """Everything read from the results, in the order it was given."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    tokenizers: list[TokenizerResult] = field(default_factory=list)
    verified: list[Verified] = field(default_factory=list)
    vocabularies: list[AddedVocabulary] = field(default_factory=list)
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)
    not_drawn: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (self.rows or self.tokenizers or self.verified or self.vocabularies)


def read_evidence(results: Iterable[str | Path]) -> Evidence:
    """Read results: folders and JSON files that tokext wrote, or folders that hold such.

    Raises:
        InputError: There is none, or one of them is missing, damaged, or of a kind that reports
            know nothing of.
    """
    evidence = Evidence()
    for result in results:
        path = Path(result)
        if not path.exists():
            raise InputError(f"{path} does not exist.", hint=_HINT)
        if path.is_file() or (path / RECORD_FILE).is_file():
            _read_one(evidence, path, _name(path), alone=True)
        else:
            _read_inside(evidence, path)
    if evidence.is_empty:
        raise InputError("there is no result to report on.", hint=_HINT)
    return evidence


def _name(path: Path) -> str:
    """A result's name without the machine's folders; `tokenizer` alone would name nothing."""
    whole = path.resolve()
    return f"{whole.parent.name}/{whole.name}" if whole.name == "tokenizer" else whole.name


def _read_inside(evidence: Evidence, folder: Path) -> None:
    """Read every result one level down; files that are no results of tokext are passed over."""
    before = len(evidence.files)
    for path in _results_inside(folder):
        _read_one(evidence, path, f"{folder.resolve().name}/{path.name}", alone=False)
    if len(evidence.files) == before:
        raise InputError(f"the folder {folder} holds no result of tokext.", hint=_HINT)


def _results_inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if (path / RECORD_FILE).is_file():
                yield path
        elif path.suffix == ".json" and path.name != RECORD_FILE:
            content = read_json(path)
            if _is_compression(content) or (isinstance(content, dict) and "kind" in content):
                yield path


def _is_compression(content: Any) -> bool:
    return isinstance(content, list) and any(
        isinstance(row, dict) and "chars_per_token" in row for row in content
    )


def _read_one(evidence: Evidence, path: Path, name: str, *, alone: bool) -> None:
    file = path / RECORD_FILE if path.is_dir() else path
    if file.is_file() and file.suffix == ".json" and isinstance(read_json(file), list):
        evidence.files.append(file_record(file, name))
        evidence.rows += _compression_rows(read_json(file), file)
        return
    record = read_record(path)
    kind = record["kind"]
    evidence.files.append(file_record(file, f"{name}/{RECORD_FILE}" if path.is_dir() else name))
    if kind == "run" and path.is_dir():
        _read_inside(evidence, path)
    elif kind in _READERS:
        evidence.records.append((name, record))
        try:
            _READERS[kind](evidence, path, name, record)
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{file} is not a whole {kind} record: {type(error).__name__} {error}.",
                hint="make it again with this version of tokext.",
            ) from error
    elif not alone and kind in get_args(Kind):
        evidence.not_drawn.append((name, kind))
    else:
        raise InputError(f"{file} is of kind {kind!r}, which a report cannot draw.", hint=_HINT)


def _read_tokenizer(evidence: Evidence, path: Path, name: str, record: dict[str, Any]) -> None:
    result = record["result"]
    tokenizer = TokenizerResult(name, Extension.read(path), dict(result.get("dropped") or {}))
    evidence.tokenizers.append(tokenizer)
    _read_verified(evidence, path, name, record)


def _read_verified(evidence: Evidence, _path: Path, name: str, record: dict[str, Any]) -> None:
    guarantees = tuple(
        Guarantee(**{**given, "examples": tuple(given.get("examples") or ())})
        for given in record["result"]["guarantees"]
    )
    evidence.verified.append(Verified(name, guarantees))


def _read_vocabulary(evidence: Evidence, path: Path, name: str, _record: dict[str, Any]) -> None:
    evidence.vocabularies.append(AddedVocabulary(name, _read_added(path / "added.tsv")))


def _read_rows(evidence: Evidence, path: Path, _name: str, record: dict[str, Any]) -> None:
    file = path / RECORD_FILE if path.is_dir() else path
    evidence.rows += _compression_rows(record["result"], file)


_READERS: dict[str, Callable[[Evidence, Path, str, dict[str, Any]], None]] = {
    "tokenizer": _read_tokenizer,
    "verification": _read_verified,
    "added vocabulary": _read_vocabulary,
    "compression": _read_rows,
}


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
        raise InputError(f"{path} holds no compression rows.", hint=_HINT)
    for number, row in enumerate(content, start=1):
        missing = [key for key in _ROW_KEYS if not isinstance(row, dict) or key not in row]
        if missing:
            raise InputError(
                f"row {number} of {path} lacks {missing[0]!r}, so it is not a compression result.",
                hint=_HINT,
            )
    return [{**row, "source": path.name} for row in content]
