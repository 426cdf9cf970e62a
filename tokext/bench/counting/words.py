"""How words fare: which ones are one token, which are cut, which lie inside a longer token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import regex

from tokext.bench.counting.encode import spans_inside
from tokext.corpus.morphemes import WORDS_OF
from tokext.languages import Language
from tokext.records import WordMetrics
from tokext.tokenizer.load import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SPACED_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’\-][\p{L}\p{M}\p{N}]+)*")

#: A word's first character and the one after its last.
Place = tuple[int, int]


@dataclass(frozen=True)
class WordSample:
    """Documents, and the places of the words in each."""

    documents: tuple[str, ...]
    words: tuple[tuple[Place, ...], ...]

    @property
    def n_chars(self) -> int:
        """The characters of the documents."""
        return sum(map(len, self.documents))

    @property
    def n_words(self) -> int:
        """The words of the documents."""
        return sum(map(len, self.words))


def find_words(documents: Sequence[str], language: Language) -> WordSample | None:
    """Find the words of a sample once, for any number of tokenizers.

    Japanese words are the short units of UniDic, as fugashi finds them line by line, if they hold a
    letter or a digit. Where a language writes spaces, words stand between them, without
    punctuation. For other languages there is no segmenter here: None.
    """
    segment = _segmenter(language)
    if segment is None:
        return None
    return WordSample(tuple(documents), tuple(tuple(segment(d)) for d in documents))


def measure_words(tokenizer: Tokenizer, sample: WordSample) -> WordMetrics | None:
    """Count how the words of a sample are cut, as they stand in its documents.

    Spaces at the edges of a token do not count as a part of it, so `▁word` is all of `word`. Words
    in place say more than words by themselves: a piece that holds two words is seen, and so is a
    cut that only context makes.

    Returns:
        The metrics, None for a sample without words.
    """
    if not sample.n_words:
        return None
    n_single = n_continued = n_tokens = 0
    for document, words in zip(sample.documents, sample.words, strict=True):
        single, continued, tokens = _count(_edges(tokenizer, document), words)
        n_single, n_continued = n_single + single, n_continued + continued
        n_tokens += tokens
    return WordMetrics(
        n_chars=sample.n_chars,
        n_words=sample.n_words,
        single_token_retention=n_single / sample.n_words,
        continued_word_share=n_continued / sample.n_words,
        fertility=n_tokens / sample.n_words,
    )


def _edges(tokenizer: Tokenizer, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each token begins and ends, without the spaces at its edges; two of (n_tokens,)."""
    import numpy as np

    edges = []
    for span in spans_inside(tokenizer, text):
        covered = text[span.begin : span.end]
        begin = span.begin + len(covered) - len(covered.lstrip())
        edges.append((begin, begin + len(covered.strip())))
    begins, ends = np.array(edges, np.int64).reshape(-1, 2).T
    return begins, ends


def _count(
    edges: tuple[NDArray[np.int64], NDArray[np.int64]], words: Sequence[Place]
) -> tuple[int, int, int]:
    """Count words that are one token, words of more than one, and tokens that touch a word."""
    import numpy as np

    begins, ends = edges
    if not len(begins) or not words:
        return 0, 0, 0
    starts, stops = np.array(words, np.int64).T
    # Tokens and words are both in order, so those that touch are neighbors.
    first = np.searchsorted(ends, starts, side="right")
    n_touching = np.searchsorted(begins, stops, side="left") - first
    at = np.minimum(first, len(begins) - 1)
    single = (n_touching == 1) & (begins[at] == starts) & (ends[at] == stops)
    n_before = np.searchsorted(stops, begins, side="right")
    n_touched = np.searchsorted(starts, ends, side="left") - n_before
    return int(single.sum()), int((n_touching > 1).sum()), int((n_touched > 0).sum())


def _segmenter(language: Language) -> Callable[[str], Iterator[Place]] | None:
    if language.code == WORDS_OF:
        import fugashi

        tagger = fugashi.Tagger()
        return lambda document: _japanese_words(tagger, document)
    return _spaced_words if language.spaced else None


def _japanese_words(tagger: Any, document: str) -> Iterator[Place]:
    at = 0
    for line in document.split("\n"):
        for word in tagger(line):
            begin = document.index(word.surface, at)
            at = begin + len(word.surface)
            if any(map(str.isalnum, word.surface)):
                yield begin, at


def _spaced_words(document: str) -> Iterator[Place]:
    return (match.span() for match in _SPACED_WORD.finditer(document))
