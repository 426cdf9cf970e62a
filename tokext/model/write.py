"""A file written from its segments on every core, each piece proved as soon as it is written."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from xxhash import xxh3_128

from tokext.errors import ModelError
from tokext.model.segments import CopiedBytes, Segment

#: Whether hard links are used; a test switches them off to reach what other systems do.
FAST_LINK = True

#: More hands would need more memory, and the disk is the limit by then.
_MOST_WORKERS = 3
#: Bytes after which the disk is asked to catch up, so that it works from the start.
_FLUSH_BYTES = 256 << 20


def write_proved(
    path: Path, segments: Sequence[Segment], done: Callable[[int], object] = lambda n: None
) -> list[str]:
    """Write a file from its segments, and prove that it holds them.

    Every piece is read again once it is written, and compared with where it came from: copied bytes
    with their source, rows with a second computation. Pieces are worked on side by side, and the
    disk is kept busy meanwhile.

    Args:
        path: The file to make.
        segments: Its content.
        done: Hears of the bytes of each piece that is written and proved.

    Returns:
        A digest of each segment as it was read again: xxh3-128 over those of its pieces. Rows that
        are made have none of their own.

    Raises:
        ModelError: A piece differs from what it should be.
    """
    pieces = list(_placed(segments))
    digests = [xxh3_128() for _ in segments]
    with path.open("wb") as file:
        file.truncate(sum(segment.n_bytes for segment in segments))
    with _one_thread_each(), _pool(_workers()) as pool, _pool(1) as disk:
        unflushed, flushing = 0, None
        proved = pool.map(lambda placed: _write_piece(path, *placed[1:]), pieces)
        for (number, _, piece), digest in zip(pieces, proved, strict=True):
            digests[number].update(digest)
            done(piece.n_bytes)
            unflushed += piece.n_bytes
            if unflushed >= _FLUSH_BYTES and (flushing is None or flushing.done()):
                unflushed, flushing = 0, disk.submit(flush, path)
        disk.submit(flush, path).result()
    return [digest.hexdigest() for digest in digests]


def copied_digest(copied: CopiedBytes) -> str:
    """The digest that `write_proved` gives for bytes of a file."""
    whole = xxh3_128()
    for piece in copied.pieces():
        digest = xxh3_128()
        for chunk in piece.chunks():
            digest.update(chunk)
        whole.update(digest.digest())
    return whole.hexdigest()


def link_or_copy(source: Path, target: Path, *, copy: bool) -> str | None:
    """Give a file a second name, or copy its bytes and prove them; what was copied has a digest.

    A symbolic link (a file in a hub cache) is always copied: its bytes belong to the cache, and an
    edit of the output must not reach them.
    """
    if FAST_LINK and not copy and not source.is_symlink():
        try:
            os.link(source, target)
        except OSError:  # another disk, a file system without links, no permission
            pass
        else:
            return None
    return write_proved(target, [CopiedBytes(source, 0, source.stat().st_size)])[0]


def flush(path: Path) -> None:
    """Ask the disk to hold every byte of a file."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def free_bytes(folder: Path) -> int:
    """How many bytes the disk under a folder that may not exist yet still takes."""
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    return shutil.disk_usage(existing).free


def _placed(segments: Sequence[Segment]) -> Iterator[tuple[int, int, Segment]]:
    """The pieces of all segments, each with its segment's number and its place in the file."""
    place = 0
    for number, segment in enumerate(segments):
        for piece in segment.pieces():
            yield number, place, piece
            place += piece.n_bytes


def _write_piece(path: Path, place: int, piece: Segment) -> bytes:
    """Write a piece and prove it; the digest of its bytes."""
    digest = xxh3_128()
    with path.open("r+b", buffering=0) as file:
        file.seek(place)
        piece.write(file)
        file.seek(place)
        if not piece.is_in(file, digest):
            raise ModelError(
                f"{path.name} differs from what was written, after byte {place:,}.",
                hint="the disk or the memory may be failing: try another -o.",
            )
    return digest.digest()


def _workers() -> int:
    """One more than cores: while one waits for the disk, or for Python, another works."""
    return min(_MOST_WORKERS, 1 + (os.cpu_count() or 1))


@contextlib.contextmanager
def _pool(n_workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that drop what has not begun when one fails, or the person interrupts."""
    pool = ThreadPoolExecutor(n_workers)
    try:
        yield pool
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep torch from starting threads of its own under each of ours."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
