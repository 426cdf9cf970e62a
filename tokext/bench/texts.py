"""What is measured on: files and named documents, streamed in batches of bounded size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import PurePath
from typing import Any, Protocol

from tokext.corpus.read import Corpus, CorpusStats, FileStats, Part, group_lines, read_corpus
from tokext.errors import InputError

#: Enough to keep all cores busy; tokens of such a batch take some tens of megabytes at most.
BATCH_CHARS = 1 << 18

#: A path as `read_corpus` takes it, or what `read_corpus` gives.
Readable = str | os.PathLike[str] | Corpus | Part

#: The same, or a name and documents.
Given = Readable | tuple[str, Iterable[str]]

Texts = Readable | Mapping[str, Iterable[str]] | Iterable[Given]


class Text(Protocol):
    """A named stream of documents, and its digest when it has been read to its end."""

    @property
    def name(self) -> str:
        """What the rows call it."""

    def documents(self) -> Iterable[str]:
        """Read it from its beginning."""

    def digest(self) -> str:
        """SHA-256 of what was read."""

    def stats(self) -> CorpusStats:
        """What became of every byte of it."""


class FileText:
    """One input: a file, a folder, a glob, standard input or a data set of the hub."""

    def __init__(self, part: Part, name: str = "") -> None:
        self._part = part
        self.name = name or part.name

    def documents(self) -> Iterable[str]:
        """Read it from its beginning."""
        return chain.from_iterable(self._part.batches())

    def stats(self) -> CorpusStats:
        """What became of every byte of it."""
        return self._part.stats

    def digest(self) -> str:
        """The file's own SHA-256; of several files that of their names and digests."""
        files = self._part.files
        if len(files) == 1:
            return files[0].sha256
        lines = "".join(f"{file.sha256}  {file.name}\n" for file in files)
        return hashlib.sha256(lines.encode()).hexdigest()


class NamedText:
    """Documents that are in memory or made on the way."""

    def __init__(self, name: str, documents: Iterable[str]) -> None:
        self.name = name
        self._documents = documents
        self._digest = hashlib.sha256()
        self._n_empty = 0

    def documents(self) -> Iterator[str]:
        """Hand out the documents that are not empty."""
        for document in self._documents:
            if document and not document.isspace():
                self._digest.update(document.encode(errors="surrogatepass") + b"\n")
                yield document
            else:
                self._n_empty += 1

    def stats(self) -> CorpusStats:
        """How many documents were left out."""
        return CorpusStats.of([FileStats(self.name, n_empty=self._n_empty)])

    def digest(self) -> str:
        """The digest of a file that has these documents, each ended by a newline."""
        return self._digest.hexdigest()


def open_texts(texts: Texts, **options: Any) -> list[Text]:
    """Make sense of what was given; paths are looked up, and nothing is read yet.

    Args:
        texts: Paths, a list of paths and of `(name, documents)` pairs, or a mapping.
        options: What `read_corpus` takes for paths.

    Raises:
        InputError: There is nothing, or a path names nothing.
    """
    given: list[Given]
    if isinstance(texts, Mapping):
        given = list(texts.items())
    elif isinstance(texts, (str, os.PathLike, Corpus, Part)):
        given = [texts]
    else:
        given = list(texts)
    if not given:
        raise InputError("there is no text to measure on.", hint="name files with --text.")
    return _told_apart(list(chain.from_iterable(_open(one, options) for one in given)))


def batches(text: Text, document_lines: int | None = None) -> Iterator[list[str]]:
    """Yield the documents in lists of about `BATCH_CHARS` characters.

    Args:
        text: What to read.
        document_lines: Join so many lines to a document, newlines between them; None for documents
            as they are read.

    Raises:
        InputError: It cannot be read, or holds no text.
    """
    documents = text.documents()
    if document_lines is not None:
        documents = group_lines(documents, document_lines)
    batch: list[str] = []
    n_chars = n_documents = 0
    for document in documents:
        batch.append(document)
        n_chars += len(document)
        if n_chars >= BATCH_CHARS:
            yield batch
            n_documents += len(batch)
            batch, n_chars = [], 0
    if batch:
        yield batch
    elif not n_documents:
        raise InputError(f"{text.name} holds no text.", hint="give at least one character.")


def n_utf8_bytes(name: str, documents: Sequence[str]) -> int:
    """The UTF-8 length of documents.

    Raises:
        InputError: One holds half a surrogate pair, which has no UTF-8 form and no tokens.
    """
    try:
        return len("".join(documents).encode())
    except UnicodeEncodeError as error:
        found = error.object[error.start]
        raise InputError(
            f"{name} holds {found!r}, half of a surrogate pair, which is no character.",
            hint="decode the text again, or replace it: "
            "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace').",
        ) from error


def _open(given: Given, options: Any) -> list[NamedText | Part]:
    if isinstance(given, tuple):
        return [NamedText(*given)]
    corpus = given if isinstance(given, Corpus | Part) else read_corpus(given, **options)
    return list(corpus.parts)


def _told_apart(opened: list[NamedText | Part]) -> list[Text]:
    """Name each input by its bare name, or by as much of its path as no other one shares."""
    parts = [one for one in opened if isinstance(one, Part)]
    names = dict(zip(map(id, parts), distinct_names([p.path for p in parts]), strict=True))
    return [FileText(t, names[id(t)]) if isinstance(t, Part) else t for t in opened]


def distinct_names(paths: Sequence[PurePath]) -> list[str]:
    """The shortest ends of paths that tell different paths apart; equal ones stay equal.

    Example:
        >>> distinct_names([PurePath("/a/x.txt"), PurePath("/b/x.txt"), PurePath("/b/y.txt")])
        ['a/x.txt', 'b/x.txt', 'y.txt']
    """
    return [_short_name(path, set(paths) - {path}) for path in paths]


def _short_name(path: PurePath, others: set[PurePath]) -> str:
    for n in range(1, len(path.parts)):
        end = path.parts[-n:]
        if all(other.parts[-n:] != end for other in others):
            return PurePath(*end).as_posix()
    return path.as_posix()
