"""What every new row will be made of, decided once, for a loaded model and for files alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from tokext.errors import InputError, ModelError
from tokext.model.mixture import (
    Mixture,
    Spans,
    byte_mixture,
    even_mixture,
    span_mixture,
)
from tokext.records import AddedPiece, Extension

Init = Literal["subword-mean", "weighted-mean", "align", "global-mean", "normal", "zero"]
INITS: tuple[Init, ...] = get_args(Init)


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
    rows that spell the other pieces, without the rows of bytes that spell a piece like this one: a
    piece of a kanji in bytes and a kana would bring the same bytes in again.

    Args:
        extension: The added pieces and their constituents.
        init: The initialization.
        n_bytes: For `weighted-mean`: the bytes of text that each base id stands for.
        spans: For `align`: by added id, the base spans that carried it in a sample. A piece that
            did not occur takes its constituents, as by `subword-mean`.
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
    origins = _origins(extension.added, init, by_bytes.tolist(), spans)
    return RowPlan(init, mixture, origins, center_ids, seed, rescale)


def bias_plan(plan: RowPlan, base_size: int) -> RowPlan:
    """The same plan for a head's bias, a matrix of width 1: the mean where rows are drawn.

    A bias may well be zero everywhere, so it is never rescaled, and no zero is left out.
    """
    if plan.init not in ("global-mean", "normal"):
        return dataclasses.replace(plan, rescale=False)
    mixture = dataclasses.replace(plan.mixture, center_share=torch.ones(plan.n_added))
    return RowPlan("zero", mixture, plan.origins, torch.arange(base_size))


def check_init(init: str, *, sampled: bool = False) -> None:
    """Refuse an initialization that does not exist, and a sample for one that reads none.

    Raises:
        InputError: It does not, or it does not read the sample.
    """
    if init not in INITS:
        raise InputError(f"unknown initialization {init!r}.", hint=f"one of {', '.join(INITS)}.")
    if sampled and init != "align":
        raise InputError(
            f"a sample was given, and the initialization {init!r} reads none.",
            hint="choose --init align, or leave the sample out.",
        )


def is_spelled_by_bytes(added: AddedPiece) -> bool:
    """Whether fallback bytes alone spell a piece: as many tokens as bytes, no one-byte character.

    Example:
        >>> is_spelled_by_bytes(AddedPiece("鰯", 9, 32000, (236, 179, 178)))
        True
        >>> is_spelled_by_bytes(AddedPiece("東京", 9, 32001, (30050, 29775)))
        False
    """
    if len(added.constituents) != len(added.piece.encode()):
        return False
    return not any(c == "▁" or c.isascii() for c in added.piece)


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


def _origins(
    added: Sequence[AddedPiece],
    init: Init,
    by_bytes: Sequence[bool],
    spans: Mapping[int, Spans] | None,
) -> tuple[str, ...]:
    """What made each row: a piece that the sample never held is no row of `align`."""
    unseen = {a.id for a in added if init == "align" and not (spans or {}).get(a.id)}
    named = ("subword-mean" if a.id in unseen else str(init) for a in added)
    pairs = zip(named, by_bytes, strict=True)
    return tuple("bytes-and-center" if b else name for name, b in pairs)


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
