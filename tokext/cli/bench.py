"""`tokext bench`: the group of measurements."""

from __future__ import annotations

import click

from tokext.cli.main import LazyGroup

_COMMANDS = {
    "compression": ("bench_compression", "Characters per token and its relatives."),
    "throughput": ("bench_throughput", "Characters per second, prefill and decode."),
    "leakage": ("bench_leakage", "How often answers leave their language, and every place."),
}


@click.command("bench", cls=LazyGroup, lazy=_COMMANDS)
def command() -> None:
    """Measure tokenizers, models and what they say."""
