"""The records that rooms hand on, and ``tokext.json``: what a folder is and how it came to be."""

from __future__ import annotations

import contextvars
import dataclasses
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tokext.errors import InputError
from tokext.output import json_text
from tokext.records.typed import typed
from tokext.records.use import ChangedLine, PieceUse

SCHEMA_VERSION = 1
RECORD_FILE = "tokext.json"
EXTENSION_FILE = "extension.json"

#: The arguments as typed, set by the command line; empty when tokext is used as a library.
command_line: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar(
    "command_line", default=()
)

_ON_ONE_LINE = json.JSONEncoder(ensure_ascii=False)
_LIBRARIES = ("sentencepiece", "tokenizers", "transformers", "fugashi", "torch", "ray")

Kind = Literal[
    "added vocabulary",
    "tokenizer",
    "checkpoint",
    "verification",
    "compression",
    "throughput",
    "samples",
    "leakage",
    "plan",
    "sweep",
    "report",
    "run",
]


@dataclass(frozen=True)
class InputFile:
    """A file that was read: its name without folders of the machine, its bytes and their digest."""

    name: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True)
class AddedPiece:
    """A piece that training or a merge added.

    `constituents` are the base ids that spell the piece without the dummy prefix.
    `id` is -1 while the piece has no place in a tokenizer yet.
    """

    piece: str
    count: int
    id: int = -1
    constituents: tuple[int, ...] = ()


@dataclass(frozen=True)
class BaseInfo:
    """Which base a vocabulary belongs to: `vocabulary_digest` covers (id, piece, type) alone."""

    name: str
    sha256: str
    vocabulary_digest: str
    size: int


@dataclass(frozen=True)
class Extension:
    """What a merge did, as ``extension.json`` holds it.

    `base.size` counts the ids the base uses, tokens of a fine-tune included; `size` counts them and
    the added pieces; ids from `size` to `padded_size` are the `padding`.
    """

    base: BaseInfo
    size: int
    padded_size: int
    added: tuple[AddedPiece, ...]
    padding: tuple[int, ...]

    def write(self, folder: Path) -> None:
        """Write ``extension.json`` into a folder that is being filled."""
        fields = {
            "base": dataclasses.asdict(self.base),
            "size": self.size,
            "padded_size": self.padded_size,
            "added": [],
            "padding": self.padding,
        }
        text = json_text(fields)
        if self.added:  # a line a piece: readable, and written by the encoder in C
            lines = ",\n    ".join(_added_line(a) for a in self.added)
            text = text.replace('"added": []', f'"added": [\n    {lines}\n  ]', 1)
        (folder / EXTENSION_FILE).write_text(text, encoding="utf-8", newline="\n")

    @staticmethod
    def read(folder: str | Path) -> Extension:
        """Read ``extension.json`` from a folder.

        Raises:
            InputError: The folder has none, or it does not follow the schema.
        """
        path = Path(folder) / EXTENSION_FILE
        fields = read_json(path)
        try:
            added = [
                AddedPiece(a["piece"], a["count"], a["id"], tuple(a["constituents"]))
                for a in fields["added"]
            ]
            base, padding = BaseInfo(**fields["base"]), tuple(fields["padding"])
            sizes = fields["size"], fields["padded_size"]
            return typed(Extension(base, *sizes, tuple(added), padding))
        except (KeyError, TypeError) as error:
            raise InputError(
                f"{path} is not an extension record: {error}.",
                hint="make the tokenizer folder again with tokext merge.",
            ) from error


@dataclass(frozen=True)
class Guarantee:
    """One promise about a tokenizer, kept or broken.

    `n_checked` and `n_failed` count what `unit` names; `examples` show failures, worst first;
    `note` says what a reader has to know even where it is kept.
    """

    name: str
    claim: str
    passed: bool
    n_checked: int
    n_failed: int
    unit: str
    examples: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class TokensPerDocument:
    """How long documents are in tokens; each figure is the length of a document that was met."""

    p5: int
    p25: int
    p50: int
    p75: int
    p95: int
    max: int


@dataclass(frozen=True)
class WordMetrics:
    """How words fare, as they stand in a sample of `n_chars` characters.

    `single_token_retention` is the share of words that are one token and all of it,
    `continued_word_share` the share that more than one token spells; the rest lie inside a longer
    token. `fertility` divides the tokens that hold any part of a word by the words, so it falls
    below 1 where pieces span words.
    """

    n_chars: int
    n_words: int
    single_token_retention: float
    continued_word_share: float
    fertility: float


@dataclass(frozen=True)
class CurvePoint:
    """The tokens of a sample when only the first `rows` added pieces are there."""

    rows: int
    n_tokens: int


@dataclass(frozen=True)
class SegmentedToken:
    """A token of a sample text, and the characters it stands for (none but the first of the bytes
    that spell one character).
    """

    id: int
    piece: str
    text: str
    is_byte: bool
    is_added: bool


@dataclass(frozen=True)
class Segmentation:
    """A sample text and its tokens, as they are in the middle of a document."""

    text: str
    tokens: tuple[SegmentedToken, ...]


@dataclass(frozen=True)
class Unusable:
    """What of a corpus could not be counted as it stood.

    `n_bad_bytes` were replaced by U+FFFD; records that are broken or have no text were left out,
    with `n_lost_bytes` in all, and so were empty documents; over-long lines were cut.
    """

    n_bad_bytes: int = 0
    n_lost_bytes: int = 0
    n_broken: int = 0
    n_missing_field: int = 0
    n_too_long: int = 0
    n_empty: int = 0


@dataclass(frozen=True)
class CompressionRow:
    """What one tokenizer makes of one corpus.

    Special tokens are never counted. `n_byte_tokens` counts tokens that stand for bytes instead of
    characters. `n_added` and `n_added_used` are None without ``extension.json``. `n_lines_changed`
    counts the lines whose ids differ from the first tokenizer's, and is None for the first.
    `words` is None where it was not asked for, or the language has no word segmenter here.
    The `curve` was counted on a sample of `curve_n_chars` characters. `seconds` is the time spent
    counting with this tokenizer: reading, words and curve apart. `changed_lines` are examples.
    `unusable` is None in a result that an earlier tokext wrote.
    """

    tokenizer: str
    tokenizer_kind: str
    tokenizer_size: int
    tokenizer_digest: str
    corpus: str
    corpus_sha256: str
    n_documents: int
    n_chars: int
    n_bytes: int
    n_tokens: int
    n_byte_tokens: int
    tokens_per_document: TokensPerDocument
    renyi_efficiency: float
    n_added: int | None
    n_added_used: int | None
    n_lines: int
    n_lines_changed: int | None
    words: WordMetrics | None
    curve: tuple[CurvePoint, ...]
    curve_n_chars: int
    segmentation: Segmentation
    tokext_version: str
    created: str
    seconds: float
    added_use: PieceUse | None = None
    changed_lines: tuple[ChangedLine, ...] = ()
    unusable: Unusable | None = None

    @property
    def chars_per_token(self) -> float:
        """Unicode code points for each token."""
        return self.n_chars / self.n_tokens

    @property
    def bytes_per_token(self) -> float:
        """UTF-8 bytes for each token."""
        return self.n_bytes / self.n_tokens

    @property
    def byte_fallback_share(self) -> float:
        """The share of tokens that stand for bytes."""
        return self.n_byte_tokens / self.n_tokens

    @property
    def added_used_share(self) -> float | None:
        """The share of added pieces that the corpus uses at least once."""
        if self.n_added is None or self.n_added_used is None:
            return None
        return self.n_added_used / self.n_added if self.n_added else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The row for a JSON file, ratios beside their counts."""
        ratios = ("chars_per_token", "bytes_per_token", "byte_fallback_share", "added_used_share")
        curve = [
            dataclasses.asdict(p) | {"chars_per_token": self.curve_n_chars / p.n_tokens}
            for p in self.curve
        ]
        derived = {name: getattr(self, name) for name in ratios}
        return dataclasses.asdict(self) | derived | {"curve": curve}

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> CompressionRow:
        """The row that `as_dict` wrote.

        Raises:
            InputError: A key is missing, or a value is of another type.
        """
        try:
            nested: dict[str, Any] = {
                "tokens_per_document": TokensPerDocument(**fields["tokens_per_document"]),
                "words": WordMetrics(**fields["words"]) if fields["words"] else None,
                "curve": tuple(CurvePoint(p["rows"], p["n_tokens"]) for p in fields["curve"]),
                "segmentation": Segmentation(
                    fields["segmentation"]["text"],
                    tuple(SegmentedToken(**t) for t in fields["segmentation"]["tokens"]),
                ),
            }
            # Results of an earlier tokext have no closer look.
            nested["added_use"] = PieceUse.from_dict(fields.get("added_use"))
            changed = fields.get("changed_lines", ())
            unusable = fields.get("unusable")
            nested["unusable"] = Unusable(**unusable) if unusable is not None else None
            nested["changed_lines"] = tuple(ChangedLine.from_dict(line) for line in changed)
            names = {f.name for f in dataclasses.fields(CompressionRow)} - nested.keys()
            return typed(CompressionRow(**{n: fields[n] for n in names} | nested))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"not a row of tokext bench compression: {error}.",
                hint="write the file again with tokext bench compression -o FILE.json.",
            ) from error


def read_compression(path: str | Path) -> list[CompressionRow]:
    """Read the rows that ``tokext bench compression -o`` wrote.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    rows = read_json(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            f"{path} is not a list of compression rows.",
            hint="give a file that tokext bench compression -o wrote.",
        )
    return [CompressionRow.from_dict(row) for row in rows]


def _added_line(a: AddedPiece) -> str:
    fields = {"id": a.id, "piece": a.piece, "count": a.count, "constituents": a.constituents}
    return _ON_ONE_LINE.encode(fields)


def write_record(
    folder: str | Path,
    kind: Kind,
    *,
    options: Mapping[str, Any],
    inputs: Iterable[InputFile],
    result: Any,
    device: str = "cpu",
) -> None:
    """Write ``tokext.json`` into a folder that is being filled."""
    record = run_record(kind, options=options, inputs=inputs, result=result, device=device)
    (Path(folder) / RECORD_FILE).write_text(json_text(record), encoding="utf-8", newline="\n")


def run_record(
    kind: Kind,
    *,
    options: Mapping[str, Any],
    inputs: Iterable[InputFile],
    result: Any,
    device: str = "cpu",
) -> dict[str, Any]:
    """The content of ``tokext.json``, also of a result that is one JSON file."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        "tokext_version": importlib.metadata.version("tokext"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command_line.get()),
        "options": dict(options),
        "inputs": [dataclasses.asdict(i) for i in inputs],
        "environment": _environment(device),
        "result": result,
    }


def read_record(path: str | Path) -> dict[str, Any]:
    """Read the record of a folder, or a result that is one JSON file.

    Raises:
        InputError: There is none, it is not JSON, or a newer tokext wrote it.
    """
    path = Path(path)
    file = path / RECORD_FILE if path.is_dir() else path
    record = read_json(file)
    stated = {"kind": str, "schema_version": int}
    if not isinstance(record, dict) or any(type(record.get(k)) is not t for k, t in stated.items()):
        raise InputError(
            f"{file} is not a tokext result.", hint="give folders or files that tokext wrote."
        )
    if record["schema_version"] > SCHEMA_VERSION:
        raise InputError(
            f"{file} has schema version {record['schema_version']}; this tokext reads up to "
            f"{SCHEMA_VERSION}.",
            hint="pip install --upgrade tokext.",
        )
    return record


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: It is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"{path} does not exist.", hint="check the name; tokext writes it with every result."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not valid JSON: {error}.", hint="write it again, or restore a copy."
        ) from error


def file_record(path: str | Path, name: str | None = None) -> InputFile:
    """Digest and size of a file, under its bare name or the one given."""
    path = Path(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return InputFile(name or path.name, digest, path.stat().st_size)


def _environment(device: str) -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found | {"device": device}
