"""What new rows are made of: shares of base rows, from the constituents or spans of each piece."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tokext.errors import ModelError

#: For one piece, (base ids, count) for every span that carried it.
Spans = Sequence[tuple[Sequence[int], int]]


@dataclass(frozen=True)
class Mixture:
    """What each new row is made of: shares of base rows, and a share of one common center.

    Row `i` is `sum(weights[k] * base[ids[k]] for k in offsets[i]..offsets[i + 1]) + center_share[i]
    * center`.

    Shapes: ids (n_parts,), offsets (n_rows + 1,), weights (n_parts,), center_share (n_rows,).
    """

    ids: Tensor
    offsets: Tensor
    weights: Tensor
    center_share: Tensor

    @property
    def n_rows(self) -> int:
        """How many new rows it describes."""
        return self.offsets.numel() - 1

    def part(self, start: int, stop: int) -> Mixture:
        """The mixture of rows `start` to `stop` alone."""
        first, last = int(self.offsets[start]), int(self.offsets[stop])
        return Mixture(
            self.ids[first:last],
            self.offsets[start : stop + 1] - first,
            self.weights[first:last],
            self.center_share[start:stop],
        )

    def to(self, device: torch.device) -> Mixture:
        """The same mixture on another device."""
        parts = (self.ids, self.offsets, self.weights, self.center_share)
        return Mixture(*(part.to(device) for part in parts))

    def narrowed(self) -> tuple[Tensor, Mixture]:
        """The distinct base ids in use, ascending, and the same mixture over that smaller table."""
        used, places = torch.unique(self.ids, return_inverse=True)
        return used, Mixture(places, self.offsets, self.weights, self.center_share)


def even_mixture(constituents: Sequence[Sequence[int]]) -> Mixture:
    """Equal shares of all constituents of a piece.

    Raises:
        ModelError: A piece has no constituents.
    """
    lengths = _lengths(constituents)
    ids = np.fromiter(itertools.chain.from_iterable(constituents), np.int64, lengths.sum())
    return _mixture(ids, lengths, np.repeat(1.0 / lengths, lengths))


def byte_mixture(constituents: Sequence[Sequence[int]], n_bytes: Mapping[int, int]) -> Mixture:
    """Shares by the bytes of text that each constituent stands for.

    Raises:
        ModelError: A piece has no constituents.
    """
    lengths = _lengths(constituents)
    ids = np.fromiter(itertools.chain.from_iterable(constituents), np.int64, lengths.sum())
    sizes = np.fromiter((n_bytes[i] for i in ids.tolist()), np.float64, len(ids))
    totals = np.add.reduceat(sizes, lengths.cumsum() - lengths)
    return _mixture(ids, lengths, sizes / np.repeat(totals, lengths))


def span_mixture(spans: Sequence[Spans]) -> Mixture:
    """Shares by how often each base span carried the piece, even within a span.

    Raises:
        ModelError: A piece has no span, or an empty one.
    """
    shares = [_span_shares(i, seen) for i, seen in enumerate(spans)]
    lengths = _lengths(shares)
    ids = np.array([i for parts in shares for i in parts], np.int64)
    return _mixture(ids, lengths, np.array([w for parts in shares for w in parts.values()]))


def _span_shares(place: int, seen: Spans) -> dict[int, float]:
    total = sum(count for _, count in seen)
    if any(not ids for ids, _ in seen):
        raise ModelError(f"added piece number {place} has a span without base tokens.")
    shares: dict[int, float] = {}
    for ids, count in seen:
        for i in ids:
            shares[i] = shares.get(i, 0.0) + count / total / len(ids)
    return shares


def _lengths(parts: Sequence[Sized]) -> NDArray[np.int64]:
    """How many parts each piece has; an error where one has none."""
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    if not lengths.all():
        raise ModelError(
            f"added piece number {np.argmin(lengths)} has no constituents, so no row can be made "
            "for it.",
            hint="make the tokenizer folder again with tokext merge.",
        )
    return lengths


def _mixture(
    ids: NDArray[np.int64], lengths: NDArray[np.int64], weights: NDArray[np.float64]
) -> Mixture:
    return Mixture(
        torch.from_numpy(ids),
        torch.from_numpy(np.concatenate(([0], lengths.cumsum()))),
        torch.from_numpy(weights.astype(np.float32)),
        torch.zeros(len(lengths)),
    )
