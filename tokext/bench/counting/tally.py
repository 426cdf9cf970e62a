"""What one tokenizer made of one corpus so far: a count for each id, and a length a document."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tokext.bench.counting.encode import Encoded
from tokext.bench.counting.lines import Lines
from tokext.bench.counting.vocabulary import Vocabulary
from tokext.records import PieceUse, TokensPerDocument

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Examples of changed lines: a few, each of which fits on a screen.
_MOST_EXAMPLES, _LONGEST_EXAMPLE = 4, 160
_MOST_PIECES = 60

#: The order that followed translation quality best in Zouhar et al. (2023).
RENYI_ALPHA = 2.5


class Tallied(NamedTuple):
    """The counts of some batches; see `Tally`."""

    counts: NDArray[np.int64]
    lengths: list[NDArray[np.int32]]
    n_lines_changed: int
    n_foreign_lines_changed: int
    changed_lines: list[str]
    seconds: float


class Tally:
    """Counts of ids (size,) and lengths of documents, filled batch by batch."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        import numpy as np

        self.vocabulary = vocabulary
        self.counts = np.zeros(vocabulary.size, np.int64)
        self.n_lines_changed = 0
        self.n_foreign_lines_changed = 0
        self.changed_lines: list[str] = []
        self.seconds = 0.0
        self._lengths: list[NDArray[np.int32]] = []  # four bytes a document

    def add(self, encoded: Encoded) -> None:
        """Count a batch."""
        import numpy as np

        self.counts += np.bincount(encoded.ids, minlength=len(self.counts))
        self._lengths.append(encoded.lengths.astype(np.int32))

    def add_changed(
        self, lines: Lines, changed: NDArray[np.bool_], foreign: NDArray[np.bool_]
    ) -> None:
        """Count the lines that are cut differently, and keep the first few."""
        self.n_lines_changed += int(changed.sum())
        self.n_foreign_lines_changed += int((changed & foreign).sum())
        if len(self.changed_lines) < _MOST_EXAMPLES and changed.any():
            found = (lines.texts[n] for n in changed.nonzero()[0])
            short = (line for line in found if 0 < len(line) <= _LONGEST_EXAMPLE)
            self.changed_lines += islice(short, _MOST_EXAMPLES - len(self.changed_lines))

    def add_all(self, other: Tallied) -> None:
        """Count what was counted elsewhere, of the text that comes next."""
        import numpy as np

        self.counts += other.counts
        self._lengths.append(np.concatenate(other.lengths))  # a copy: theirs may be borrowed
        self.n_lines_changed += other.n_lines_changed
        self.n_foreign_lines_changed += other.n_foreign_lines_changed
        self.changed_lines += other.changed_lines[: _MOST_EXAMPLES - len(self.changed_lines)]
        self.seconds += other.seconds

    def tallied(self) -> Tallied:
        """The counts without the vocabulary, to be sent to where they are added up."""
        return Tallied(
            self.counts,
            self._lengths,
            self.n_lines_changed,
            self.n_foreign_lines_changed,
            self.changed_lines,
            self.seconds,
        )

    @property
    def added_use(self) -> PieceUse | None:
        """The added pieces that were met most, and the first that were not; None if there are none.

        Single characters are left out of the first: they say nothing about pieces.
        """
        if self.vocabulary.extension is None:
            return None
        counted = [(a.piece, int(self.counts[a.id])) for a in self.vocabulary.extension.added]
        longer = [(piece, n) for piece, n in counted if n and len(piece) > 1]
        most = sorted(longer, key=lambda item: -item[1])[:_MOST_PIECES]
        return PieceUse(tuple(most), tuple(p for p, n in counted if not n)[:_MOST_PIECES])

    @property
    def n_tokens(self) -> int:
        """All tokens."""
        return int(self.counts.sum())

    @property
    def n_byte_tokens(self) -> int:
        """Tokens that stand for bytes."""
        return int(self.counts[self.vocabulary.is_byte].sum())

    @property
    def n_added_used(self) -> int:
        """Added pieces that were met at least once."""
        import numpy as np

        added = np.fromiter(self.vocabulary.added_ids, np.int64)
        return int(np.count_nonzero(self.counts[added]))

    @property
    def tokens_per_document(self) -> TokensPerDocument:
        """The lengths under which a share of the documents stays."""
        import numpy as np

        lengths = np.concatenate(self._lengths)
        # A length that was met, not one between two.
        found = np.percentile(lengths, [5, 25, 50, 75, 95, 100], method="inverted_cdf")
        return TokensPerDocument(*(int(length) for length in found))

    @property
    def renyi_efficiency(self) -> float:
        """How evenly the tokens are spread over the vocabulary."""
        return renyi_efficiency(self.counts)


def renyi_efficiency(counts: NDArray[np.int64], alpha: float = RENYI_ALPHA) -> float:
    """The Rényi entropy of tokens over the most that the vocabulary allows.

    H(p) / log |V| with H(p) = log(sum(p ** alpha)) / (1 - alpha), where p are the shares of the
    tokens and |V| is the size of the vocabulary, ids that were never used included (Zouhar et al.,
    2023, Tokenization and the Noiseless Channel, https://aclanthology.org/2023.acl-long.284; the
    authors' own tokenization-scorer takes |V| to be the ids met unless it is told otherwise).
    1 when all ids are equally frequent, 0 when one is all there is.

    Args:
        counts: How often each id was met, (size,); not all zero.
        alpha: The order, not 1.

    Example:
        >>> import numpy as np
        >>> print(round(renyi_efficiency(np.array([2, 2, 2, 2])), 3))
        1.0
    """
    import numpy as np

    if len(counts) < 2:
        return 0.0
    shares = counts / counts.sum()
    entropy = np.log(np.sum(shares**alpha)) / (1 - alpha)
    return abs(float(entropy / np.log(len(counts))))  # abs: no -0.0 for a single token
