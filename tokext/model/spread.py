"""How the trained rows of a matrix lie: their mean, norms and covariance, read in one direction.

Matrices come as blocks of rows, so that one too large for memory can be measured all the same.
Zero rows are padding that nobody trained, and are left out everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from tokext.errors import ModelError

Blocks = Callable[[], Iterable[Tensor]]

#: Rows drawn from one seeded stream, so that the rows do not depend on how they are asked for.
DRAW_ROWS = 1024
_FACTOR_BLOCK = 1024


@dataclass(frozen=True)
class Spread:
    """Mean (dim,), median Euclidean norm and number of the trained rows.

    `nearest` is the id of the trained row nearest to the mean; `norms` (n_rows,) are those of all.
    """

    mean: Tensor
    median_norm: float
    n_trained: int
    nearest: int
    norms: Tensor


def measure_spread(blocks: Blocks) -> Spread:
    """Measure the trained rows of a matrix that comes in blocks of rows (n, dim).

    Raises:
        ModelError: No row is trained.

    Example:
        >>> rows = torch.tensor([[3., 4.], [0., 0.], [1., 0.], [2., 2.]])
        >>> spread = measure_spread(lambda: [rows])
        >>> spread.mean, spread.n_trained, spread.nearest
        (tensor([2., 2.]), 3, 3)
    """
    total: Tensor | None = None
    norms = []
    for block in blocks():
        rows = block.float()
        total = exact_sum(rows) + (0 if total is None else total)
        norms.append(rows.norm(dim=1).cpu())
    all_norms = torch.cat(norms) if norms else torch.zeros(0)
    trained = all_norms > 0
    n_trained = int(trained.sum())
    if total is None or not n_trained:
        raise ModelError(
            "every row of the embedding matrix is zero, so new rows have nothing to come from.",
            hint="give a trained checkpoint.",
        )
    mean = (total / n_trained).float().to(rows.device)
    distances = torch.cat([(b.float() - mean).norm(dim=1).cpu() for b in blocks()])
    nearest = int(distances.masked_fill(~trained, torch.inf).argmin())
    return Spread(mean, float(all_norms[trained].median()), n_trained, nearest, all_norms)


def exact_sum(rows: Tensor) -> Tensor:
    """The sum (dim,) of rows (n, dim) in float64; on the CPU where the device has none (MPS)."""
    held = rows if rows.device.type in ("cpu", "cuda") else rows.cpu()
    return held.sum(0, dtype=torch.float64)


def covariance_factor(blocks: Blocks, spread: Spread) -> Tensor:
    """A lower triangular L (dim, dim), float32, with L @ L.T the covariance of the trained rows.

    The covariance is made and factored in place, so memory stays at one dim x dim matrix. Where
    it is singular (fewer rows than dimensions, say) the smallest power of ten times 1e-7 of its
    mean variance that makes it positive definite is added to the diagonal.
    """
    dim = spread.mean.numel()
    covariance = torch.zeros(dim, dim, device=spread.mean.device)
    scale = max(spread.n_trained - 1, 1)
    for block in blocks():
        rows = block.float()
        centered = rows[rows.any(dim=1)] - spread.mean
        covariance.addmm_(centered.T, centered, alpha=1 / scale)
    diagonal = covariance.diagonal().clone()
    unit = float(diagonal.mean())
    if unit == 0:
        return covariance  # one row, or all alike: every draw is the mean
    for power in range(-7, 0):
        covariance.diagonal().copy_(diagonal + unit * 10.0**power)
        if _factor_in_place(covariance):
            return covariance.tril_()
    raise ModelError("the covariance of the embedding rows cannot be factored: it holds no number.")


def draw_normal(spread: Spread, factor: Tensor, start: int, stop: int, seed: int) -> Tensor:
    """Rows `start` to `stop` of a stream of draws from N(mean, factor @ factor.T), float32.

    row = mean + L z with z standard normal. Source: Hewitt 2021, "Initializing New Word Embeddings
    for Pretrained Language Models", with the covariance itself instead of one scaled towards zero.

    Returns:
        The rows (stop - start, dim): the same ones however a range is cut into calls.
    """
    drawn = []
    for block in range(start // DRAW_ROWS, -(-stop // DRAW_ROWS)):
        generator = torch.Generator().manual_seed((seed << 20) + block)
        noise = torch.randn(DRAW_ROWS, len(spread.mean), generator=generator)
        first, last = max(start - block * DRAW_ROWS, 0), min(stop - block * DRAW_ROWS, DRAW_ROWS)
        drawn.append(torch.addmm(spread.mean, noise[first:last].to(factor), factor.T))
    return torch.cat(drawn) if drawn else spread.mean.new_zeros(0, len(spread.mean))


def normal(weight: Tensor, n_added: int, *, seed: int = 0) -> Tensor:
    """Draw added rows from the normal distribution that the trained rows have.

    row = mean + L z, z standard normal, L L^T the true covariance of the trained rows. Source:
    Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models".

    Args:
        weight: The base matrix (base_size, dim). Not modified.
        n_added: How many rows to draw.
        seed: The same seed draws the same rows.

    Returns:
        The added rows (n_added, dim), in the dtype and on the device of `weight`.

    Raises:
        ModelError: No row is trained.

    Example:
        >>> rows = normal(torch.randn(500, 4, generator=torch.Generator().manual_seed(0)), 2000)
        >>> rows.shape, bool((rows.std(0) - 1).abs().max() < 0.2)
        (torch.Size([2000, 4]), True)
    """
    spread = measure_spread(lambda: [weight])
    factor = covariance_factor(lambda: [weight], spread)
    return draw_normal(spread, factor, 0, n_added, seed).to(weight.dtype)


def _factor_in_place(matrix: Tensor) -> bool:
    """Write the Cholesky factor into the lower triangle, block column by block column.

    The upper triangle keeps the matrix; False, with the lower triangle restored, where it is not
    positive definite.
    """
    size = len(matrix)
    for start in range(0, size, _FACTOR_BLOCK):
        stop = min(start + _FACTOR_BLOCK, size)
        corner, failed = torch.linalg.cholesky_ex(matrix[start:stop, start:stop])
        if int(failed) or not bool(corner.isfinite().all()):
            _restore_lower(matrix)
            return False
        below = matrix[stop:, start:stop]
        below.copy_(torch.linalg.solve_triangular(corner, below.T, upper=False).T)
        matrix[start:stop, start:stop] = corner + matrix[start:stop, start:stop].triu(1)
        for first in range(stop, size, _FACTOR_BLOCK):
            last = min(first + _FACTOR_BLOCK, size)
            rest = matrix[first:, first:last]
            # Only the lower triangle may change: the upper one is the way back.
            upper = rest[: last - first].triu(1)
            rest.addmm_(below[first - stop :], below[first - stop : last - stop].T, alpha=-1)
            rest[: last - first].tril_().add_(upper)
    return True


def _restore_lower(matrix: Tensor) -> None:
    size = len(matrix)
    for start in range(0, size, _FACTOR_BLOCK):
        stop = min(start + _FACTOR_BLOCK, size)
        matrix[start:, start:stop].copy_(
            torch.cat(
                [
                    matrix[start:stop, start:stop].triu(1).T,
                    matrix[start:stop, stop:].T,
                ]
            )
        )
