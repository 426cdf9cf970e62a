"""The rows of ``tokext bench compression``: what a tokenizer makes of a corpus."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.records.record import read_rows
from tokext.records.typed import typed
from tokext.records.use import ChangedLine, PieceUse


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
    `n_own_lines` have a letter of the `language` that was asked about, `n_foreign_lines` have
    letters and none of that language, and `n_foreign_lines_changed` of those have other ids; of a
    language that is Latin, text without a letter of its own may still be in it.
    `words` is None where it was not asked for, or the language has no word segmenter here.
    The `curve` was counted on a sample of `curve_n_chars` characters. `seconds` is the time spent
    counting with this tokenizer: reading, words and curve apart. `changed_lines` are examples.
    `command` is what was typed, and empty where tokext was used as a library; `options` are those
    that decide the numbers, as `measure_compression` takes them. What has a default here is not in
    a result that an earlier tokext wrote.
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
    language: str | None = None
    language_is_latin: bool | None = None
    n_own_lines: int | None = None
    n_foreign_lines: int | None = None
    n_foreign_lines_changed: int | None = None
    command: tuple[str, ...] = ()
    options: Mapping[str, str | int | float | bool | None] | None = None

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
            typed_in = fields.get("command", [])
            nested["command"] = tuple(typed_in) if isinstance(typed_in, list) else typed_in
            # A missing key without a default is the dataclass's TypeError.
            names = {f.name for f in dataclasses.fields(CompressionRow)} - nested.keys()
            return typed(CompressionRow(**{n: fields[n] for n in names if n in fields} | nested))
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
    return [CompressionRow.from_dict(row) for row in read_rows(path, "compression")]
