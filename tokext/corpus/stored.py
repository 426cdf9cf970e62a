"""The bytes of a file as they are stored: read once, digested on the way, unpacked in blocks."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import os
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

from tokext.errors import InputError
from tokext.output import SCRATCH_SUFFIX, scratch_prefix
from tokext.records import InputFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Large enough for work in bulk, small enough for a processor's cache: 1 MiB is a tenth slower.
BLOCK_BYTES = 1 << 17

#: What is told how many stored bytes were read since the last time.
Advance = Callable[[int], object]

#: Opens a stream that can be read once.
OpenStream = Callable[[], contextlib.AbstractContextManager[IO[bytes]]]


class StoredFile(io.RawIOBase):
    """A file opened for reading that digests and reports what passes through it."""

    def __init__(self, path: Path, advance: Advance) -> None:
        self._file = path.open("rb", buffering=0)
        self._digest = hashlib.sha256()
        self._advance = advance
        self._n_bytes = 0

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read into a buffer, as RawIOBase asks."""
        n = self._file.readinto(buffer)
        self._digest.update(memoryview(buffer)[:n])
        self._n_bytes += n
        self._advance(n)
        return n

    def record(self, name: str) -> InputFile:
        """The file's record, after whatever is left of it was read too."""
        while self.read(BLOCK_BYTES):
            pass
        return InputFile(name, self._digest.hexdigest(), self._n_bytes)

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()


def _open_zstd(file: IO[bytes]) -> BinaryIO:
    # pyarrow notices a truncated frame; the stream reader of `zstandard` ends without a word.
    import pyarrow

    return cast(BinaryIO, pyarrow.CompressedInputStream(file, "zstd"))


_OPENERS: dict[str, Callable[[Any], Any]] = {
    "": lambda file: file,
    ".gz": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
    ".zst": _open_zstd,
}

#: Suffixes of compressed files.
COMPRESSIONS = tuple(suffix for suffix in _OPENERS if suffix)


def unpacked(stored: StoredFile, compression: str, label: str) -> Iterator[bytes]:
    """Yield the content of a file in blocks of at most `BLOCK_BYTES`.

    Raises:
        InputError: The compressed stream ends early or is damaged.
    """
    buffered = io.BufferedReader(stored, BLOCK_BYTES)
    try:
        file = _OPENERS[compression](buffered)
        while block := file.read(BLOCK_BYTES):
            yield block
    except EOFError as error:
        raise _truncated(label) from error
    except (zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise _damaged(label, compression, error) from error
    except OSError as error:
        if error.errno:
            raise unreadable(label, error) from error
        # pyarrow and bz2 say OSError without a number for a stream they cannot follow.
        if "Truncated" in str(error):
            raise _truncated(label) from error
        raise _damaged(label, compression, error) from error
    finally:
        # Let go of the stored file without closing it: its digest is still wanted.
        with contextlib.suppress(ValueError):
            buffered.detach()


@contextlib.contextmanager
def opened(path: Path, label: str, advance: Advance) -> Iterator[StoredFile]:
    """Open a stored file.

    Raises:
        InputError: It is gone, or may not be read.
    """
    try:
        stored = StoredFile(path, advance)
    except OSError as error:
        raise unreadable(label, error) from error
    with stored:
        yield stored


def unreadable(label: str, error: OSError) -> InputError:
    """The error for a file that the system does not hand out."""
    if isinstance(error, PermissionError):
        return InputError(
            f"no permission to read {label}.", hint=f"chmod +r {label}, or copy it to your files."
        )
    return InputError(
        f"{label} cannot be read: {error.strerror or error}.", hint="check the disk and the name."
    )


class Spool:
    """Standard input or a pipe, copied to a temporary file at first use, so that it can be reread.

    The file is removed with the last reference, or at the end of the program.
    """

    def __init__(self, open_stream: OpenStream, label: str) -> None:
        self._open_stream = open_stream
        self._label = label
        self._copy: Any = None

    def path(self) -> Path:
        """The temporary file, filled.

        Raises:
            InputError: The stream cannot be read, or the disk for temporary files is full.
        """
        if self._copy is None:
            prefix = scratch_prefix("tokext-input")
            with tempfile.NamedTemporaryFile(
                prefix=prefix, suffix=SCRATCH_SUFFIX, delete=False
            ) as copy:
                holder = _Removed(Path(copy.name))
                try:
                    with self._open_stream() as stream:
                        shutil.copyfileobj(stream, copy, BLOCK_BYTES)
                except OSError as error:
                    raise InputError(
                        f"{self._label} cannot be copied to {tempfile.gettempdir()}: "
                        f"{error.strerror or error}.",
                        hint="write it to a file first, or point TMPDIR at a larger disk.",
                    ) from error
            self._copy = holder
        return cast(Path, self._copy.path)


class _Removed:
    """A file that goes when nothing refers to it any more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._finalizer = weakref.finalize(self, _remove, str(path))


def _remove(name: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name)  # noqa: PTH108  (Path may be gone at the end of the program)


def _truncated(label: str) -> InputError:
    return InputError(
        f"{label} is truncated: its compressed stream ends before its end mark.",
        hint="copy or download it again; nothing of it was used.",
    )


def _damaged(label: str, compression: str, error: Exception) -> InputError:
    return InputError(
        f"{label} is not a sound {compression} file: {error}.",
        hint="copy or download it again, or correct its suffix.",
    )
