"""A text that was read once: what every tokenizer made of it, and samples for a closer look."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tokext.bench.counting.encode import encode_all
from tokext.bench.counting.evenly import EvenSample
from tokext.bench.counting.lines import FirstCut, Lines
from tokext.bench.counting.tally import Tallied, Tally
from tokext.bench.counting.vocabulary import Vocabulary
from tokext.bench.texts import Text, batches, n_utf8_bytes
from tokext.corpus.engines import Engine
from tokext.languages import Language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    #: Documents, and which of their lines have letters, but none of the language.
    _Batch = tuple[Sequence[str], NDArray[np.bool_]]

CURVE_SAMPLE_CHARS = 200_000

#: Batches to a task elsewhere: enough that sending the tokenizers along costs little.
_TASK_BATCHES = 16


@dataclass
class Counted:
    """The counts of a text, one tally for each tokenizer, and two samples."""

    text: Text
    language: Language
    tallies: list[Tally]
    word_sample: EvenSample
    curve_sample: EvenSample
    n_documents: int = 0
    n_chars: int = 0
    n_bytes: int = 0
    n_lines: int = 0
    n_own_lines: int = 0
    n_foreign_lines: int = 0

    def see(self, documents: Sequence[str]) -> tuple[Lines, NDArray[np.bool_]]:
        """Count what no tokenizer is needed for, and take samples.

        Returns:
            The lines, and which of them have letters, but none of the language (n_lines,).
        """
        self.n_documents += len(documents)
        self.n_chars += sum(map(len, documents))
        self.n_bytes += n_utf8_bytes(self.text.name, documents)
        lines = Lines(documents)
        self.n_lines += lines.n_lines
        own, foreign = lines.own_and_foreign(self.language)
        self.n_own_lines += int(own.sum())
        self.n_foreign_lines += int(foreign.sum())
        self.word_sample.add(documents)
        self.curve_sample.add(documents)
        return lines, foreign


def count(
    text: Text,
    vocabularies: Sequence[Vocabulary],
    language: Language,
    document_lines: int | None,
    word_sample_chars: int,
    workers: int,
    engine: Engine | None = None,
) -> Counted:
    """Read a text to its end, and count it with every tokenizer.

    Args:
        text: What to read.
        vocabularies: What to count with; lines are compared with the first.
        language: Whose letters a line has, or has not.
        document_lines: See `tokext.bench.texts.batches`.
        word_sample_chars: The size of the sample for word metrics.
        workers: Threads to encode in, where there is no engine.
        engine: Where to encode instead; its tasks have one thread each.

    Raises:
        InputError: It cannot be read, or holds no text.
    """
    counted = Counted(
        text,
        language,
        [Tally(vocabulary) for vocabulary in vocabularies],
        EvenSample(word_sample_chars),
        EvenSample(CURVE_SAMPLE_CHARS),
    )
    seen = map(counted.see, batches(text, document_lines))
    if engine is None:
        for lines, foreign in seen:
            _add(counted.tallies, lines, foreign, workers)
        return counted
    sent = ((lines.documents, foreign) for lines, foreign in seen)
    for parts in engine.map(partial(_tally, vocabularies), _in_lists(sent, _TASK_BATCHES)):
        for tally, part in zip(counted.tallies, parts, strict=True):
            tally.add_all(part)
    return counted


def _tally(vocabularies: Sequence[Vocabulary], several: list[_Batch]) -> list[Tallied]:
    tallies = [Tally(vocabulary) for vocabulary in vocabularies]
    for documents, foreign in several:
        _add(tallies, Lines(documents), foreign, workers=1)
    return [tally.tallied() for tally in tallies]


def _add(tallies: Sequence[Tally], lines: Lines, foreign: NDArray[np.bool_], workers: int) -> None:
    """Count a batch with every tokenizer, and compare its lines with the first one's."""
    first = FirstCut(lines, workers)
    for tally in tallies:
        start = time.perf_counter()
        encoded = encode_all(tally.vocabulary.tokenizer, lines.documents, workers)
        tally.add(encoded)
        if len(tallies) > 1:
            tally.add_changed(lines, first.changed(encoded, tally.vocabulary), foreign)
        tally.seconds += time.perf_counter() - start


def _in_lists(batches: Iterator[_Batch], n: int) -> Iterator[list[_Batch]]:
    while some := list(itertools.islice(batches, n)):
        yield some
