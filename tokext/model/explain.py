"""Where the row of a piece came from, read back from a checkpoint's own files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from tokext.errors import ModelError
from tokext.merge.explain import SpelledPiece, explain_pieces
from tokext.model.checkpoint import open_checkpoint
from tokext.model.edit import FileRows
from tokext.model.layout import find_layout
from tokext.model.origins import ROWS_FILE, read_origins


@dataclass(frozen=True)
class ExplainedPiece(SpelledPiece):
    """One token of a text, and the origin of its row.

    `origin` is `base` for a base id, else what `rows.json` says; `shares` pairs the base ids that
    the row was made from with their weights. `head_norm` is None where the head is tied.
    """

    origin: str
    shares: tuple[tuple[int, float], ...]
    input_norm: float
    head_norm: float | None


def explain_text(text: str, model: str | Path) -> list[ExplainedPiece]:
    """Spell a text with an extended checkpoint's tokenizer, and say where each row came from.

    Args:
        text: The text; its pieces are those of the text as it stands in a longer one.
        model: The folder that a resize wrote.

    Returns:
        Its tokens in order.

    Raises:
        ModelError: The folder is no extended checkpoint.
    """
    folder = Path(model)
    if not (folder / ROWS_FILE).is_file():
        raise ModelError(
            f"{folder} has no {ROWS_FILE}, so its rows cannot be explained.",
            hint="give a folder that tokext resize wrote.",
        )
    spelled = explain_pieces(text, folder)
    ids = {piece.id for piece in spelled}
    origins = dict(read_origins(folder / ROWS_FILE, ids))
    norms = _norms(folder, sorted(ids))
    return [
        ExplainedPiece(
            piece=piece.piece,
            id=piece.id,
            constituents=piece.constituents,
            count=piece.count,
            origin=origins.get(piece.id, ("base", ()))[0],
            shares=origins.get(piece.id, ("base", ()))[1],
            input_norm=norms[0][piece.id],
            head_norm=norms[1][piece.id] if len(norms) > 1 else None,
        )
        for piece in spelled
    ]


def _norms(folder: Path, ids: Iterable[int]) -> list[dict[int, float]]:
    """Euclidean norms of rows of the input embeddings and, where it is not tied, of the head."""
    checkpoint = open_checkpoint(folder)
    layout = find_layout(checkpoint)
    places = [p for p in (layout.inputs, layout.head) if p is not None]
    wanted = list(ids)
    found = []
    for place in places:
        rows = FileRows(folder, place).take(torch.tensor(wanted)).float()
        found.append(dict(zip(wanted, rows.norm(dim=1).tolist(), strict=True)))
    return found
