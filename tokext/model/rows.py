"""New rows as mixtures of base rows: pure tensor arithmetic, the same for a model and for a file.

A row of an embedding matrix is one vector. Every function here takes a base matrix and says what
the added rows are; none knows of tokenizers, checkpoints or devices. Sums are made in float32 and
rounded once, at the end, to the dtype of the base matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from tokext.errors import ModelError
from tokext.model.mixture import Mixture, Spans, byte_mixture, even_mixture, span_mixture

#: Rows mixed at a time on a CPU: 64 float32 rows of width 4,096 stay in a core's cache (measured a
#: fifth faster than 256 at a time). A GPU wants fewer, larger launches.
_CHUNK_ROWS = {"cpu": 64}
_CHUNK_ROWS_ELSEWHERE = 4096


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
    check_ids(mixture.ids, len(weight))
    used, narrow = mixture.to(weight.device).narrowed()
    table = weight.index_select(0, used).float()
    return mix_table(table, narrow, center=center, norm=norm, dtype=dtype or weight.dtype)


def mix_table(
    table: Tensor,
    mixture: Mixture,
    *,
    center: Tensor | None,
    norm: float | None,
    dtype: torch.dtype,
) -> Tensor:
    """`mix_rows` without its preparations, for a table that is used again and again.

    Args:
        table: Base rows (n, dim) in float32. Not modified.
        mixture: Shares of rows of the table, on its device.
        center: As for `mix_rows`.
        norm: The same.
        dtype: The dtype of the result.

    Returns:
        The rows (mixture.n_rows, dim), on the device of `table`.
    """
    made = table.new_empty((mixture.n_rows, table.shape[1]), dtype=dtype)
    for start, stop in _chunks(mixture.n_rows, table.device):
        part = mixture.part(start, stop)
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


def check_ids(ids: Tensor, base_size: int) -> None:
    """Refuse constituents that are no rows of the base.

    Raises:
        ModelError: An id lies outside the base.
    """
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
