"""What `tokext bench throughput` shows of its rows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tokext.cli.tables import block
from tokext.records import ServedRow, ThroughputRow


def served_table(rows: Sequence[ServedRow]) -> str:
    """A block a concurrency, in it a line a model: medians, and the ratio."""
    heads = ("ch/s", "one request ch/s", "first chunk", "whole", "retries", "empty", "ratio")
    width = max(len(row.model) for row in rows)
    first = rows[0]
    lines = [f"{first.n_prompt_chars:,} characters in, at most {first.max_new_tokens:,} tokens out"]
    for size in dict.fromkeys(row.concurrency for row in rows):
        own = [row for row in rows if row.concurrency == size]
        lines.append(f"{size} at a time, {own[0].n_requests} requests")
        named = [(row.model, _served_cells(row)) for row in own]
        lines += block(heads, named, width)
    return "\n".join(lines)


def _served_cells(row: ServedRow) -> list[str]:
    return [
        f"{row.chars_per_second:,.1f}",
        f"{statistics.median(row.request_chars_per_second):,.1f}",
        f"{statistics.median(row.first_chunk_seconds):.3f} s",
        f"{statistics.median(row.request_seconds):.2f} s",
        str(row.n_retries),
        str(row.n_empty),
        "-" if row.ratio is None else f"{row.ratio:.2f}",
    ]


def throughput_table(rows: Sequence[ThroughputRow]) -> str:
    """A block a batch size, in it a line a model: medians, the ratio, and what was predicted."""
    first = rows[0]
    heads = ("prefill ch/s", "decode ch/s", "lowest-highest", "first token", "ms/step", "ratio",
             "lowest-highest", "predicted", "of limit", "KV B/char", "window chars",
             "peak")  # fmt: skip
    width = max(len(row.model) for row in rows)
    lines = [f"{first.device_name}, {first.dtype}, {first.mode}, {first.repeats} repeats: medians"]
    if first.n_text_chars:
        used = first.n_prefill_chars + round(statistics.median(first.n_decode_chars))
        lines.append(
            f"{used:,} characters of {first.n_text_chars:,} ({first.corpus}) "
            f"in {first.batch_size} sequences"
        )
    for size in dict.fromkeys(row.batch_size for row in rows):
        lines.append(f"batch {size}")
        named = [(row.model, _cells(row)) for row in rows if row.batch_size == size]
        lines += block(heads, named, width)
    return "\n".join([*lines, *_break_even(rows), *_beyond(rows)])


def _cells(row: ThroughputRow) -> list[str]:
    peak = row.peak_memory_bytes
    return [
        f"{statistics.median(row.prefill_chars_per_second):,.0f}",
        f"{statistics.median(row.decode_chars_per_second):,.1f}",
        _spread(row.decode_chars_per_second, ".1f"),
        f"{statistics.median(row.time_to_first_token_seconds):.3f} s",
        f"{statistics.median(row.milliseconds_per_step):,.2f}",
        f"{statistics.median(row.decode_ratios):.2f}" if row.decode_ratios else "-",
        _spread(row.decode_ratios, ".2f"),
        "-" if row.predicted_ratio is None else f"{row.predicted_ratio:.2f}",
        f"{row.bandwidth_share:.0%}{'!' * (row.bandwidth_share > 1)}",
        f"{row.kv_bytes_per_char:,.0f}",
        "-" if row.context_chars is None else f"{row.context_chars:,.0f}",
        "-" if peak is None else f"{peak / 1e9:.2f} GB",
    ]


def _spread(values: Sequence[float], form: str) -> str:
    return f"{min(values):,{form}}-{max(values):,{form}}" if values else "-"


def _beyond(rows: Sequence[ThroughputRow]) -> list[str]:
    """A line where a step moves more than its machine can: the limit is then another's."""
    if all(row.bandwidth_share <= 1 for row in rows):
        return []
    return [
        f"!: more than {rows[0].prediction.machine} can move, so the limit is not this device's, "
        "or fewer experts were read than expected"
    ]


def _break_even(rows: Sequence[ThroughputRow]) -> list[str]:
    """A line a compared model: from which batch on its larger head costs more than it saves."""
    compared = {row.model: row for row in rows if row.decode_ratios}
    return [
        f"{name}: "
        + (
            "no batch at which the larger head eats the gain"
            if row.break_even_batch is None
            else f"the larger head eats the gain from batch {row.break_even_batch:,} on"
        )
        + f", by the prediction for {row.prediction.machine}"
        for name, row in compared.items()
    ]
