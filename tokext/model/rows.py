"""New rows as mixtures of base rows: pure tensor arithmetic, the same for a model and for a file.

A row of an embedding matrix is one vector. Every function here takes a base matrix and says what
the added rows are; none knows of tokenizers, checkpoints or devices. Sums are made in float32 and
rounded once, at the end, to the dtype of the base matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from tokext.errors import ModelError

#: Rows mixed at a time on a CPU: 256 float32 rows of width 4,096 stay in its cache (measured twice
#: as fast as 4,096 at a time). A GPU wants fewer, larger launches.
_CHUNK_ROWS = {"cpu": 256}
_CHUNK_ROWS_ELSEWHERE = 4096

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


def subword_mean(weight: Tensor, constituents: Sequence[Sequence[int]]) -> Tensor:
    """Average, for each added piece, the base rows that used to spell it.

    row = (1 / n) * sum of the n constituents' rows. Source: Gee et al. 2022, "Fast Vocabulary
    Transfer for Language Model Compression".

    Args:
        weight: The base matrix (base_size, dim). Not modified.
        constituents: For each added piece, the base ids that spell it; none empty.

    Returns:
        The added rows (len(constituents), dim), in the dtype and on the device of `weight`.

    Raises:
        ModelError: A piece has no constituents, or one lies outside the base.

    Example:
        >>> subword_mean(torch.tensor([[0., 0.], [2., 4.], [4., 0.]]), [[1, 2], [0]])
        tensor([[3., 2.],
                [0., 0.]])
    """
    return mix_rows(weight, even_mixture(constituents))


def weighted_mean(
    weight: Tensor, constituents: Sequence[Sequence[int]], n_bytes: Mapping[int, int]
) -> Tensor:
    """Average the constituents' rows, each by the bytes of text that it stood for.

    row = sum of b_k * row_k / sum of b_k, b_k the UTF-8 bytes of constituent k. A variant of
    `subword_mean` in which a fallback byte counts a third of the kanji beside it.

    Args:
        weight: The base matrix (base_size, dim). Not modified.
        constituents: For each added piece, the base ids that spell it; none empty.
        n_bytes: For each base id in use, the bytes of text it stands for.

    Returns:
        The added rows (len(constituents), dim), in the dtype and on the device of `weight`.

    Raises:
        ModelError: A piece has no constituents, or one lies outside the base.

    Example:
        >>> weighted_mean(torch.tensor([[0.], [4.]]), [[0, 1]], {0: 1, 1: 3})
        tensor([[3.]])
    """
    return mix_rows(weight, byte_mixture(constituents, n_bytes))


def align(weight: Tensor, spans: Sequence[Spans]) -> Tensor:
    """Average the base spans that carried a piece in real text, by how often each did.

    row = sum over spans s of (count_s / total) * mean of the rows of s. Source: Yamaguchi et al.
    2024, "How Can We Effectively Expand the Vocabulary of LLMs with 0.01GB of Target Language
    Text?" (there `Align`).

    Args:
        weight: The base matrix (base_size, dim). Not modified.
        spans: For each added piece, (base ids, count) for every span seen; none empty.

    Returns:
        The added rows (len(spans), dim), in the dtype and on the device of `weight`.

    Raises:
        ModelError: A piece has no span, a span is empty, or an id lies outside the base.

    Example:
        >>> align(torch.tensor([[0.], [2.], [8.]]), [[([0, 1], 3), ([2], 1)]])
        tensor([[2.7500]])
    """
    return mix_rows(weight, span_mixture(spans))


def global_mean(weight: Tensor, n_added: int) -> Tensor:
    """Give every added row the mean of the trained rows: all rows but those that are zero.

    Source: Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models".

    Args:
        weight: The base matrix (base_size, dim). Not modified.
        n_added: How many rows to make.

    Returns:
        The added rows (n_added, dim), in the dtype and on the device of `weight`.

    Raises:
        ModelError: No row is trained.

    Example:
        >>> global_mean(torch.tensor([[1., 3.], [3., 5.], [0., 0.]]), 2)
        tensor([[2., 4.],
                [2., 4.]])
    """
    rows = weight.float()
    trained = rows[rows.any(dim=1)]
    if not len(trained):
        raise ModelError("every row of the matrix is zero, so it has no mean.")
    return trained.mean(dim=0).to(weight.dtype).expand(n_added, -1).clone()


def zero(weight: Tensor, n_added: int) -> Tensor:
    """Make every added row zero: its logit is then 0, whatever the hidden state.

    Returns:
        The added rows (n_added, dim), in the dtype and on the device of `weight`.

    Example:
        >>> zero(torch.ones(3, 2), 1)
        tensor([[0., 0.]])
    """
    return weight.new_zeros(n_added, weight.shape[1])


def mix_rows(
    weight: Tensor,
    mixture: Mixture,
    *,
    center: Tensor | None = None,
    norm: float | None = None,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Make the rows that a mixture describes.

    Args:
        weight: The base matrix (base_size, dim). Not modified.
        mixture: What each row is made of.
        center: The common center (dim,); needed where a row has a share of it.
        norm: Rescale every row that is not zero to this Euclidean norm.
        dtype: The dtype of the result; `weight`'s if not given.

    Returns:
        The rows (mixture.n_rows, dim), on the device of `weight`.

    Raises:
        ModelError: An id lies outside the base.
    """
    _check_ids(mixture.ids, len(weight))
    used, narrow = mixture.to(weight.device).narrowed()
    table = weight.index_select(0, used).float()
    made = weight.new_empty((mixture.n_rows, weight.shape[1]), dtype=dtype or weight.dtype)
    for start, stop in _chunks(mixture.n_rows, weight.device):
        part = narrow.part(start, stop)
        rows = embedding_bag(
            part.ids,
            table,
            part.offsets,
            mode="sum",
            per_sample_weights=part.weights,
            include_last_offset=True,
        )
        if center is not None:
            rows.addr_(part.center_share, center.to(rows))
        made[start:stop] = rescale(rows, norm)
    return made


def rescale(rows: Tensor, norm: float | None) -> Tensor:
    """Bring each row (n, dim) that is not zero to a Euclidean norm; None leaves all as they are.

    Example:
        >>> rescale(torch.tensor([[3., 4.], [0., 0.]]), 10.)
        tensor([[6., 8.],
                [0., 0.]])
    """
    if norm is None:
        return rows
    norms = rows.norm(dim=1, keepdim=True)
    return rows * torch.where(norms > 0, norm / norms, 1.0)


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


def _check_ids(ids: Tensor, base_size: int) -> None:
    wrong = ids[(ids < 0) | (ids >= base_size)]
    if wrong.numel():
        raise ModelError(
            f"constituent {int(wrong[0])} lies outside the base's {base_size} rows.",
            hint="use the tokenizer folder that was merged for this checkpoint's base.",
        )


def _chunks(n_rows: int, device: torch.device) -> Iterator[tuple[int, int]]:
    step = _CHUNK_ROWS.get(device.type, _CHUNK_ROWS_ELSEWHERE)
    for start in range(0, n_rows, step):
        yield start, min(start + step, n_rows)
