"""Which lines two tokenizers cut differently, from the tokens of whole documents.

A token belongs to the line in which it begins. Where the tokens show every newline of the text,
no line has to be encoded a second time; where one does not (it may have turned newlines into
spaces), each line is encoded by itself, by both.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from tokext.bench.counting.encode import Encoded, encode_all
from tokext.bench.counting.vocabulary import Vocabulary
from tokext.languages import Language, character_class

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Cut:
    """Documents as a tokenizer encodes them: `line_of` has shape (n_tokens,), as `ids` has."""

    ids: NDArray[np.int32]
    line_of: NDArray[np.int64]


@dataclass(frozen=True)
class Lines:
    """The lines of some documents, counted from 0 across all of them."""

    documents: Sequence[str]

    @cached_property
    def newlines(self) -> NDArray[np.int64]:
        """How many newlines each document has, shape (n_documents,)."""
        import numpy as np

        counts = (document.count("\n") for document in self.documents)
        return np.fromiter(counts, np.int64, len(self.documents))

    @cached_property
    def texts(self) -> list[str]:
        """Every line."""
        return [line for document in self.documents for line in document.split("\n")]

    @cached_property
    def n_lines(self) -> int:
        """How many lines there are; a document has one more than newlines."""
        return int(self.newlines.sum()) + len(self.documents)

    def own_and_foreign(self, language: Language) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each line has a letter of the language; whether it has letters, but none such.

        Returns:
            Two arrays of shape (n_lines,). A line without letters is neither.
        """
        import numpy as np

        text = "\n".join([*self.documents, ""])  # so that every line has a newline behind it
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ends = np.flatnonzero(codes == ord("\n")) + 1
        starts = np.concatenate([[0], ends[:-1]])
        kinds = np.maximum.reduceat(_letter_kinds(language)[codes], starts)
        return kinds == _OWN, kinds == _FOREIGN

    def cut(self, encoded: Encoded, vocabulary: Vocabulary) -> Cut | None:
        """Find the line of each token; None where the tokens do not show every newline."""
        import numpy as np

        ends = np.cumsum(encoded.lengths)
        held = vocabulary.newlines[encoded.ids]
        before = np.concatenate([[0], np.cumsum(held)])  # newlines before each token, and in all
        shown = np.diff(before[ends], prepend=0)
        if not np.array_equal(shown, self.newlines):
            return None
        document = np.repeat(np.arange(len(self.documents)), encoded.lengths)
        return Cut(encoded.ids, before[:-1] + document)

    def cut_alone(self, vocabulary: Vocabulary, workers: int = 0) -> Cut:
        """Encode every line by itself."""
        import numpy as np

        encoded = encode_all(vocabulary.tokenizer, self.texts, workers)
        return Cut(encoded.ids, np.repeat(np.arange(self.n_lines), encoded.lengths))


#: What a character is to a language, the more telling ones the higher.
_FOREIGN, _OWN = 1, 2


@cache
def _letter_kinds(language: Language) -> NDArray[np.uint8]:
    """For every code point whether it is a letter of the language, another letter, or none (0)."""
    import numpy as np

    every = "".join(map(chr, range(sys.maxunicode + 1)))
    kinds = np.zeros(len(every), np.uint8)
    for kind, letter in ((_FOREIGN, r"\p{L}"), (_OWN, language.letter.pattern)):
        for met in re.finditer(f"[{character_class(letter)}]+", every):
            kinds[met.start() : met.end()] = kind
    return kinds


def changed_lines(one: Cut, other: Cut, n_lines: int) -> NDArray[np.bool_]:
    """Whether each line has other ids in the one than in the other, shape (n_lines,)."""
    import numpy as np

    n_one = np.bincount(one.line_of, minlength=n_lines)
    n_other = np.bincount(other.line_of, minlength=n_lines)
    changed: NDArray[np.bool_] = n_one != n_other
    # The lines that are equally long, one after the other, have their tokens at the same places.
    in_one, in_other = ~changed[one.line_of], ~changed[other.line_of]
    differs = one.ids[in_one] != other.ids[in_other]
    changed[one.line_of[in_one][differs]] = True
    return changed


class FirstCut:
    """A batch as the first tokenizer cuts it, to compare the others with.

    Its lines are encoded one by one only when a comparison needs that, and then once.
    """

    def __init__(self, lines: Lines, workers: int) -> None:
        self._lines = lines
        self._workers = workers
        self._vocabulary: Vocabulary | None = None
        self._cut: Cut | None = None

    def changed(self, encoded: Encoded, vocabulary: Vocabulary) -> NDArray[np.bool_]:
        """Whether a tokenizer cuts each line differently; the first to come has no such line."""
        import numpy as np

        cut = self._lines.cut(encoded, vocabulary)
        if self._vocabulary is None:
            self._vocabulary, self._cut = vocabulary, cut
            return np.zeros(self._lines.n_lines, np.bool_)
        one, other = self._cut, cut
        if one is None or other is None:
            one, other = self._first_alone, self._lines.cut_alone(vocabulary, self._workers)
        return changed_lines(one, other, self._lines.n_lines)

    @cached_property
    def _first_alone(self) -> Cut:
        assert self._vocabulary is not None
        return self._lines.cut_alone(self._vocabulary, self._workers)
