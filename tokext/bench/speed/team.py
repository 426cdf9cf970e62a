"""Processes that `accelerate launch` started: each has documents of its own, and all one result."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tokext.bench.speed.windows import Windows
from tokext.records import ThroughputRow

Value = TypeVar("Value")


class Team:
    """The processes that measure together; a single one where accelerate started no others.

    Args:
        device: What the models are to run on; of several processes each has its own GPU.
    """

    def __init__(self, device: str = "auto") -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.state: Any = None
        if self.size > 1:
            from accelerate import PartialState

            self.state = PartialState(cpu=device == "cpu")

    def device(self, asked: str) -> str:
        """The device of this process."""
        is_named = self.state is None or asked not in ("auto", "cuda")
        return asked if is_named else str(self.state.device)

    def share(self, windows: Windows) -> Windows:
        """The windows of this process: every so many of all."""
        rank = 0 if self.state is None else self.state.process_index
        return replace(windows, texts=windows.texts[rank :: self.size])

    def all(self, here: bool) -> bool:
        """Whether something is so in every process; none goes on before all have said it."""
        return all(self.gather(here))

    def gather(self, value: Value) -> list[Value]:
        """The values of all processes, in their order."""
        if self.state is None:
            return [value]
        from accelerate.utils import gather_object

        gathered: list[Value] = gather_object([value])
        return gathered

    def join(self, rows: Sequence[ThroughputRow]) -> list[ThroughputRow]:
        """The same rows of all processes as one row each."""
        if self.state is None:
            return list(rows)
        joined = [join_rows(same) for same in zip(*self.gather(list(rows)), strict=True)]
        return [joined[0], *(_compared(row, joined[0]) for row in joined[1:])]


def join_rows(rows: Sequence[ThroughputRow]) -> ThroughputRow:
    """What several processes did at the same time, as one: work added up, the slowest's time.

    The prediction is that each has a device of its own.
    """
    first, n = rows[0], len(rows)
    peaks = [row.peak_memory_bytes for row in rows]
    prediction = replace(
        first.prediction,
        decode_chars_per_second=n * first.prediction.decode_chars_per_second,
        prefill_chars_per_second=n * first.prediction.prefill_chars_per_second,
    )
    return replace(
        first,
        n_processes=n,
        batch_size=sum(row.batch_size for row in rows),
        n_prefill_chars=sum(row.n_prefill_chars for row in rows),
        n_prefill_tokens=sum(row.n_prefill_tokens for row in rows),
        n_decode_tokens=sum(row.n_decode_tokens for row in rows),
        n_steps=max(row.n_steps for row in rows),
        chars_per_token=statistics.mean(row.chars_per_token for row in rows),
        n_decode_chars=_by_repeat(sum, [row.n_decode_chars for row in rows]),
        prefill_seconds=_by_repeat(max, [row.prefill_seconds for row in rows]),
        time_to_first_token_seconds=_by_repeat(
            max, [row.time_to_first_token_seconds for row in rows]
        ),
        decode_seconds=_by_repeat(max, [row.decode_seconds for row in rows]),
        peak_memory_bytes=None if None in peaks else sum(peak or 0 for peak in peaks),
        prediction=prediction,
    )


def _by_repeat(join: Any, values: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(join(same) for same in zip(*values, strict=True))


def _compared(row: ThroughputRow, first: ThroughputRow) -> ThroughputRow:
    """The row with ratios of what all processes did together."""
    decode = zip(row.decode_chars_per_second, first.decode_chars_per_second, strict=True)
    prefill = zip(row.prefill_chars_per_second, first.prefill_chars_per_second, strict=True)
    return replace(
        row,
        decode_ratios=tuple(own / base for own, base in decode),
        prefill_ratios=tuple(own / base for own, base in prefill),
    )
