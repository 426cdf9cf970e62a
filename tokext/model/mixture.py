"""What new rows are made of: shares of base rows, from the constituents or spans of each piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
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
    return _mixture([[(i, 1.0 / len(ids)) for i in ids] for ids in constituents])


def byte_mixture(constituents: Sequence[Sequence[int]], n_bytes: Mapping[int, int]) -> Mixture:
    """Shares by the bytes of text that each constituent stands for.

    Raises:
        ModelError: A piece has no constituents.
    """
    totals = (sum(n_bytes[i] for i in ids) for ids in constituents)
    return _mixture(
        [
            [(i, n_bytes[i] / total) for i in ids]
            for ids, total in zip(constituents, totals, strict=True)
        ]
    )


def span_mixture(spans: Sequence[Spans]) -> Mixture:
    """Shares by how often each base span carried the piece, even within a span.

    Raises:
        ModelError: A piece has no span, or an empty one.
    """
    return _mixture([_span_shares(i, seen) for i, seen in enumerate(spans)])


def _span_shares(place: int, seen: Spans) -> list[tuple[int, float]]:
    total = sum(count for _, count in seen)
    if any(not ids for ids, _ in seen):
        raise ModelError(f"added piece number {place} has a span without base tokens.")
    shares: dict[int, float] = {}
    for ids, count in seen:
        for i in ids:
            shares[i] = shares.get(i, 0.0) + count / total / len(ids)
    return list(shares.items())


def _mixture(shares: Sequence[Sequence[tuple[int, float]]]) -> Mixture:
    empty = next((place for place, parts in enumerate(shares) if not parts), None)
    if empty is not None:
        raise ModelError(
            f"added piece number {empty} has no constituents, so no row can be made for it.",
            hint="make the tokenizer folder again with tokext merge.",
        )
    lengths = torch.tensor([0, *map(len, shares)], dtype=torch.int64)
    return Mixture(
        torch.tensor([i for parts in shares for i, _ in parts], dtype=torch.int64),
        lengths.cumsum(0),
        torch.tensor([w for parts in shares for _, w in parts], dtype=torch.float32),
        torch.zeros(len(shares)),
    )
