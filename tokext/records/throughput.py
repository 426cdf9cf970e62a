"""The rows of ``tokext bench throughput``: what was timed, and what the machine allows at best."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.records.record import read_rows
from tokext.records.typed import typed


@dataclass(frozen=True)
class Prediction:
    """What a machine allows at best, from bytes to move and operations to do.

    `step_seconds` is one step of decoding for the whole batch. `is_bandwidth_bound` says that bytes
    decide it, not operations.
    """

    machine: str
    bytes_per_second: float
    operations_per_second: float
    is_measured_machine: bool
    step_bytes: float
    step_seconds: float
    prefill_seconds: float
    is_bandwidth_bound: bool
    decode_chars_per_second: float
    prefill_chars_per_second: float


@dataclass(frozen=True)
class ThroughputRow:
    """How fast one model reads and writes one text, at one batch size.

    Tuples have an entry a repeat; repeats of several models were taken in turns, so entries of the
    same place belong together. Characters and tokens are those of the whole batch, and of all
    processes, whose slowest gives the time. A step writes one token in each sequence. `shape` is
    empty for a checkpoint; with a shape the weights are random. `kv_bytes_per_token` is of one
    sequence. `decode_ratios` and `prefill_ratios` are this model's characters per second divided by
    the first model's, pair by pair, and empty for the first. `context_tokens` and
    `peak_memory_bytes` are None where they are not known; `break_even_batch` is None where no batch
    eats the gain; `predicted_curve` has (batch size, predicted ratio) at powers of two, and nothing
    for the first model. `n_text_chars` is what the whole text has, of which windows were cut.
    `command` is what was typed, and empty where tokext was used as a library.
    """

    model: str
    tokenizer_size: int
    shape: str
    n_rows: int
    n_parameters: int
    mode: str
    n_processes: int
    batch_size: int
    device: str
    device_name: str
    dtype: str
    is_compiled: bool
    corpus: str
    n_prefill_chars: int
    n_prefill_tokens: int
    n_decode_chars: tuple[int, ...]
    n_decode_tokens: int
    n_steps: int
    prefill_seconds: tuple[float, ...]
    time_to_first_token_seconds: tuple[float, ...]
    decode_seconds: tuple[float, ...]
    kv_bytes_per_token: float
    chars_per_token: float
    context_tokens: int | None
    peak_memory_bytes: int | None
    prediction: Prediction
    predicted_ratio: float | None
    break_even_batch: int | None
    predicted_curve: tuple[tuple[int, float], ...]
    decode_ratios: tuple[float, ...]
    prefill_ratios: tuple[float, ...]
    tokext_version: str
    created: str
    n_text_chars: int | None = None
    command: tuple[str, ...] = ()

    @property
    def repeats(self) -> int:
        """How often it was measured."""
        return len(self.decode_seconds)

    @property
    def prefill_chars_per_second(self) -> tuple[float, ...]:
        """Characters read in a second, by repeat."""
        return tuple(self.n_prefill_chars / seconds for seconds in self.prefill_seconds)

    @property
    def decode_chars_per_second(self) -> tuple[float, ...]:
        """Characters written in a second, by repeat."""
        pairs = zip(self.n_decode_chars, self.decode_seconds, strict=True)
        return tuple(n_chars / seconds for n_chars, seconds in pairs)

    @property
    def decode_tokens_per_second(self) -> tuple[float, ...]:
        """Tokens written in a second, by repeat: not to be compared across vocabularies."""
        return tuple(self.n_decode_tokens / seconds for seconds in self.decode_seconds)

    @property
    def milliseconds_per_step(self) -> tuple[float, ...]:
        """The time between a sequence's tokens, by repeat."""
        return tuple(1000 * seconds / self.n_steps for seconds in self.decode_seconds)

    @property
    def kv_bytes_per_char(self) -> float:
        """Bytes of keys and values for each character, of one sequence."""
        return self.kv_bytes_per_token / self.chars_per_token

    @property
    def context_chars(self) -> float | None:
        """How many characters of such text fit into the context window."""
        return self.context_tokens * self.chars_per_token if self.context_tokens else None

    @property
    def bandwidth_share(self) -> float:
        """The share of the machine's bandwidth that the median step of decoding reaches."""
        step_seconds = statistics.median(self.milliseconds_per_step) / 1000
        return self.prediction.step_bytes / step_seconds / self.prediction.bytes_per_second

    def as_dict(self) -> dict[str, Any]:
        """The row for a JSON file: of what was repeated the median, with lowest and highest."""
        fields = dataclasses.asdict(self)
        own = {name: fields.pop(name) for name in _REPEATED if name in fields}
        for name in _REPEATED:
            values = own.get(name, getattr(self, name))
            fields[name] = statistics.median(values) if values else None
            fields[f"{name}_spread"] = [min(values), max(values)] if values else None
        derived = ("repeats", "kv_bytes_per_char", "context_chars", "bandwidth_share")
        return fields | {name: getattr(self, name) for name in derived} | {"measured": own}

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> ThroughputRow:
        """The row that `as_dict` wrote.

        Raises:
            InputError: A key is missing, or a value is of another type.
        """
        try:
            measured = {name: tuple(values) for name, values in fields["measured"].items()}
            prediction = Prediction(**fields["prediction"])
            curve = tuple((int(size), ratio) for size, ratio in fields["predicted_curve"])
            given = {**fields, **measured, "prediction": prediction, "predicted_curve": curve}
            given["command"] = tuple(fields.get("command", ()))
            # A missing key without a default is the dataclass's TypeError.
            names = [f.name for f in dataclasses.fields(ThroughputRow)]
            return typed(ThroughputRow(**{name: given[name] for name in names if name in given}))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"not a row of tokext bench throughput: {error}.",
                hint="write the file again with tokext bench throughput -o FILE.json.",
            ) from error


#: What a throughput row has a value a repeat of.
_REPEATED = (
    "n_decode_chars",
    "prefill_seconds",
    "time_to_first_token_seconds",
    "decode_seconds",
    "prefill_chars_per_second",
    "decode_chars_per_second",
    "decode_tokens_per_second",
    "milliseconds_per_step",
    "decode_ratios",
    "prefill_ratios",
)


def read_throughput(path: str | Path) -> list[ThroughputRow]:
    """Read the rows that ``tokext bench throughput -o`` wrote.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    return [ThroughputRow.from_dict(row) for row in read_rows(path, "throughput")]
