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


def say(message: str) -> None:
    """One line for the person at the terminal."""
    if shown.get():
        print(message, file=sys.stderr)
