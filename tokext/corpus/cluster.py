"""A Ray cluster as a place to work. Its usage statistics stay off."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from tokext.corpus.engines import in_order
from tokext.errors import InputError, TokextError

Job = TypeVar("Job")
Result = TypeVar("Result")

#: How often a task is tried again when its node is lost.
_RETRIES = 10

#: For a connection, and for a whole cluster that is busy.
_CONNECT_SECONDS, _JOIN_SECONDS = 5.0, 60.0

#: What joins in a process of its own: towards something that is not Ray it never comes to an end.
_TRIAL = """
import sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
ray.shutdown()
"""

_START = (
    "start one with ray start --head --disable-usage-stats, or look for its address with "
    "ray status."
)


class Cluster:
    """A Ray cluster that this process has joined."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers

    @staticmethod
    @contextlib.contextmanager
    def joined(address: str | None, workers: int = 0) -> Iterator[Cluster]:
        """Join a cluster, and leave it at the end; a process that is in one already stays.

        Args:
            address: `host:port` or `auto`; None for what `RAY_ADDRESS` says, and without that for
                a cluster of this machine alone, which ends with the block.
            workers: Tasks at a time; 0 for one each core of the cluster.

        Raises:
            InputError: Ray is not installed, or the cluster does not answer.
        """
        ray = _ray()
        already = ray.is_initialized()
        if not already:
            _join(ray, address)
        try:
            cores = int(ray.cluster_resources().get("CPU", 1))
            yield Cluster(workers or max(1, cores))
        finally:
            if not already:
                ray.shutdown()

    def map(self, task: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """Yield the result of every job, in their order; those of a lost node are done again.

        Raises:
            TokextError: A task failed, or no node could do it in several attempts.
        """
        ray = _ray()
        remote = ray.remote(max_retries=_RETRIES, num_cpus=1)(_checked)
        version = _version()
        shared = ray.put(task)  # sent once to each node, whatever comes with it

        def wait(reference: Any) -> Result:
            try:
                return ray.get(reference)  # type: ignore[no-any-return]
            except ray.exceptions.RayTaskError as error:
                raise _failed(error) from error
            except ray.exceptions.RayError as error:
                raise TokextError(
                    f"the Ray cluster lost a task for good: {_first_line(error)}.",
                    hint="look at ray status, and start again: finished shards are kept.",
                ) from error

        return in_order(lambda job: remote.remote(shared, job, version), wait, jobs, self.n_workers)


def _checked(task: Callable[[Job], Result], job: Job, version: str) -> Result:
    """Do a job on a node, if its tokext is the one that asks."""
    if _version() != version:
        raise TokextError(
            f"a node of the Ray cluster has tokext {_version()}, not {version}.",
            hint="install the same version on every node.",
        )
    return task(job)


def _version() -> str:
    return importlib.metadata.version("tokext")


def _ray() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before Ray is imported, which reads it
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "--engine ray needs the package ray, which is not installed.",
            hint="pip install 'tokext[ray]', here and on every node.",
        ) from error
    return ray


def _join(ray: Any, address: str | None) -> None:
    address = address or os.environ.get("RAY_ADDRESS")
    if address and address not in ("auto", "local"):
        _refuse_silent(address)
        _refuse_other(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise InputError(
            f"the Ray cluster at {address or 'this machine'} does not answer: "
            f"{_first_line(error)}.",
            hint=_START,
        ) from error


def _refuse_silent(address: str) -> None:
    """Knock first: Ray waits minutes for a cluster that is not there, and ends the process."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdigit() or int(port) > 0xFFFF:
        raise InputError(
            f"--address {address} is no address of a Ray cluster.",
            hint="write host:port (ray start says which) or auto; ray:// is not taken.",
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except OSError as error:
        raise InputError(
            f"the Ray cluster at {address} does not answer: {error.strerror or error}.", hint=_START
        ) from error


def _refuse_other(address: str) -> None:
    """Refuse what takes connections and is not Ray, or not one that can be joined from here."""
    try:
        trial = subprocess.run(
            [sys.executable, "-c", _TRIAL, address],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_JOIN_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"what answers at {address} does not answer as a Ray cluster: "
            f"nothing came of joining it in {_JOIN_SECONDS:.0f} s.",
            hint=_START,
        ) from error
    if trial.returncode:
        reason = next((line for line in reversed(trial.stderr.splitlines()) if line.strip()), "")
        raise InputError(
            f"the Ray cluster at {address} cannot be joined: {reason.strip().rstrip('.')}.",
            hint=_START,
        )


def _failed(error: Any) -> TokextError:
    cause = error.cause
    if isinstance(cause, TokextError):
        return cause
    return TokextError(
        f"a task failed on the Ray cluster: {_first_line(cause or error)}.",
        hint="install the same tokext, with the same dictionaries, on every node.",
    )


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
