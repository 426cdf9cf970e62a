"""A model here, or one behind a server: flags that commands share, and none of the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from tokext.cli.options import is_typed

Function = TypeVar("Function", bound=Callable[..., Any])

device = click.option(
    "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps."
)
max_memory = click.option(
    "--max-memory",
    metavar="SIZE",
    help="Of a checkpoint on the device, as 20GB; other weights wait in memory or on the disk.",
)
timeout = click.option(
    "--timeout",
    "timeout_seconds",
    default=120.0,
    show_default=True,
    help="Seconds for one answer of a server.",
)
tries = click.option(
    "--tries", "n_tries", default=6, show_default=True, help="For one answer of a server."
)


def dtype(help: str) -> Callable[[Function], Function]:  # noqa: A002
    """`--dtype`; the help says what `auto` is."""
    return click.option(
        "--dtype",
        type=click.Choice(["auto", "bfloat16", "float16", "float32"]),
        default="auto",
        show_default=True,
        help=help,
    )


def is_url(name: str) -> bool:
    """Whether a name is that of a server."""
    return name.startswith(("http://", "https://"))


def own_flags(given: Mapping[str, Any], others: Iterable[str], is_server: bool) -> dict[str, Any]:
    """What was given, without the flags that only the other source has.

    Raises:
        UsageError: One of those was typed, or a server's model has no name.
    """
    spelled = {p.name: p.opts[0] for p in click.get_current_context().command.params}
    left_out = set(others)
    for name in sorted(left_out):
        if is_typed(name):
            whom = "a server" if is_server else "a checkpoint"
            raise click.UsageError(f"{spelled[name]} has no meaning for {whom}.")
    if is_server and not given["model"]:
        raise click.UsageError("a server needs --model NAME: what it calls the model.")
    return {name: value for name, value in given.items() if name not in left_out}
