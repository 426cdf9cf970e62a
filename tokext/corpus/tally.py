"""What became of every byte that was read: the counts of one file, and of a whole corpus.

Nothing is dropped without a count. Text that cannot be used is mended where it can be (a bad byte
becomes U+FFFD, an over-long line becomes several documents) and counted as lost where it cannot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from tokext.corpus.lines import cut_lines
from tokext.records import Unusable

#: What no text may hold: NUL ends a string in C, and a lone surrogate has no UTF-8.
_UNUSABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class FileStats:
    """The counts of one file.

    `n_read_bytes` counts the file's content after decompression, `n_bytes` the UTF-8 bytes of the
    documents. `n_bad_bytes` were replaced by U+FFFD; `n_lost_bytes` belong to records that could
    not be used: broken ones (`n_broken`) and ones without the text field (`n_missing_field`).
    """

    name: str
    n_read_bytes: int = 0
    n_documents: int = 0
    n_chars: int = 0
    n_bytes: int = 0
    n_empty: int = 0
    n_too_long: int = 0
    n_missing_field: int = 0
    n_broken: int = 0
    n_bad_bytes: int = 0
    n_lost_bytes: int = 0
    first_case: str = ""


_COUNTS = tuple(f.name for f in fields(FileStats) if f.name.startswith("n_"))


@dataclass(frozen=True)
class CorpusStats:
    """The counts of everything that was read, summed over the `files`.

    Example:
        >>> one = FileStats("a.txt", n_read_bytes=9, n_documents=2, n_chars=3, n_bytes=7)
        >>> stats = CorpusStats.of([one, FileStats("b.txt", n_read_bytes=1, n_bad_bytes=1)])
        >>> stats.n_documents, stats.bad_share
        (2, 0.1)
    """

    n_read_bytes: int
    n_documents: int
    n_chars: int
    n_bytes: int
    n_empty: int
    n_too_long: int
    n_missing_field: int
    n_broken: int
    n_bad_bytes: int
    n_lost_bytes: int
    files: tuple[FileStats, ...] = field(repr=False)

    @staticmethod
    def of(files: Iterable[FileStats]) -> CorpusStats:
        """Sum the counts of files."""
        rows = tuple(files)
        return CorpusStats(**{n: sum(getattr(r, n) for r in rows) for n in _COUNTS}, files=rows)

    @property
    def bad_share(self) -> float:
        """The share of the bytes read that could not be used as they are."""
        return (self.n_bad_bytes + self.n_lost_bytes) / max(1, self.n_read_bytes)

    def unusable(self) -> Unusable:
        """The counts of what could not be taken as it stood."""
        return Unusable(**{f.name: getattr(self, f.name) for f in fields(Unusable)})

    def as_dict(self) -> dict[str, Any]:
        """The counts for a record: totals, and a row for each file."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What a person should know beyond the totals: one line for each kind of trouble met."""
        met = (
            (self.n_bad_bytes, "bytes that are not usable UTF-8 text, replaced by U+FFFD"),
            (self.n_broken, "broken records, left out"),
            (self.n_missing_field, "records without the text field, left out"),
            (self.n_too_long, "over-long lines, cut into several documents"),
            (self.n_empty, "empty documents, left out"),
        )
        return [f"{n:,} {what}" for n, what in met if n]


class Tally:
    """The counts of the file that is being read, and the one gate documents leave through."""

    def __init__(self, name: str, label: str, max_line_chars: int) -> None:
        self.name = name
        self.label = label  # how the person named the file: for messages, not for records
        self.max_line_chars = max_line_chars
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.first_case = ""
        self.fields_met: tuple[str, ...] = ()

    def stats(self) -> FileStats:
        """The counts so far."""
        return FileStats(self.name, **self.counts, first_case=self.first_case)

    def add(self, count: str, n: int = 1) -> None:
        """Add to one of the counts by its name."""
        self.counts[count] += n

    def bad(self, n_bytes: int, kind: str, place: str) -> None:
        """Count bytes that were replaced."""
        self.add("n_bad_bytes", n_bytes)
        self.first_case = self.first_case or f"{kind} in {place}"

    def lost(self, count: str, n_bytes: int, kind: str, place: str) -> None:
        """Count a record that was left out, under `n_broken` or `n_missing_field`."""
        self.add(count)
        self.add("n_lost_bytes", n_bytes)
        self.first_case = self.first_case or f"{kind} in {place}"

    def keep(
        self, documents: Sequence[str], numbers: Sequence[int], unit: str = "line"
    ) -> list[str]:
        """Mend, cut and count documents, and leave out the empty ones.

        Args:
            documents: Documents as they were read.
            numbers: The place of each in its file, counted from 1 in `unit`.
            unit: What `numbers` count.

        Returns:
            The documents to hand on: none empty, none with a NUL or a lone surrogate, no line of
            theirs longer than `max_line_chars`.
        """
        kept = [d for d in documents if d and not d.isspace()]
        self.add("n_empty", len(documents) - len(kept))
        if not kept:
            return kept
        # One pass of C over all documents together: trouble is rare, so look for it in bulk.
        n_bytes = _usable_bytes("".join(kept))
        if n_bytes is None:
            kept = self._mend(documents, numbers, unit)
            n_bytes = len("".join(kept).encode())
        if max(map(len, kept)) > self.max_line_chars:
            kept = self._cut(kept)
            n_bytes = len("".join(kept).encode())
        self.add("n_documents", len(kept))
        self.add("n_chars", sum(map(len, kept)))
        self.add("n_bytes", n_bytes)
        return kept

    def _mend(self, documents: Sequence[str], numbers: Sequence[int], unit: str) -> list[str]:
        mended = []
        for document, number in zip(documents, numbers, strict=True):
            if not document or document.isspace():
                continue
            whole, n_replaced = _UNUSABLE.subn("\ufffd", document)
            if n_replaced:
                n_nul = document.count("\0")
                kind = "a NUL" if n_nul else "a lone surrogate"
                n_bytes = n_nul + 3 * (n_replaced - n_nul)
                self.bad(n_bytes, kind, f"{unit} {number:,}")
            mended.append(whole)
        return mended

    def _cut(self, documents: list[str]) -> list[str]:
        cut: list[str] = []
        for document in documents:
            parts = cut_lines(document, self.max_line_chars)
            self.add("n_too_long", len(parts) > 1)
            with_text = [part for part in parts if not part.isspace()]
            self.add("n_empty", len(parts) - len(with_text))
            cut.extend(with_text)
        return cut


def _usable_bytes(text: str) -> int | None:
    """The UTF-8 length of a text; None where it holds a NUL or a lone surrogate."""
    try:
        n_bytes = len(text.encode())
    except UnicodeEncodeError:
        return None
    return None if "\0" in text else n_bytes
