"""Progress on standard error, with a time left, for whatever takes longer than two seconds."""

from __future__ import annotations

import contextvars
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

#: Off in the library, on in the command line, off again with ``--quiet``.
shown: contextvars.ContextVar[bool] = contextvars.ContextVar("shown", default=False)


def bar(description: str, total: float | None = None, unit: str = "it") -> tqdm[None]:
    """A progress bar to be used as a context manager; call `update(n)` on it.

    It appears after two seconds, with the time left where `total` is known.
    """
    from tqdm import tqdm

    return tqdm(
        total=total,
        desc=description,
        unit=unit,
        unit_scale=True,
        delay=2,
        leave=False,
        file=sys.stderr,
        disable=not shown.get(),
    )


def show_seconds(seconds: float) -> str:
    """A time as people say it.

    Example:
        >>> show_seconds(0.2), show_seconds(95), show_seconds(10_000)
        ('1 s', '2 min', '3 h')
    """
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 7200 else f"{round(seconds / 3600)} h"


def say(message: str) -> None:
    """One line for the person at the terminal."""
    if shown.get():
        print(message, file=sys.stderr)
