"""A sample that is spread evenly over a stream of unknown length, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence


class EvenSample:
    """Every n-th document of a stream, with the smallest n, a power of two, that fits.

    The same stream gives the same sample, however it is batched. A document that alone is too long
    is cut.

    Example:
        >>> sample = EvenSample(max_chars=4)
        >>> sample.add(["ab", "cd", "ef"]); sample.add(["gh", "ij"])
        >>> sample.documents, sample.n_chars
        (['ab', 'ij'], 4)
    """

    def __init__(self, max_chars: int) -> None:
        self.max_chars = max_chars
        self.documents: list[str] = []
        self.n_chars = 0
        self._stride = 1
        self._n_seen = 0

    def add(self, documents: Sequence[str]) -> None:
        """Show the sample the next documents of the stream."""
        at = -self._n_seen % self._stride
        while at < len(documents) and self.max_chars:
            self._keep(documents[at])
            at += self._stride - (self._n_seen + at) % self._stride
        self._n_seen += len(documents)

    def _keep(self, document: str) -> None:
        self.documents.append(document[: self.max_chars])
        self.n_chars += len(self.documents[-1])
        while self.n_chars > self.max_chars:
            self.documents = self.documents[::2]
            self.n_chars = sum(map(len, self.documents))
            self._stride *= 2
