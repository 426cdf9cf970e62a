"""The file of samples: written as they come, taken up again after a kill."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from tokext.bench.sampling.jobs import Job, SampleRecord
from tokext.errors import OutputError
from tokext.progress import say


class SampleLog:
    """An append-only JSONL file that holds every job of a plan at most once.

    Opening it repairs a last line that a kill cut off, and finds what is done. Every `append` is on
    the disk when it returns. While it is open no other process can open it, where the system has
    file locks.

    Args:
        path: The file; made if it is not there.
        jobs: The plan.
        made_by: Keys and values that every line has to have, as `model`.
        force: Begin anew whatever is there.

    Raises:
        OutputError: The file holds something else than samples of this plan, or cannot be written.
    """

    def __init__(
        self,
        path: str | Path,
        jobs: Sequence[Job],
        *,
        made_by: Mapping[str, Any],
        force: bool = False,
    ) -> None:
        self.path = Path(path)
        self._made_by = dict(made_by)
        self._jobs = {job.id: job for job in jobs}
        self._file = _open(self.path)
        try:
            _lock(self._file, self.path)
            if force:
                self._file.truncate(0)
            self.done = self._read()
        except BaseException:
            self._file.close()
            raise

    @property
    def jobs(self) -> list[Job]:
        """All jobs of the plan, in its order."""
        return list(self._jobs.values())

    @property
    def remaining(self) -> list[Job]:
        """The jobs that the file has no line of, in the plan's order."""
        return [job for job in self._jobs.values() if job.id not in self.done]

    def append(self, records: Iterable[SampleRecord]) -> None:
        """Write samples, and wait until the disk has them."""
        for record in records:
            self._file.write(_encoded(record.as_dict()) + b"\n")
            self.done.add(record.job.id)
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> SampleLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _read(self) -> set[str]:
        self._file.seek(0)
        whole, newline, rest = self._file.read().rpartition(b"\n")
        end = len(whole) + len(newline)
        done: set[str] = set()
        for number, line in enumerate(whole.split(b"\n") if newline else [], 1):
            self._check(line, number, done)
        if rest:
            if not self._is_begun(rest):
                raise OutputError(
                    f"{self.path} ends in something that this run did not write: "
                    f"{rest[:60].decode('utf-8', errors='replace')!r}.",
                    hint=_OTHERWISE,
                )
            say(f"{self.path}: the last line was cut off, and is made again.")
            self._file.truncate(end)
        self._file.seek(end)
        return done

    def _is_begun(self, rest: bytes) -> bool:
        """Whether this could be the beginning of a line that this plan writes."""
        begins = (_begin(job) for job in self._jobs.values())
        return any(rest.startswith(begin) or begin.startswith(rest) for begin in begins)

    def _check(self, line: bytes, number: int, done: set[str]) -> None:
        """Add a line's job to what is done; refuse a line that this plan would not have written."""
        place = f"{self.path}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise OutputError(f"{place} is not JSON: {error}.", hint=_OTHERWISE) from error
        id_ = record.get("id") if isinstance(record, dict) else None
        job = self._jobs.get(id_) if isinstance(id_, str) else None
        if job is None:
            raise OutputError(
                f"{place} is a sample that this run would not make: {_name(record)}.",
                hint=_OTHERWISE,
            )
        if job.id in done:
            raise OutputError(f"{place} repeats the sample {job.id!r}.", hint=_OTHERWISE)
        wanted = {
            "prompt": job.prompt.prompt,
            "system": job.prompt.system or None,
            "sampling": job.sampling_fields(),
            **self._made_by,
        }
        for key, value in wanted.items():
            if key in self._made_by and key not in record and value is not None:
                raise OutputError(
                    f"{place} does not say its {key}, as an older tokext wrote it: whether this "
                    "run would have made it is not known.",
                    hint=_OTHERWISE,
                )
            if record.get(key) != value:
                raise OutputError(
                    f"{place} was made otherwise: its {key} is {record.get(key)!r:.90}, not "
                    f"{value!r:.90}.",
                    hint=_OTHERWISE,
                )
        done.add(job.id)


_OTHERWISE = "choose another -o, or add --force to begin anew."


def _encoded(fields: Mapping[str, Any]) -> bytes:
    # A model can spell half of a surrogate pair, which UTF-8 has no bytes for.
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", errors="replace")


def _begin(job: Job) -> bytes:
    """What a line of a job begins with, up to its text."""
    return _encoded({"id": job.id, "prompt": job.prompt.prompt}).removesuffix(b"}")


def _name(record: Any) -> str:
    return repr(record.get("id")) if isinstance(record, dict) else repr(record)[:60]


def _open(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Neither truncates nor seeks: what is there is read first.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}.", hint="choose another -o."
        ) from error
    return os.fdopen(descriptor, "r+b")


def _lock(file: BinaryIO, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"{path} is being written by another process.",
            hint="wait for it, or choose another -o.",
        ) from error
    except OSError:
        return  # a file system without locks
