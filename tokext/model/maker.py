"""New rows of one matrix, made from its base rows wherever they are, as a plan says."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor

from tokext.model.mixture import Mixture
from tokext.model.plan import RowPlan
from tokext.model.rows import check_ids, mix_table, rescale
from tokext.model.spread import (
    Spread,
    covariance_factor,
    draw_normal,
    exact_sum,
    measure_spread,
)

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

    Raises:
        ModelError: An id lies outside the base.
    """

    def __init__(
        self,
        plan: RowPlan,
        source: RowSource,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        _hear_out_sparse_tensors()
        for ids in (plan.mixture.ids, plan.center_ids):
            check_ids(ids, source.n_rows)
        self.plan = plan
        self.source = source
        self.device = torch.device(device)
        self.dtype = dtype or source.dtype
        self.spread = self._measure()
        self.norm = self.spread.median_norm if plan.rescale and self.spread else None
        self.center = self._center()
        self.factor = self._factor()

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
        return _joined([self._mixed(*cut) for cut in self._cuts(start, stop)])

    def make_again(self, start: int, stop: int) -> Tensor:
        """The same rows by another way: a sparse matrix of shares times the base rows.

        Returns:
            Rows (stop - start, dim), float32, not rounded to the maker's dtype, on the CPU.
        """
        if self.factor is not None:
            return self.make(start, stop).float().cpu()
        return _joined([self._multiplied(*cut) for cut in self._cuts(start, stop)])

    def shares(self, number: int) -> list[tuple[int, float]]:
        """The base ids that added piece `number` comes from, and the share of each."""
        part = self.plan.mixture.part(number, number + 1)
        return list(zip(part.ids.tolist(), part.weights.tolist(), strict=True))

    def _mixed(self, start: int, stop: int) -> Tensor:
        mixture, table = self._read_once
        part = mixture.part(start, stop)
        if table is None:
            used, part = part.narrowed()
            table = self._take(used).float()
        part = part.to(self.device)
        return mix_table(table, part, center=self.center, norm=self.norm, dtype=self.dtype)

    def _multiplied(self, start: int, stop: int) -> Tensor:
        mixture, table = self._read_again
        part = mixture.part(start, stop)
        if table is None:
            used, part = part.narrowed()
            table = self._take(used).float().cpu()
        if len(table):
            size = (part.n_rows, len(table))
            shares = torch.sparse_csr_tensor(part.offsets, part.ids, part.weights, size=size)
            rows = shares @ table
        else:
            rows = table.new_zeros(part.n_rows, self.dim)
        if self._center_again is not None:
            rows = rows + part.center_share[:, None] * self._center_again
        return rescale(rows, self.norm)

    def _cuts(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The range in parts whose base rows fit the table."""
        if self._read_once[1] is None and stop - start > 1:
            part = self.plan.mixture.part(start, stop)
            if len(torch.unique(part.ids)) * self.dim * 4 > _TABLE_BYTES:
                middle = (start + stop) // 2
                yield from self._cuts(start, middle)
                yield from self._cuts(middle, stop)
                return
        yield start, stop

    def _take(self, ids: Tensor) -> Tensor:
        return self.source.take(ids).to(self.device)

    def _whole_table(self) -> tuple[Mixture, Tensor | None]:
        """The mixture over one table of all base rows in use, or over ids where it is too large."""
        used, narrow = self.plan.mixture.narrowed()
        if used.numel() * self.dim * 4 > _TABLE_BYTES:
            return self.plan.mixture, None
        return narrow, self._take(used).float()

    @functools.cached_property
    def _read_once(self) -> tuple[Mixture, Tensor | None]:
        """The mixture and its table, read for the first row that is made."""
        return self._whole_table()

    @functools.cached_property
    def _read_again(self) -> tuple[Mixture, Tensor | None]:
        """The same, from rows read a second time, so that a slip of the first is found out; on the
        CPU, for not every GPU has sparse matrices (MPS).
        """
        mixture, table = self._whole_table()
        return mixture, table if table is None else table.cpu()

    @functools.cached_property
    def _center_again(self) -> Tensor | None:
        """The center of pieces of bytes from rows read a second time, too."""
        center = self._center()
        return center if center is None else center.cpu()

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
        total = sum(exact_sum(self._take(ids)) for ids in parts)
        assert isinstance(total, Tensor)
        return (total / len(self.plan.center_ids)).float().to(self.device)

    def _factor(self) -> Tensor | None:
        if self.plan.init != "normal" or self.spread is None:
            return None
        return covariance_factor(self._blocks, self.spread)

    def _blocks(self) -> Iterator[Tensor]:
        for block in self.source.blocks():
            yield block.to(self.device)


def _joined(parts: list[Tensor]) -> Tensor:
    """The parts as one; a single one as it is, not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)
