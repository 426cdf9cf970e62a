"""A new file as a list of segments: bytes copied from another file, or rows made on the spot.

A segment is cut into pieces that stand by themselves: each is written, read again and compared with
where it came from. Nothing here holds more than a few megabytes at a time.
"""

from __future__ import annotations

import abc
import dataclasses
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import torch
from torch import Tensor
from xxhash import xxh3_128

from tokext.errors import ModelError
from tokext.model.alike import close, equal

#: Bytes of a piece, and of the buffer through which copied bytes go: it stays in a core's cache.
PIECE_BYTES = 4 << 20
_BUFFER_BYTES = 1 << 20

#: Bytes of rows made again and compared at a time: they stay in a core's cache on the way.
_COMPARED_BYTES = 512 << 10

#: Whether `copy_file_range` is used; a test switches it off to reach what other systems do.
FAST_COPY = True

_NO_COPY = {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF, errno.EPERM}


class _Segment(abc.ABC):
    """Bytes that can be made chunk by chunk: to write them, and to check what was written."""

    @abc.abstractmethod
    def chunks(self) -> Iterator[memoryview]:
        """The bytes, a few megabytes at a time; each view is good until the next is asked for."""

    def write(self, target: FileIO) -> None:
        """Append the bytes to a file."""
        for chunk in self.chunks():
            write_all(target, chunk)

    def is_in(self, file: FileIO, digest: xxh3_128 | None = None) -> bool:
        """Whether the file goes on with exactly these bytes; it is read past them.

        A digest is fed with the bytes on the way, while they are in a core's cache.
        """
        buffer = memoryview(bytearray(_BUFFER_BYTES))
        for chunk in self.chunks():
            if len(chunk) > len(buffer):
                buffer = memoryview(bytearray(len(chunk)))
            part = buffer[: len(chunk)]
            read_exactly(file, part)
            if not equal(part, chunk):
                return False
            if digest is not None:
                digest.update(part)
        return True


@dataclass(frozen=True)
class CopiedBytes(_Segment):
    """Bytes that come from another file unchanged."""

    source: Path
    start: int
    n_bytes: int

    def pieces(self) -> Iterator[CopiedBytes]:
        """The same bytes in parts."""
        for start in range(0, self.n_bytes, PIECE_BYTES):
            n_bytes = min(PIECE_BYTES, self.n_bytes - start)
            yield CopiedBytes(self.source, self.start + start, n_bytes)

    def chunks(self) -> Iterator[memoryview]:
        """The bytes, a megabyte at a time; each view is good until the next is asked for."""
        buffer = memoryview(bytearray(min(_BUFFER_BYTES, self.n_bytes)))
        with self.source.open("rb", buffering=0) as file:
            file.seek(self.start)
            left = self.n_bytes
            while left:
                part = buffer[: min(left, len(buffer))]
                read_exactly(file, part)
                yield part
                left -= len(part)

    def write(self, target: FileIO) -> None:
        """Append the bytes to a file, by the system where it can."""
        done = _copy_by_system(self, target) if FAST_COPY else 0
        rest = CopiedBytes(self.source, self.start + done, self.n_bytes - done)
        for chunk in rest.chunks():
            write_all(target, chunk)


@dataclass(frozen=True)
class ConvertedBytes(_Segment):
    """Numbers that come from another file in another dtype."""

    copied: CopiedBytes
    old: torch.dtype
    new: torch.dtype

    @property
    def n_bytes(self) -> int:
        """How many bytes it becomes."""
        return self.copied.n_bytes // self.old.itemsize * self.new.itemsize

    def pieces(self) -> Iterator[ConvertedBytes]:
        """The same numbers in parts."""
        for part in self.copied.pieces():
            yield ConvertedBytes(part, self.old, self.new)

    def chunks(self) -> Iterator[memoryview]:
        """The new bytes, a few megabytes at a time."""
        for chunk in self.copied.chunks():
            numbers = torch.frombuffer(chunk, dtype=self.old).to(self.new)
            _check_finite(numbers, self.new)
            yield tensor_bytes(numbers)


@dataclass(frozen=True)
class MadeRows(_Segment):
    """Rows made when they are needed, and made a second time, in another way, to check them.

    `make(start, stop)` gives rows (stop - start, dim) in the dtype of the file; `make_again` the
    same in float32. The two may differ by one rounding, and by `slack` near zero. The segment holds
    rows `first` to `first + n_rows`.
    """

    make: Callable[[int, int], Tensor]
    make_again: Callable[[int, int], Tensor]
    n_rows: int
    dim: int
    dtype: torch.dtype
    slack: float = 1e-6
    first: int = 0

    @property
    def row_bytes(self) -> int:
        """How many bytes a row takes."""
        return self.dim * self.dtype.itemsize

    @property
    def n_bytes(self) -> int:
        """How many bytes the rows take."""
        return self.n_rows * self.row_bytes

    def pieces(self) -> Iterator[MadeRows]:
        """The same rows in parts."""
        for start, stop in self._parts(PIECE_BYTES):
            yield dataclasses.replace(self, first=start, n_rows=stop - start)

    def chunks(self) -> Iterator[memoryview]:
        """The rows' bytes, a few megabytes at a time."""
        for start, stop in self._parts(PIECE_BYTES):
            yield tensor_bytes(self.make(start, stop))

    def is_in(self, file: FileIO, digest: xxh3_128 | None = None) -> bool:
        """Whether the file goes on with these rows, by the second way to make them."""
        parts = self._parts(_COMPARED_BYTES)
        return all(self._is_next(file, start, stop) for start, stop in parts)

    def _parts(self, n_bytes: int) -> Iterator[tuple[int, int]]:
        """The rows' numbers, as many at a time as fill some bytes."""
        step, end = max(1, n_bytes // self.row_bytes), self.first + self.n_rows
        for start in range(self.first, end, step):
            yield start, min(start + step, end)

    def _is_next(self, file: FileIO, start: int, stop: int) -> bool:
        buffer = memoryview(bytearray((stop - start) * self.row_bytes))
        read_exactly(file, buffer)
        written = torch.frombuffer(buffer, dtype=self.dtype).view(stop - start, self.dim)
        again = self.make_again(start, stop).cpu()
        one_rounding = torch.finfo(self.dtype).eps
        if close(written, again, one_rounding, self.slack):
            return True
        _refuse_no_numbers(again)
        return False


@dataclass(frozen=True)
class PlainBytes(_Segment):
    """Bytes that are at hand."""

    content: bytes

    @property
    def n_bytes(self) -> int:
        """How many there are."""
        return len(self.content)

    def pieces(self) -> Iterator[PlainBytes]:
        """All of them: there are few."""
        yield self

    def chunks(self) -> Iterator[memoryview]:
        """All of them."""
        yield memoryview(self.content)


Segment = CopiedBytes | ConvertedBytes | MadeRows | PlainBytes


def tensor_bytes(tensor: Tensor) -> memoryview:
    """The bytes of a tensor, in its own dtype."""
    flat = tensor.detach().cpu().contiguous().view(-1).view(torch.uint8)
    return flat.numpy().data


def _copy_by_system(segment: CopiedBytes, target: FileIO) -> int:
    """Let the system copy from file to file; how many bytes it did."""
    if not hasattr(os, "copy_file_range"):
        return 0
    done = 0
    with segment.source.open("rb", buffering=0) as source:
        while done < segment.n_bytes:
            try:
                step = os.copy_file_range(
                    source.fileno(),
                    target.fileno(),
                    min(segment.n_bytes - done, 1 << 30),
                    segment.start + done,
                )
            except OSError as error:
                if error.errno in _NO_COPY:
                    return done
                raise
            if step == 0:
                return done
            done += step
    return done


def write_all(file: FileIO, chunk: memoryview) -> None:
    """Write every byte: a raw file may take fewer at a time."""
    while chunk:
        chunk = chunk[file.write(chunk) :]


def read_exactly(file: FileIO, part: memoryview) -> None:
    """Fill `part` from a file.

    Raises:
        ModelError: The file ends before.
    """
    filled = 0
    while filled < len(part):
        got = file.readinto(part[filled:])
        if not got:
            raise ModelError(
                f"{Path(str(file.name)).name} ended early: it was changed while it was read.",
                hint="run again when nothing else writes to the folder.",
            )
        filled += got


def _refuse_no_numbers(rows: Tensor) -> None:
    if not bool(rows.isfinite().all()):
        raise ModelError(
            "base rows that new rows come from hold numbers that are not finite (NaN or infinity).",
            hint="give a checkpoint whose embeddings are whole.",
        )


def _check_finite(numbers: Tensor, dtype: torch.dtype) -> None:
    if not bool(numbers.isfinite().all()):
        name = str(dtype).removeprefix("torch.")
        raise ModelError(
            f"the checkpoint holds numbers that are not finite in {name}.",
            hint="choose --dtype keep or bfloat16.",
        )
