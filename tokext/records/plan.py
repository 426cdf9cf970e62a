"""What ``tokext plan`` found: for each number of added pieces, what they bring and cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.records.record import InputFile, read_record, run_record
from tokext.records.typed import typed

#: What older plans do not have, and what is taken for it.
_NEWER: Mapping[str, Any] = {"training": {}, "text_of_corpus": False}


@dataclass(frozen=True)
class PlanRow:
    """One size, measured on held-out text and predicted for one model and machine.

    `n_rows` are those of the embedding matrix, padding included; `extra_bytes` what it and the head
    grow by. `step_seconds` is one step of decoding for the whole batch. `break_even_batch` is the
    batch from which on the larger head has eaten the gain; None where none does.
    """

    n_added: int
    n_rows: int
    n_tokens: int
    extra_bytes: int
    step_seconds: float
    prefill_chars_per_second: float
    decode_chars_per_second: float
    context_chars: float
    break_even_batch: int | None


@dataclass(frozen=True)
class Plan:
    """Rows in order of rising size, the first with nothing added, and what they hold for.

    `n_chars` is the held-out text's. `n_asked` is the largest size asked for; where the last row
    is smaller, the training text gives no more pieces. Speeds are the best that the machine allows,
    in characters a second of the whole batch, each sequence reading `n_prefill_chars` and then
    writing `n_decode_chars`. `training` holds all options of the
    training run, where they are known. Where `text_of_corpus`, the held-out text is of the same
    works or sources as what was learned from, so that its figures are rather an upper bound.
    """

    base: str
    base_size: int
    language: str
    method: str
    boundary: str
    corpus: str
    n_corpus_chars: int
    text: str
    n_chars: int
    n_asked: int
    shape: str
    batch_size: int
    bytes_per_number: float
    context_tokens: int
    machine: str
    bytes_per_second: float
    operations_per_second: float
    n_prefill_chars: int
    n_decode_chars: int
    inputs: tuple[InputFile, ...]
    rows: tuple[PlanRow, ...]
    training: Mapping[str, Any] = field(default_factory=dict)
    text_of_corpus: bool = False

    def chars_per_token(self, row: PlanRow) -> float:
        """Characters of the held-out text divided by its tokens at this size."""
        return self.n_chars / row.n_tokens

    def gain_per_1000_rows(self, row: PlanRow) -> float | None:
        """Characters per token that each further 1,000 pieces brought since the size before."""
        at = self.rows.index(row)
        if at == 0:
            return None
        before = self.rows[at - 1]
        gain = self.chars_per_token(row) - self.chars_per_token(before)
        return 1000 * gain / (row.n_added - before.n_added)

    @property
    def knee(self) -> PlanRow | None:
        """Where the curve of characters per token bends; see `knee`. None where it does not."""
        points = [(row.n_added, self.chars_per_token(row)) for row in self.rows]
        bend = knee(points)
        return self.rows[points.index(bend)] if bend else None

    @property
    def fastest(self) -> PlanRow:
        """The size that writes most characters a second; beyond it a larger head costs more."""
        return max(self.rows, key=lambda row: row.decode_chars_per_second)

    def as_dict(self) -> dict[str, Any]:
        """The plan for a JSON file, derived figures beside the counts."""
        rows = [
            dataclasses.asdict(row)
            | {
                "chars_per_token": self.chars_per_token(row),
                "gain_per_1000_rows": self.gain_per_1000_rows(row),
                "decode_ratio": row.decode_chars_per_second / self.rows[0].decode_chars_per_second,
            }
            for row in self.rows
        ]
        marks = {"knee": self.knee and self.knee.n_added, "fastest": self.fastest.n_added}
        return dataclasses.asdict(self) | {"rows": rows} | marks

    def record(self) -> dict[str, Any]:
        """The content of a plan's file: how it came to be, and the plan."""
        settings = ("base", "language", "method", "boundary", "shape", "machine", "batch_size")
        options = dict(self.training) | {name: getattr(self, name) for name in settings}
        return run_record("plan", options=options, inputs=self.inputs, result=self.as_dict())

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> Plan:
        """The plan that `as_dict` wrote.

        Raises:
            InputError: A key is missing, or a value is of another type.
        """
        try:
            rows = tuple(
                PlanRow(**{f.name: row[f.name] for f in dataclasses.fields(PlanRow)})
                for row in fields["rows"]
            )
            named = {
                f.name: fields[f.name] for f in dataclasses.fields(Plan) if f.name not in _NEWER
            }
            named |= {name: fields.get(name, default) for name, default in _NEWER.items()}
            inputs = tuple(InputFile(**file) for file in fields["inputs"])
            return typed(Plan(**(named | {"rows": rows, "inputs": inputs})))
        except (KeyError, TypeError) as error:
            raise InputError(
                f"not a plan: {error}.", hint="write the file again with tokext plan -o FILE.json."
            ) from error


def read_plan(path: str | Path) -> Plan:
    """Read what ``tokext plan -o`` wrote.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    record = read_record(path)
    if record["kind"] != "plan":
        raise InputError(
            f"{path} is of kind {record['kind']!r}, not a plan.",
            hint="give a file that tokext plan -o wrote.",
        )
    return Plan.from_dict(record["result"])


def knee(points: Sequence[tuple[int, float]]) -> tuple[int, float] | None:
    """The point of a rising curve after which more rows bring less than average.

    Both axes are scaled to 0..1; the knee is where the curve lies highest above the straight line
    between its ends (Satopaa and others, "Finding a kneedle in a haystack", 2011), so it moves with
    the ends.

    Args:
        points: (rows, characters per token), by rising rows.

    Returns:
        The point, or None where the curve is too short or never bends upwards.

    Example:
        >>> knee([(0, 1.0), (10, 1.8), (20, 1.9), (30, 2.0)])
        (10, 1.8)
        >>> knee([(0, 1.0), (10, 2.0)]) is None
        True
    """
    if len(points) < 3:
        return None
    (x0, y0), (x1, y1) = points[0], points[-1]
    if x1 <= x0 or y1 <= y0:
        return None
    lifts = [((y - y0) / (y1 - y0) - (x - x0) / (x1 - x0), x, y) for x, y in points]
    lift, x, y = max(lifts, key=lambda lifted: lifted[0])
    return (x, y) if lift > 0 else None
