"""The same work on one machine or on many: a task mapped over jobs, results in their order."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Literal, Protocol, TypeVar, get_args

from tokext.corpus import processes
from tokext.errors import InputError, refuse_below

EngineName = Literal["local", "ray"]

ENGINES: tuple[str, ...] = get_args(EngineName)

#: Jobs handed out before the oldest has to be done, a worker: more would only fill the memory.
_AHEAD = 2

Job = TypeVar("Job")
Result = TypeVar("Result")


class Engine(Protocol):
    """Somewhere to work."""

    n_workers: int

    def map(self, task: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield the result of every job, in their order; jobs are drawn as workers become free.

        Args:
            task: A function at the top of a module.
            jobs: What it is called with, each once (or again, where a worker was lost).
        """


@contextlib.contextmanager
def open_engine(
    name: str = "local", *, workers: int = 0, address: str | None = None
) -> Iterator[Engine]:
    """Get ready to work, and tidy up at the end.

    Args:
        name: ``local`` for processes on this machine, ``ray`` for a Ray cluster.
        workers: How many jobs are done at a time; 0 for one each core, there or here.
        address: Of the cluster: ``host:port`` or ``auto``. By default ``RAY_ADDRESS`` says it,
            and without that Ray starts on this machine.

    Raises:
        InputError: There is no such engine, `workers` is below 0, an address is given for local
            work, Ray is not installed, or the cluster does not answer.
    """
    refuse_below(0, workers=workers)
    if name not in ENGINES:
        raise InputError(f"unknown engine {name!r}.", hint=f"one of {', '.join(ENGINES)}.")
    if name == "ray":
        from tokext.corpus.cluster import Cluster

        with Cluster.joined(address, workers) as cluster:
            yield cluster
        return
    if address is not None:
        raise InputError(
            f"--address {address} is of a Ray cluster, and the engine is local.",
            hint="add --engine ray, or leave --address away.",
        )
    workers = workers or os.cpu_count() or 1
    yield Processes(workers) if workers > 1 else InTurn()


class InTurn:
    """One job after the other, in this process."""

    n_workers = 1

    def map(self, task: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield the result of every job."""
        return map(task, jobs)


class Processes:
    """Processes of this machine; they start with the first job and end with the last."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers

    def map(self, task: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield the result of every job, in their order."""
        pool = ProcessPoolExecutor(
            self.n_workers, mp_context=processes.context(), initializer=processes.end_with_parent
        )

        def submit(job: Job) -> Any:
            with processes.starting():
                return pool.submit(task, job)

        try:
            yield from in_order(submit, lambda future: future.result(), jobs, self.n_workers)
        finally:
            pool.shutdown(cancel_futures=True)


def in_order(
    submit: Callable[[Job], Any],
    wait: Callable[[Any], Result],
    jobs: Iterable[Job],
    n_workers: int,
) -> Iterator[Result]:
    """Hand out jobs a little ahead of the results, which come in the order of the jobs.

    Example:
        >>> list(in_order(lambda job: job, lambda job: job * 10, [1, 2, 3], n_workers=1))
        [10, 20, 30]
    """
    waiting: deque[Any] = deque()
    for job in jobs:
        waiting.append(submit(job))
        if len(waiting) > _AHEAD * n_workers:
            yield wait(waiting.popleft())
    while waiting:
        yield wait(waiting.popleft())
