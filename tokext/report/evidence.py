"""What a report may speak of: everything that was read from the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokext.records import RECORD_FILE, Extension, Guarantee, InputFile
from tokext.report.licenses import License
from tokext.report.packed import PackedVocabulary


@dataclass(frozen=True)
class TokenizerResult:
    """A tokenizer and its folder; `packed` is None where the page cannot cut text as it does.

    `license` is the one that lies in it or that its base states, None where neither does.
    """

    name: str
    folder: Path
    extension: Extension
    dropped: Mapping[str, int]
    packed: PackedVocabulary | None
    license: License | None


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


@dataclass(frozen=True)
class Found:
    """A result as its stage wrote it: the name the report gives it, and its content."""

    name: str
    result: Any


@dataclass(frozen=True)
class Way:
    """How a result came to be, as far as it says so: `command` are the arguments as typed.

    `options` are those that decide the numbers of a result that has no record of its own.
    """

    result: str
    file: str
    created: str | None
    command: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Mapping[str, Any], ...] = ()


#: What decides the numbers of rows that say it beside them, and is the same for all of a file.
_DECIDE = {
    "throughput": ("corpus", "mode", "device_name", "dtype", "is_compiled", "n_processes"),
    "served": ("corpus", "n_prompt_chars", "max_new_tokens"),
}


@dataclass
class Evidence:
    """Everything read from the results, in the order it was given."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    tokenizers: list[TokenizerResult] = field(default_factory=list)
    verified: list[Verified] = field(default_factory=list)
    vocabularies: list[AddedVocabulary] = field(default_factory=list)
    others: dict[str, list[Found]] = field(default_factory=dict)
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    not_drawn: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        named = (self.rows, self.tokenizers, self.verified, self.vocabularies, self.others)
        return not any(named)

    @property
    def guarantees_tried(self) -> list[Guarantee]:
        """Every guarantee that was kept or broken; what was not tried is neither."""
        found = (g for verified in self.verified for g in verified.guarantees)
        return [g for g in found if g.was_tried]

    @property
    def ways(self) -> list[Way]:
        """How each result came to be, by its record, or else by its rows."""
        recorded = [
            Way(
                name,
                f"{name}/{RECORD_FILE}",
                record.get("created"),
                tuple(map(str, record.get("command") or ())),
                inputs=tuple(record.get("inputs") or ()),
            )
            for name, record in self.records
        ]
        known = {way.file for way in recorded} | {way.result for way in recorded}
        ways: dict[str, Way] = {}
        for file, row, options in self._rows_without_a_record():
            if file in known:
                continue
            command = tuple(row.get("command") or ())
            ways.setdefault(
                f"{file} {command} {options}",
                Way(file, file, row.get("created"), tuple(map(str, command)), options),
            )
        return [*recorded, *ways.values()]

    def _rows_without_a_record(self) -> Iterator[tuple[str, Mapping[str, Any], dict[str, Any]]]:
        """Rows with their file, and what decides their numbers as far as they say it."""
        for row in self.rows:
            yield row["source"], row, row.get("options") or {}
        for kind, decide in _DECIDE.items():
            for found in self.of(kind):
                for row in found.result:
                    yield found.name, row, {key: row[key] for key in decide}

    def add_file(self, file: InputFile, kind: str) -> None:
        """Remember a file that was read, and what it holds."""
        self.files.append(file)
        self.kinds[file.name] = kind

    def of(self, kind: str) -> list[Found]:
        """The results of a kind that sections read for themselves."""
        return self.others.get(kind, [])
