"""From documents to counts of runs: what the trainers learn from."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from types import ModuleType

from tokext.corpus.boundaries import runs_of
from tokext.corpus.counts import RunCounts
from tokext.errors import refuse_below
from tokext.languages import find_language


def count_runs(
    batches: Iterable[list[str]], *, language: str = "ja", boundary: str, workers: int = 1
) -> RunCounts:
    """Count every run of the documents.

    The counts do not depend on the number of workers.

    Args:
        batches: Lists of documents.
        language: The language whose letters every run holds.
        boundary: Where runs end; see `tokext.corpus.boundaries.runs_of`.
        workers: Processes to count in; 0 takes one for each core.

    Raises:
        InputError: The boundary or the language is unknown, or `workers` is below 0.

    Example:
        >>> list(count_runs([["日本の日本人。"], ["日本"]], boundary="script"))
        [('日本', 1), ('日本の日本人', 1)]
    """
    refuse_below(0, workers=workers)
    workers = workers or os.cpu_count() or 1
    find_runs = runs_of(find_language(language), boundary)  # refuses what it does not know, early
    counts: Counter[str] = Counter()
    if workers == 1:
        for batch in batches:
            for document in batch:
                counts.update(find_runs(document))
        return RunCounts.of(counts)
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_end_with_parent)
    try:
        waiting: deque[Future[Counter[str]]] = deque()
        for batch in batches:
            with _starting_workers():
                waiting.append(pool.submit(_count_batch, batch, language, boundary))
            if len(waiting) > 2 * workers:  # reading ahead of the workers would fill the memory
                counts.update(waiting.popleft().result())
        for part in waiting:
            counts.update(part.result())
    finally:
        pool.shutdown(cancel_futures=True)
    return RunCounts.of(counts)


@contextlib.contextmanager
def _starting_workers() -> Iterator[None]:
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


def _end_with_parent() -> None:
    """Let a worker end when its parent is killed; it would wait for batches for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _count_batch(batch: list[str], language: str, boundary: str) -> Counter[str]:
    find_runs = _runs(language, boundary)
    counts: Counter[str] = Counter()
    for document in batch:
        counts.update(find_runs(document))
    return counts


@cache
def _runs(language: str, boundary: str) -> Callable[[str], list[str]]:
    return runs_of(find_language(language), boundary)
