"""Worker processes that start without running the main file, and end when their parent does."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from multiprocessing.context import SpawnContext
from types import ModuleType


def context() -> SpawnContext:
    """How workers are started: afresh, which every system can and which threads do not disturb."""
    return multiprocessing.get_context("spawn")


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """What workers take over from this process at their start, but for two things.

    They do not run the program's main file, which may lack ``if __name__ == "__main__"``; and an
    interrupt at the terminal is for this process alone, which then ends them.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        with _interrupts_held():
            yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let an interrupt wait: one in the middle of a start would leave half a worker.

    Processes that start meanwhile keep the signal blocked. The handler has to wait too, because a
    signal that another thread receives is handled in this one.
    """
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def end_with_parent() -> None:
    """Let a worker end when its parent is killed; it would wait for batches for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
