"""From timed passes to rows: rates, ratios pair by pair, and the prediction beside them."""

from __future__ import annotations

import importlib.metadata
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tokext.bench.machines import Machine
from tokext.bench.roofline import (
    ModelCost,
    TextLoad,
    break_even_batch,
    predict,
    predicted_curve,
    predicted_ratio,
)
from tokext.bench.speed.memory import PeakMemory
from tokext.bench.speed.subject import Subject, device_name
from tokext.bench.speed.timed import Runner, Timing
from tokext.bench.speed.work import Work
from tokext.errors import ModelError
from tokext.model.load import run_device
from tokext.records import ThroughputRow, command_line


@dataclass
class Passes:
    """What was measured of one subject at one batch size.

    `counts_own_words` says that the text is what the model said, not what it was given. The runner
    is let go of after the last pass: it holds a cache.
    """

    subject: Subject
    work: Work
    runner: Runner | None
    memory: PeakMemory
    counts_own_words: bool
    is_compiled: bool = False
    n_text_chars: int = 0
    timings: list[Timing] = field(default_factory=list)

    @property
    def load(self) -> TextLoad:
        """The text of one sequence: as it was given, or on average as it came out."""
        work, batch_size = self.work, self.work.decode.shape[0]
        return TextLoad(
            work.n_prefill_chars / batch_size,
            self.mean_decode_chars / batch_size,
            self.mean_decode_chars / self.n_decode_tokens,
            work.n_prefill_chars / work.n_prefill_tokens,
        )

    @property
    def chars_per_token(self) -> float:
        """Of all the text that was read and written."""
        n_chars = self.work.n_prefill_chars + self.mean_decode_chars
        return n_chars / (self.work.n_prefill_tokens + self.n_decode_tokens)

    @property
    def mean_decode_chars(self) -> float:
        """Characters that a pass wrote, on average."""
        return statistics.fmean(self.n_decode_chars())

    @property
    def costed(self) -> tuple[ModelCost, TextLoad]:
        """What the roofline has to know of both."""
        return self.subject.cost(), self.load

    @property
    def n_decode_tokens(self) -> int:
        """Tokens that were written in each pass."""
        return self.work.decode.numel() if self.counts_own_words else self.work.n_decode_tokens

    def n_decode_chars(self) -> tuple[int, ...]:
        """Characters that were written, by pass; special tokens are none.

        Raises:
            ModelError: A model that wrote what it says wrote none.
        """
        if not self.counts_own_words:
            return (self.work.n_decode_chars,) * len(self.timings)
        decode = self.subject.decoder.batch_decode
        texts = (decode(t.chosen.tolist(), skip_special_tokens=True) for t in self.timings)
        counts = tuple(sum(map(len, rows)) for rows in texts)
        if 0 in counts:
            raise ModelError(
                f"{self.subject.name} wrote no character in {self.n_decode_tokens:,} tokens.",
                hint="raise --new-tokens, or use --mode replay.",
            )
        return counts


def make_rows(measured: Sequence[Passes], *, corpus: str, machine: Machine) -> list[ThroughputRow]:
    """A row for each subject of one batch size; the first is what the others are compared with."""
    plain = [_row(own, corpus, machine) for own in measured]
    return [plain[0]] + [
        _compared(row, own, plain[0], measured[0], machine)
        for row, own in zip(plain[1:], measured[1:], strict=True)
    ]


def reached(machine: Machine, measured: Iterable[Passes]) -> Machine:
    """A machine that was tried out, and moves at least the bytes that models were seen to move.

    Of a mixture of experts it is not known which bytes a step moved, so none tells anything.
    """
    rates = [machine.bytes_per_second]
    for own in measured:
        cost, load = own.costed
        if cost.experts:
            continue
        batch_size, n_steps = own.work.decode.shape
        n_bytes = n_steps * cost.step_bytes(batch_size, load.mean_context)
        rates += [n_bytes / timing.decode_seconds for timing in own.timings]
    return replace(machine, bytes_per_second=max(rates))


def _row(own: Passes, corpus: str, machine: Machine) -> ThroughputRow:
    subject, work = own.subject, own.work
    cost, load = own.costed
    device = run_device(subject.model)
    return ThroughputRow(
        model=subject.name,
        tokenizer_size=subject.tokenizer.size,
        shape=subject.shape,
        n_rows=cost.n_rows,
        n_parameters=subject.model.num_parameters(),
        mode="free" if own.counts_own_words else "replay",
        n_processes=1,
        batch_size=work.decode.shape[0],
        device=device.type,
        device_name=device_name(device),
        dtype=str(subject.model.dtype).removeprefix("torch."),
        is_compiled=own.is_compiled,
        corpus=corpus,
        n_prefill_chars=work.n_prefill_chars,
        n_prefill_tokens=work.n_prefill_tokens,
        n_decode_chars=own.n_decode_chars(),
        n_decode_tokens=own.n_decode_tokens,
        n_steps=work.decode.shape[1],
        prefill_seconds=tuple(t.prefill_seconds for t in own.timings),
        time_to_first_token_seconds=tuple(t.first_token_seconds for t in own.timings),
        decode_seconds=tuple(t.decode_seconds for t in own.timings),
        kv_bytes_per_token=cost.kv_bytes_per_token,
        chars_per_token=own.chars_per_token,
        context_tokens=getattr(subject.config, "max_position_embeddings", None),
        peak_memory_bytes=own.memory.bytes,
        prediction=predict(cost, load, machine, work.decode.shape[0]),
        predicted_ratio=None,
        break_even_batch=None,
        predicted_curve=(),
        decode_ratios=(),
        prefill_ratios=(),
        tokext_version=importlib.metadata.version("tokext"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        n_text_chars=own.n_text_chars or None,
        command=command_line.get(),
    )


def _compared(
    row: ThroughputRow, own: Passes, first_row: ThroughputRow, first: Passes, machine: Machine
) -> ThroughputRow:
    before, after = first.costed, own.costed
    return replace(
        row,
        predicted_ratio=predicted_ratio(before, after, machine, row.batch_size),
        break_even_batch=break_even_batch(before, after, machine),
        predicted_curve=predicted_curve(before, after, machine),
        decode_ratios=_ratios(row.decode_chars_per_second, first_row.decode_chars_per_second),
        prefill_ratios=_ratios(row.prefill_chars_per_second, first_row.prefill_chars_per_second),
    )


def _ratios(own: Sequence[float], first: Sequence[float]) -> tuple[float, ...]:
    return tuple(a / b for a, b in zip(own, first, strict=True))
