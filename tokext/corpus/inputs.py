"""What a person typed, turned into the files that are meant: folders, globs, pipes, hub names."""

from __future__ import annotations

import contextlib
import difflib
import glob
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tokext.corpus.hub import PREFIX, HubText, parse_hub
from tokext.corpus.stored import COMPRESSIONS, Spool
from tokext.errors import InputError
from tokext.progress import say
from tokext.records import RECORD_FILE, read_record

#: Suffixes of the formats, without compression.
FORMATS = ("txt", "jsonl", "json", "csv", "parquet")

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class TextFile:
    """A file to be read: `name` for records, `label` for messages, `format` one of `FORMATS`.

    A `compression` of None is told from the first bytes.
    """

    name: str
    label: str
    place: Path | Spool
    format: str
    compression: str | None

    def path(self) -> Path:
        """Where its bytes are."""
        return self.place.path() if isinstance(self.place, Spool) else self.place


@dataclass(frozen=True)
class Input:
    """One argument of the person, and the files it stands for."""

    name: str
    label: str
    files: tuple[TextFile | HubText, ...]


def find_input(given: str | os.PathLike[str], *, format: str | None, split: str) -> Input:  # noqa: A002
    """Find what an argument stands for.

    Args:
        given: A file, a folder, a glob, ``-`` or ``hf:NAME[:CONFIG][@REVISION]``.
        format: One of `FORMATS`, for standard input and for files whose suffix says nothing.
        split: The split of a data set of the hub.

    Raises:
        InputError: It names nothing that can be read.
    """
    text = os.fspath(given)
    if not text:  # which would be the folder we stand in
        raise InputError("an input is an empty name.", hint="name a file, or . for this folder.")
    if text == STANDARD_INPUT:
        spool = Spool(_standard_input, "standard input")
        file = TextFile("standard input", "standard input", spool, format or "txt", None)
        return Input("standard input", "standard input", (file,))
    if text.startswith(PREFIX):
        source = parse_hub(text, split)
        return Input(source.label, source.label, (source,))
    path = Path(text)
    name = path.name or Path(os.path.abspath(path)).name
    if path.is_dir():
        return Input(name, text, tuple(_folder(path, name)))
    if os.path.lexists(path):
        return Input(name, text, (_single(path, text, format),))
    if glob.has_magic(text):
        return Input(name, text, tuple(_globbed(text, format)))
    raise _not_found(path)


def told_by(name: str) -> tuple[str, str] | None:
    """The format and the compression that a file's name tells; None where it tells no format.

    Example:
        >>> told_by("wiki.JSONL.zst"), told_by("notes.md")
        (('jsonl', '.zst'), None)
    """
    name = name.lower()
    compression = next((c for c in COMPRESSIONS if name.endswith(c)), "")
    suffix = Path(name.removesuffix(compression)).suffix.removeprefix(".")
    return (suffix, compression) if suffix in FORMATS else None


def places(inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Where inputs are on this disk, globs spelled out; pipes and the hub have no place.

    Example:
        >>> [str(place) for place in places(["-", "hf:wikimedia/wikipedia", os.curdir])]
        ['.']
    """
    given = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    found = [Path(g) for g in given if os.path.lexists(g)]
    for pattern in (os.fspath(g) for g in given if not os.path.lexists(g)):
        # Path.glob refuses an absolute pattern.
        found += map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207
    return found


def _single(path: Path, label: str, format: str | None) -> TextFile:  # noqa: A002
    told = told_by(path.name)
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        raise InputError(
            f"{label} cannot be read: {error.strerror}.", hint="check where the link points."
        ) from error
    if not is_regular:  # a pipe, such as <(zcat ...) in a shell
        suffix, compression = told or (format or "txt", None)
        return TextFile(
            path.name, label, Spool(lambda: path.open("rb"), label), suffix, compression
        )
    if told is None and format is not None:
        return TextFile(path.name, label, path, format, None)
    if told is None:
        raise InputError(
            f"{label} has a suffix that tokext does not know: '{path.suffix}'.",
            hint=f"say what it is with --format {'|'.join(FORMATS)}, or rename it.",
        )
    return TextFile(path.name, label, _readable(path, label), *told)


def _folder(folder: Path, name: str) -> Iterator[TextFile]:
    """The text files of a folder and the folders in it, in the order of their names."""
    root = Path(os.path.realpath(folder))
    n_outside = n_other = n_found = 0
    passed_over: list[Path] = []
    linked: list[Path] = []
    for path in sorted(_visible(folder, passed_over, linked)):
        told = told_by(path.name)
        if told is None:
            n_other += 1
        elif not Path(os.path.realpath(path)).is_relative_to(root):
            n_outside += 1
        elif path.is_file():
            n_found += 1
            inner = Path(name, path.relative_to(folder)).as_posix()
            yield TextFile(inner, str(path), _readable(path, str(path)), *told)
    n_results = len(passed_over)
    results = f", {n_results} in results of tokext" if n_results else ""
    links = f", {len(linked)} links to folders ({linked[0]} first)" if linked else ""
    left_out = (
        f"{n_other} of another kind{results}{links} and {n_outside} links that lead out of it "
        "left out"
    )
    if not n_found:
        raise InputError(
            f"the folder {folder} holds no text file ({left_out}).", hint=_known_suffixes()
        )
    if n_other or n_outside or n_results or linked:
        say(f"{folder}: {n_found} text files, {left_out}.")


def _visible(folder: Path, passed_over: list[Path], linked: list[Path]) -> Iterator[Path]:
    """The files to look at; those in folders that tokext wrote go to `passed_over`.

    Links to folders are not followed, for they may lead out, or round in circles; they go to
    `linked`.
    """
    for where, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        linked += (path for path in (Path(where, f) for f in folders) if path.is_symlink())
        seen = (Path(where, f) for f in files if not f.startswith("."))
        if _is_result(Path(where)):
            folders.clear()
            passed_over += seen
        else:
            yield from seen


def _is_result(folder: Path) -> bool:
    """Whether a folder is what an earlier run of tokext wrote, and no text."""
    try:
        return (folder / RECORD_FILE).is_file() and bool(read_record(folder))
    except (InputError, OSError):
        return False


def _refuse(error: OSError) -> None:
    raise InputError(
        f"the folder {error.filename} cannot be read: {error.strerror}.",
        hint="give it permission, or name the files themselves.",
    ) from error


def _globbed(pattern: str, format: str | None) -> Iterator[TextFile]:  # noqa: A002
    """The files that match, as if a shell had spelled them out."""
    n_found = n_other = 0
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207  (Path.glob refuses an absolute one)
        told = told_by(match) or (format and (format, None))
        if told and Path(match).is_file():
            n_found += 1
            yield TextFile(Path(match).name, match, _readable(Path(match), match), *told)
        else:
            n_other += 1
    if not n_found:
        raise InputError(
            f"no text file matches '{pattern}' ({n_other} matches of another kind).",
            hint=_known_suffixes(),
        )
    if n_other:
        say(f"{pattern}: {n_found} text files, {n_other} matches of another kind left out.")


def _readable(path: Path, label: str) -> Path:
    if not os.access(path, os.R_OK):
        raise InputError(
            f"no permission to read {label}.", hint=f"chmod +r {label}, or copy it to your files."
        )
    return path


def _not_found(path: Path) -> InputError:
    with_names = path.parent if path.parent.is_dir() else Path()
    try:
        names = [other.name for other in with_names.iterdir()]
    except OSError:
        names = []
    near = difflib.get_close_matches(path.name, names, n=1)
    hint = f"did you mean {with_names / near[0]}?" if near else "check the name and the folder."
    return InputError(f"{path} does not exist.", hint=hint)


def _known_suffixes() -> str:
    known = " ".join(f".{name}" for name in FORMATS)
    return f"tokext reads {known}, each also with {' '.join(COMPRESSIONS)}."


def _standard_input() -> contextlib.AbstractContextManager[IO[bytes]]:
    if sys.stdin is None:
        raise InputError("there is no standard input.", hint="name a file instead of -.")
    return contextlib.nullcontext(sys.stdin.buffer)  # ours to read, not to close
