"""A new file as a list of segments: bytes copied from another file, or rows made on the spot.

The same list writes a file and proves it afterwards: every segment can be read again and compared
with where it came from. Nothing here holds more than a few megabytes at a time.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tokext.errors import ModelError

#: Bytes moved at a time where the system cannot copy by itself.
CHUNK_BYTES = 8 << 20

#: Whether the system's own ways to copy are used: `copy_file_range` and hard links. A test
#: switches them off to reach what other systems do.
FAST_COPY = True
FAST_LINK = True

_NO_COPY = {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF, errno.EPERM}


class _Segment:
    """Bytes that can be made chunk by chunk: to write them, and to check what was written."""

    def chunks(self) -> Iterator[memoryview]:
        """The bytes, a few megabytes at a time; each view is good until the next is asked for."""
        raise NotImplementedError

    def write(self, target: FileIO) -> None:
        """Append the bytes to a file."""
        for chunk in self.chunks():
            write_all(target, chunk)

    def is_in(self, file: FileIO) -> bool:
        """Whether the file goes on with exactly these bytes; it is read past them."""
        buffer = memoryview(bytearray(CHUNK_BYTES))
        for chunk in self.chunks():
            if len(chunk) > len(buffer):
                buffer = memoryview(bytearray(len(chunk)))
            part = buffer[: len(chunk)]
            read_exactly(file, part)
            if not _equal(part, chunk):
                return False
        return True


@dataclass(frozen=True)
class CopiedBytes(_Segment):
    """Bytes that come from another file unchanged."""

    source: Path
    start: int
    n_bytes: int

    def chunks(self) -> Iterator[memoryview]:
        """The bytes, a few megabytes at a time; each view is good until the next is asked for."""
        buffer = memoryview(bytearray(min(CHUNK_BYTES, self.n_bytes)))
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
    same in float32. The two may differ by one rounding, and by `slack` near zero.
    """

    make: Callable[[int, int], Tensor]
    make_again: Callable[[int, int], Tensor]
    n_rows: int
    dim: int
    dtype: torch.dtype
    slack: float = 1e-6

    @property
    def row_bytes(self) -> int:
        """How many bytes a row takes."""
        return self.dim * self.dtype.itemsize

    @property
    def n_bytes(self) -> int:
        """How many bytes the rows take."""
        return self.n_rows * self.row_bytes

    def chunks(self) -> Iterator[memoryview]:
        """The rows' bytes, a few megabytes at a time."""
        for start, stop in self._ranges():
            yield tensor_bytes(self.make(start, stop))

    def is_in(self, file: FileIO) -> bool:
        """Whether the file goes on with these rows, by the second way to make them."""
        one_rounding = torch.finfo(self.dtype).eps
        for start, stop in self._ranges():
            buffer = memoryview(bytearray((stop - start) * self.row_bytes))
            read_exactly(file, buffer)
            written = torch.frombuffer(buffer, dtype=self.dtype).view(stop - start, self.dim)
            again = self.make_again(start, stop).cpu()
            pairs = zip(torch.split(written, 256), torch.split(again, 256), strict=True)
            if not all(_close(w, a, one_rounding, self.slack) for w, a in pairs):
                return False
        return True

    def _ranges(self) -> Iterator[tuple[int, int]]:
        step = max(1, CHUNK_BYTES // self.row_bytes)
        for start in range(0, self.n_rows, step):
            yield start, min(start + step, self.n_rows)


@dataclass(frozen=True)
class PlainBytes(_Segment):
    """Bytes that are at hand."""

    content: bytes

    @property
    def n_bytes(self) -> int:
        """How many there are."""
        return len(self.content)

    def chunks(self) -> Iterator[memoryview]:
        """All of them."""
        yield memoryview(self.content)


Segment = CopiedBytes | ConvertedBytes | MadeRows | PlainBytes


def merge_copies(segments: Sequence[Segment]) -> list[Segment]:
    """The same segments with neighbors in one source file copied in one go."""
    merged: list[Segment] = []
    for segment in segments:
        last = merged[-1] if merged else None
        if (
            isinstance(segment, CopiedBytes)
            and isinstance(last, CopiedBytes)
            and last.source == segment.source
            and last.start + last.n_bytes == segment.start
        ):
            merged[-1] = CopiedBytes(last.source, last.start, last.n_bytes + segment.n_bytes)
        elif segment.n_bytes:
            merged.append(segment)
    return merged


def write_segments(
    path: Path, segments: Sequence[Segment], done: Callable[[int], object] = lambda n: None
) -> None:
    """Write a file from its segments; `done` hears of each segment's bytes."""
    with path.open("wb", buffering=0) as target:
        for segment in segments:
            segment.write(target)
            done(segment.n_bytes)


def prove_segments(
    path: Path, segments: Sequence[Segment], done: Callable[[int], object] = lambda n: None
) -> None:
    """Read a written file again and compare every byte with where it came from.

    Rows that were made are made a second time here, in another way.

    Raises:
        ModelError: A byte differs.
    """
    expected = sum(segment.n_bytes for segment in segments)
    if path.stat().st_size != expected:
        raise ModelError(
            f"{path.name} has {path.stat().st_size:,} bytes instead of {expected:,}.",
            hint="the disk may be failing: try another -o.",
        )
    with path.open("rb", buffering=0) as file:
        for segment in segments:
            place = file.tell()
            if not segment.is_in(file):
                raise ModelError(
                    f"{path.name} differs from what was written, after byte {place:,}.",
                    hint="the disk or the memory may be failing: try another -o.",
                )
            done(segment.n_bytes)


def link_or_copy(source: Path, target: Path, *, copy: bool) -> bool:
    """Give a file a second name, or copy its bytes; True where it was linked.

    A symbolic link (a file in a hub cache) is always copied: its bytes belong to the cache, and an
    edit of the output must not reach them.
    """
    if FAST_LINK and not copy and not source.is_symlink():
        try:
            os.link(source, target)
        except OSError:  # another disk, a file system without links, no permission
            pass
        else:
            return True
    write_segments(target, [CopiedBytes(source, 0, source.stat().st_size)])
    return False


def flush(path: Path) -> None:
    """Ask the disk to hold every byte of a file."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def free_bytes(folder: Path) -> int:
    """How many bytes the disk under a folder that may not exist yet still takes."""
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    return shutil.disk_usage(existing).free


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


def _close(written: Tensor, again: Tensor, relative: float, slack: float) -> bool:
    """`torch.allclose` without its many temporaries, which took a third of a whole resize."""
    wide = written.float()
    bound = again.abs().mul_(relative).add_(slack)
    return bool(wide.sub_(again).abs_().le(bound).all())


def _equal(one: memoryview, other: memoryview) -> bool:
    kind = np.uint64 if len(one) % 8 == 0 else np.uint8
    return np.array_equal(np.frombuffer(one, kind), np.frombuffer(other, kind))


def _check_finite(numbers: Tensor, dtype: torch.dtype) -> None:
    if not bool(numbers.isfinite().all()):
        name = str(dtype).removeprefix("torch.")
        raise ModelError(
            f"the checkpoint holds numbers that are not finite in {name}.",
            hint="choose --dtype keep or bfloat16.",
        )
