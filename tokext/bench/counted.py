"""A text that was read once: what every tokenizer made of it, and samples for a closer look."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tokext.bench.encode import encode_all
from tokext.bench.evenly import EvenSample
from tokext.bench.lines import FirstCut, Lines
from tokext.bench.tally import Tally
from tokext.bench.texts import Text, batches, n_utf8_bytes
from tokext.bench.vocabulary import Vocabulary

CURVE_SAMPLE_CHARS = 200_000


@dataclass
class Counted:
    """The counts of a text, one tally for each tokenizer, and two samples."""

    text: Text
    tallies: list[Tally]
    word_sample: EvenSample
    curve_sample: EvenSample
    n_documents: int = 0
    n_chars: int = 0
    n_bytes: int = 0
    n_lines: int = 0

    def add(self, documents: Sequence[str], workers: int) -> None:
        """Count a batch with every tokenizer, and compare its lines with the first one's."""
        self.n_documents += len(documents)
        self.n_chars += sum(map(len, documents))
        self.n_bytes += n_utf8_bytes(self.text.name, documents)
        self.word_sample.add(documents)
        self.curve_sample.add(documents)
        lines = Lines(documents)
        self.n_lines += lines.n_lines
        first = FirstCut(lines, workers)
        for tally in self.tallies:
            start = time.perf_counter()
            encoded = encode_all(tally.vocabulary.tokenizer, documents, workers)
            tally.add(encoded)
            if len(self.tallies) > 1:
                tally.add_changed(lines, first.changed(encoded, tally.vocabulary))
            tally.seconds += time.perf_counter() - start


def count(
    text: Text,
    vocabularies: Sequence[Vocabulary],
    document_lines: int | None,
    word_sample_chars: int,
    workers: int,
) -> Counted:
    """Read a text to its end, and count it with every tokenizer.

    Raises:
        InputError: It cannot be read, or holds no text.
    """
    counted = Counted(
        text,
        [Tally(vocabulary) for vocabulary in vocabularies],
        EvenSample(word_sample_chars),
        EvenSample(CURVE_SAMPLE_CHARS),
    )
    for documents in batches(text, document_lines):
        counted.add(documents, workers)
    return counted
