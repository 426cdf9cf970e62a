"""Any file to documents: the door of the room, and the corpus that can be read again and again.

Files are read once for each pass, in blocks, whatever their size; digests and counts come with it.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from tokext.corpus.documents import Document, ReadOptions, read_file
from tokext.corpus.formats import no_field
from tokext.corpus.hub import HubText
from tokext.corpus.inputs import FORMATS, STANDARD_INPUT, Input, TextFile, find_input
from tokext.corpus.stored import Advance
from tokext.corpus.tally import CorpusStats, FileStats, Tally
from tokext.errors import InputError, refuse_below
from tokext.progress import bar
from tokext.records import InputFile

__all__ = ["Corpus", "CorpusStats", "FileStats", "Part", "group_lines", "read_corpus"]


def read_corpus(
    inputs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    text_field: str = "text",
    document: Document = "line",
    max_bad_share: float = 0.01,
    max_line_chars: int = 100_000,
    format: str | None = None,  # noqa: A002
    split: str = "train",
) -> Corpus:
    r"""Find the inputs; nothing is read before the corpus is iterated over.

    Args:
        inputs: Files, folders, globs, ``-`` for standard input, ``hf:NAME[:CONFIG][@REVISION]``.
        text_field: The field of an object, or the column of a table, that holds the text.
        document: What a document of a ``.txt`` is: each line, or the whole file.
        max_bad_share: The share of an input's bytes that may be unusable; more stops the pass.
        max_line_chars: A longer line is cut into several documents, after a sentence if it can be.
        format: What standard input is, and files whose suffix says nothing: ``txt``, ``jsonl``...
        split: Which split of a data set of the hub.

    Returns:
        The corpus, in the order of the inputs, and of the names within each.

    Raises:
        InputError: There is no input, or one names nothing that can be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "haiku.txt")
        ...     _ = path.write_text("古池や\n\n蛙飛びこむ\n水の音\n", encoding="utf-8")
        ...     corpus = read_corpus([path])
        ...     print(list(corpus), corpus.stats.n_empty)
        ['古池や', '蛙飛びこむ', '水の音'] 1
    """
    _check_options(document, max_bad_share, max_line_chars, format)
    given = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    if not given:
        raise InputError("there is no input.", hint="name files, folders, or - to read a pipe.")
    if sum(os.fspath(g) == STANDARD_INPUT for g in given) > 1:
        raise InputError("standard input is named twice.", hint="it can be read once: give one -.")
    options = ReadOptions(text_field, document, max_bad_share, max_line_chars)
    return Corpus([Part(find_input(g, format=format, split=split), options) for g in given])


class Part:
    """One input of a corpus: itself a corpus that can be read again and again."""

    def __init__(self, source: Input, options: ReadOptions) -> None:
        self._source = source
        self._options = options
        self._result: tuple[CorpusStats, tuple[InputFile, ...]] | None = None

    @property
    def name(self) -> str:
        """The input's own name, without the folders before it."""
        return self._source.name

    @property
    def label(self) -> str:
        """The input as it was given."""
        return self._source.label

    @property
    def path(self) -> PurePath:
        """Its whole path, to tell it from another of its name; its name where it has none."""
        label = self._source.label
        is_file = self.name != label or os.path.lexists(label)
        return PurePath(os.path.abspath(label) if is_file else label)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Itself, so that a part can stand wherever a corpus can."""
        return (self,)

    @property
    def stats(self) -> CorpusStats:
        """The counts of the last whole pass.

        Raises:
            InputError: There was none.
        """
        return self._finished()[0]

    @property
    def files(self) -> tuple[InputFile, ...]:
        """Name, digest and size of every file, from the last whole pass.

        Raises:
            InputError: There was none.
        """
        return self._finished()[1]

    def __iter__(self) -> Iterator[str]:
        """Yield the documents."""
        return itertools.chain.from_iterable(self.batches())

    def batches(self) -> Iterator[list[str]]:
        """Yield the documents in lists of up to a few megabytes, for work that is done in bulk.

        Raises:
            InputError: A file is damaged or not text, more than `max_bad_share` of the bytes
                cannot be used, or there is no text at all.
        """
        with bar(f"reading {self.name}", self.stored_bytes(), "B") as progress:
            yield from self.read(progress.update)

    def stored_bytes(self) -> int | None:
        """The size of the files as they are stored; None for a data set of the hub."""
        sizes = [None if isinstance(f, HubText) else _size(f) for f in self._source.files]
        return None if None in sizes else sum(s for s in sizes if s is not None)

    def read(self, advance: Advance, keep: Path | None = None) -> Iterator[list[str]]:
        """Yield what `batches` yields, and report stored bytes to `advance` on the way.

        What comes over the network is kept in the folder `keep`, if one is given, and is taken
        from there the next time.
        """
        rows: list[FileStats] = []
        records: list[InputFile] = []
        for file in self._source.files:
            if isinstance(file, HubText):
                tally = Tally(file.label, file.label, self._options.max_line_chars)
            else:
                tally = Tally(file.name, file.label, self._options.max_line_chars)
            yield from read_file(file, tally, self._options, advance, records, keep)
            rows.append(_with_text(tally, self._options.text_field))
        stats = CorpusStats.of(rows)
        _check_share(self._source.label, stats, self._options.max_bad_share)
        if not stats.n_documents:
            raise InputError(
                f"{self._source.label} holds no text ({stats.n_read_bytes:,} bytes, "
                f"{stats.n_empty:,} empty documents).",
                hint="give a file with at least one line of text.",
            )
        self._result = stats, tuple(records)

    def _finished(self) -> tuple[CorpusStats, tuple[InputFile, ...]]:
        if self._result is None:
            raise InputError(
                f"{self.name} has not been read to its end yet.", hint="iterate over it first."
            )
        return self._result


class Corpus:
    """Documents from any number of inputs, read again at every iteration."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)

    @property
    def name(self) -> str:
        """The names of the parts."""
        return " + ".join(part.name for part in self.parts)

    @property
    def stats(self) -> CorpusStats:
        """The counts of the last whole pass over each part."""
        return CorpusStats.of(row for part in self.parts for row in part.stats.files)

    @property
    def files(self) -> tuple[InputFile, ...]:
        """Name, digest and size of every file, from the last whole pass over each part."""
        return tuple(file for part in self.parts for file in part.files)

    def __iter__(self) -> Iterator[str]:
        """Yield the documents."""
        return itertools.chain.from_iterable(self.batches())

    def batches(self) -> Iterator[list[str]]:
        """Yield the documents in lists of up to a few megabytes, for work that is done in bulk."""
        with bar("reading", self.stored_bytes(), "B") as progress:
            for part in self.parts:
                yield from part.read(progress.update)

    def stored_bytes(self) -> int | None:
        """The size of the files as they are stored; None if one is a data set of the hub."""
        sizes = [part.stored_bytes() for part in self.parts]
        return None if None in sizes else sum(s for s in sizes if s is not None)


def group_lines(lines: Iterable[str], n: int = 20) -> Iterator[str]:
    r"""Join lines to documents of `n` lines with newlines between them; the last may be shorter.

    Example:
        >>> list(group_lines(["春", "夏", "秋"], n=2))
        ['春\n夏', '秋']
    """
    rest = iter(lines)
    while group := list(itertools.islice(rest, n)):
        yield "\n".join(group)


def _with_text(tally: Tally, text_field: str) -> FileStats:
    """The counts of a file that was read; an error where it has objects, but never the field."""
    stats = tally.stats()
    if stats.n_missing_field and not stats.n_documents and text_field not in tally.fields_met:
        raise no_field(tally, text_field, tally.fields_met)
    return stats


def _size(file: TextFile) -> int:
    with contextlib.suppress(OSError):
        return file.path().stat().st_size
    return 0  # opening it says what is wrong


def _check_share(label: str, stats: CorpusStats, max_bad_share: float) -> None:
    if stats.bad_share <= max_bad_share:
        return
    row = next(row for row in stats.files if row.first_case)
    where = f"{row.name}, " if len(stats.files) > 1 else ""
    n_unusable = stats.n_bad_bytes + stats.n_lost_bytes
    allowed = math.ceil(stats.bad_share * 1000) / 1000
    raise InputError(
        f"{stats.bad_share:.1%} of {label} cannot be used ({n_unusable:,} of "
        f"{stats.n_read_bytes:,} bytes; at most {max_bad_share:.1%} may be); the first case: "
        f"{where}{row.first_case}.",
        hint=f"mend the file, or allow it with --max-bad-share {min(allowed, 1.0)}.",
    )


def _check_options(
    document: str,
    max_bad_share: float,
    max_line_chars: int,
    format: str | None,  # noqa: A002
) -> None:
    if document not in ("line", "file"):
        raise InputError(f"document is '{document}'.", hint="choose line or file.")
    if not 0 <= max_bad_share <= 1:
        raise InputError(f"max_bad_share is {max_bad_share}.", hint="choose between 0 and 1.")
    refuse_below(1, max_line_chars=max_line_chars)
    if format is not None and format not in FORMATS:
        raise InputError(f"format is '{format}'.", hint=f"choose one of {', '.join(FORMATS)}.")
