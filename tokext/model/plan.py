"""What every new row will be made of, decided once, for a loaded model and for files alike."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from tokext.errors import InputError, ModelError
from tokext.model.rows import (
    Mixture,
    Spans,
    byte_mixture,
    even_mixture,
    mix_rows,
    rescale,
    span_mixture,
)
from tokext.model.spread import Spread, covariance_factor, draw_normal, measure_spread
from tokext.records import AddedPiece, Extension

Init = Literal["subword-mean", "weighted-mean", "align", "global-mean", "normal", "zero"]
INITS: tuple[Init, ...] = get_args(Init)

#: The most that a table of base rows may take while rows are mixed, in float32.
_TABLE_BYTES = 48 << 20


class RowSource(Protocol):
    """The base rows of one matrix, wherever they are. Shape: (n_rows, dim)."""

    n_rows: int
    dim: int
    dtype: torch.dtype

    def take(self, ids: Tensor) -> Tensor:
        """The rows (len(ids), dim) of ascending, distinct ids."""

    def blocks(self) -> Iterator[Tensor]:
        """All rows, in blocks (n, dim) that fit memory."""


class TensorRows:
    """Base rows that are in memory, on any device."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight
        self.n_rows, self.dim = weight.shape
        self.dtype = weight.dtype

    def take(self, ids: Tensor) -> Tensor:
        """The rows (len(ids), dim) of ascending, distinct ids."""
        return self.weight.index_select(0, ids.to(self.weight.device))

    def blocks(self) -> Iterator[Tensor]:
        """All rows, in blocks (n, dim)."""
        yield from torch.split(self.weight, 8192)


@dataclass(frozen=True)
class RowPlan:
    """How the rows of all added pieces come to be.

    `mixture` describes one row a piece, in id order, over base ids; `origins` names for each what
    made it; `center_ids` are the base rows whose mean is the common center.
    """

    init: Init
    mixture: Mixture
    origins: tuple[str, ...]
    center_ids: Tensor
    seed: int = 0
    rescale: bool = False

    @property
    def n_added(self) -> int:
        """How many rows it plans."""
        return len(self.origins)


def plan_rows(
    extension: Extension,
    init: Init = "subword-mean",
    *,
    n_bytes: Mapping[int, int] | None = None,
    spans: Mapping[int, Spans] | None = None,
    seed: int = 0,
    rescale: bool = False,
) -> RowPlan:
    """Decide what each added piece's row is made of.

    A piece that the base spells by fallback bytes alone has a rule of its own, since a mean of
    bytes says little: its row is half the mean of its bytes' rows, which keeps it apart from other
    such pieces, and half the center of the added language, which is the mean of all distinct base
    rows that spell the other pieces.

    Args:
        extension: The added pieces and their constituents.
        init: The initialization.
        n_bytes: For `weighted-mean`: the bytes of text that each base id stands for.
        spans: For `align`: by added id, the base spans that carried it in a sample. A piece that
            did not occur takes its constituents.
        seed: For `normal`.
        rescale: Bring every new row to the median norm of the trained rows.

    Raises:
        InputError: The initialization is unknown, or lacks what it needs.
        ModelError: A piece has no constituents, or the ids do not follow the base's.
    """
    check_init(init)
    _check_ids(extension)
    if init in ("global-mean", "normal", "zero"):
        return _plan_without_constituents(len(extension.added), init, seed, rescale)
    mixture = _mixture(extension.added, init, n_bytes, spans)
    by_bytes = torch.tensor([is_spelled_by_bytes(a) for a in extension.added], dtype=torch.bool)
    center_ids = _center_ids(extension.added, by_bytes)
    if not center_ids.numel():
        by_bytes[:] = False  # nothing else to lean on: the mean of the bytes it is
    half = by_bytes.float() / 2
    lengths = mixture.offsets.diff()
    mixture = dataclasses.replace(
        mixture,
        weights=mixture.weights * (1 - half).repeat_interleave(lengths),
        center_share=half,
    )
    origins = tuple("bytes-and-center" if b else str(init) for b in by_bytes.tolist())
    return RowPlan(init, mixture, origins, center_ids, seed, rescale)


def bias_plan(plan: RowPlan, base_size: int) -> RowPlan:
    """The same plan for a head's bias, a matrix of width 1: the mean where rows are drawn.

    A bias may well be zero everywhere, so it is never rescaled, and no zero is left out.
    """
    if plan.init not in ("global-mean", "normal"):
        return dataclasses.replace(plan, rescale=False)
    mixture = dataclasses.replace(plan.mixture, center_share=torch.ones(plan.n_added))
    return RowPlan("zero", mixture, plan.origins, torch.arange(base_size))


def check_init(init: str) -> None:
    """Refuse an initialization that does not exist.

    Raises:
        InputError: It does not.
    """
    if init not in INITS:
        raise InputError(f"unknown initialization {init!r}.", hint=f"one of {', '.join(INITS)}.")


def is_spelled_by_bytes(added: AddedPiece) -> bool:
    """Whether fallback bytes alone spell a piece: as many tokens as bytes, no one-byte character.

    Example:
        >>> is_spelled_by_bytes(AddedPiece("鰯", 9, 32000, (236, 179, 178)))
        True
        >>> is_spelled_by_bytes(AddedPiece("東京", 9, 32001, (30050, 29775)))
        False
    """
    one_byte = any(c == "▁" or c.isascii() for c in added.piece)
    return not one_byte and len(added.constituents) == len(added.piece.encode())


@functools.cache
def _hear_out_sparse_tensors() -> None:
    """Let torch say, once a process and unheard, that it calls compressed sparse tensors beta."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.sparse_csr_tensor([0, 1], [0], [1.0], size=(1, 1))


class RowMaker:
    """Makes the new rows of one matrix, in any order and any cut, from its base rows.

    Args:
        plan: What each row is made of.
        source: The base rows.
        device: Where to calculate.
        dtype: The dtype of the rows; the source's if not given.
    """

    def __init__(
        self,
        plan: RowPlan,
        source: RowSource,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        _hear_out_sparse_tensors()
        self.plan = plan
        self.source = source
        self.device = torch.device(device)
        self.dtype = dtype or source.dtype
        self.spread = self._measure()
        self.norm = self.spread.median_norm if plan.rescale and self.spread else None
        self.center = self._center()
        self.factor = self._factor()
        self._mixture, self._table = self._whole_table()

    @property
    def dim(self) -> int:
        """How wide a row is."""
        return self.source.dim

    def make(self, start: int, stop: int) -> Tensor:
        """The rows of added pieces number `start` to `stop`.

        Returns:
            Rows (stop - start, dim), in the maker's dtype, on the maker's device.
        """
        if self.factor is not None and self.spread is not None:
            drawn = draw_normal(self.spread, self.factor, start, stop, self.plan.seed)
            return rescale(drawn, self.norm).to(self.dtype)
        return torch.cat([self._mixed(*cut) for cut in self._cuts(start, stop)])

    def make_again(self, start: int, stop: int) -> Tensor:
        """The same rows by another way: a sparse matrix of shares times the base rows.

        Returns:
            Rows (stop - start, dim), float32, not rounded to the maker's dtype.
        """
        if self.factor is not None:
            return self.make(start, stop).float()
        return torch.cat([self._multiplied(*cut) for cut in self._cuts(start, stop)])

    def shares(self, number: int) -> list[tuple[int, float]]:
        """The base ids that added piece `number` comes from, and the share of each."""
        part = self.plan.mixture.part(number, number + 1)
        return list(zip(part.ids.tolist(), part.weights.tolist(), strict=True))

    def _mixed(self, start: int, stop: int) -> Tensor:
        part = self._mixture.part(start, stop)
        table = self._table
        if table is None:
            used, part = part.narrowed()
            table = self._take(used)
        return mix_rows(table, part, center=self.center, norm=self.norm, dtype=self.dtype)

    def _multiplied(self, start: int, stop: int) -> Tensor:
        mixture, table = self._read_again
        part = mixture.part(start, stop)
        if table is None:
            used, part = part.narrowed()
            table = self._take(used).float()
        if len(table):
            size = (part.n_rows, len(table))
            shares = torch.sparse_csr_tensor(part.offsets, part.ids, part.weights, size=size)
            rows = shares.to(table.device) @ table
        else:
            rows = table.new_zeros(part.n_rows, self.dim)
        if self.center is not None:
            rows = rows + part.center_share.to(rows)[:, None] * self.center
        return rescale(rows, self.norm)

    def _cuts(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The range in parts whose base rows fit the table."""
        if self._table is None and stop - start > 1:
            part = self.plan.mixture.part(start, stop)
            if len(torch.unique(part.ids)) * self.dim * 4 > _TABLE_BYTES:
                middle = (start + stop) // 2
                yield from self._cuts(start, middle)
                yield from self._cuts(middle, stop)
                return
        yield start, stop

    def _take(self, ids: Tensor) -> Tensor:
        if ids.numel() and int(ids.max()) >= self.source.n_rows:
            raise ModelError(
                f"constituent {int(ids.max())} lies outside the base's {self.source.n_rows} rows.",
                hint="use the tokenizer folder that was merged for this checkpoint's base.",
            )
        return self.source.take(ids).to(self.device)

    def _whole_table(self) -> tuple[Mixture, Tensor | None]:
        """The mixture over one table of all base rows in use, or over ids where it is too large."""
        used, narrow = self.plan.mixture.narrowed()
        if used.numel() * self.dim * 4 > _TABLE_BYTES:
            return self.plan.mixture, None
        return narrow, self._take(used).float()

    @functools.cached_property
    def _read_again(self) -> tuple[Mixture, Tensor | None]:
        """The same, from rows read a second time, so that a slip of the first is found out."""
        return self._whole_table()

    def _measure(self) -> Spread | None:
        if self.plan.init in ("global-mean", "normal") or self.plan.rescale:
            return measure_spread(self._blocks)
        return None

    def _center(self) -> Tensor | None:
        if self.plan.init in ("global-mean", "normal"):
            return self.spread.mean if self.spread else None
        if not self.plan.mixture.center_share.any():
            return None
        step = max(1, _TABLE_BYTES // (4 * self.dim))
        parts = torch.split(self.plan.center_ids, step)
        total = sum(self._take(ids).sum(0, dtype=torch.float64) for ids in parts)
        assert isinstance(total, Tensor)
        return (total / len(self.plan.center_ids)).float()

    def _factor(self) -> Tensor | None:
        if self.plan.init != "normal" or self.spread is None:
            return None
        return covariance_factor(self._blocks, self.spread)

    def _blocks(self) -> Iterator[Tensor]:
        for block in self.source.blocks():
            yield block.to(self.device)


def _plan_without_constituents(n_added: int, init: Init, seed: int, rescale: bool) -> RowPlan:
    nothing = torch.zeros(0, dtype=torch.int64)
    share = torch.full((n_added,), 1.0 if init == "global-mean" else 0.0)
    offsets = torch.zeros(n_added + 1, dtype=torch.int64)
    mixture = Mixture(nothing, offsets, nothing.float(), share)
    return RowPlan(init, mixture, (str(init),) * n_added, nothing, seed, rescale)


def _mixture(
    added: Sequence[AddedPiece],
    init: Init,
    n_bytes: Mapping[int, int] | None,
    spans: Mapping[int, Spans] | None,
) -> Mixture:
    constituents = [a.constituents for a in added]
    if init == "subword-mean":
        return even_mixture(constituents)
    if init == "weighted-mean":
        if n_bytes is None:
            raise InputError(
                "weighted-mean needs to know the bytes that each base token stands for.",
                hint="give the tokenizer folder instead of its extension record.",
            )
        return byte_mixture(constituents, n_bytes)
    if spans is None:
        raise InputError(
            "align needs a sample of text to see which base tokens carry the pieces.",
            hint="give --sample FILE, or choose another --init.",
        )
    return span_mixture([spans.get(a.id) or [(a.constituents, 1)] for a in added])


def _center_ids(added: Sequence[AddedPiece], by_bytes: Tensor) -> Tensor:
    flags = by_bytes.tolist()
    bytes_seen = {i for a, b in zip(added, flags, strict=True) if b for i in a.constituents}
    others = {i for a, b in zip(added, flags, strict=True) if not b for i in a.constituents}
    return torch.tensor(sorted(others - bytes_seen), dtype=torch.int64)


def _check_ids(extension: Extension) -> None:
    expected = list(range(extension.base.size, extension.size))
    if [a.id for a in extension.added] != expected or extension.padded_size < extension.size:
        raise ModelError(
            f"the added ids do not fill {extension.base.size} to {extension.size} in order.",
            hint="make the tokenizer folder again with tokext merge.",
        )
