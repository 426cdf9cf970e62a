"""Which pieces some text is encoded to, once they stand behind a base's vocabulary."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tokext.errors import TokenizerError
from tokext.records import AddedPiece
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel

#: SentencePiece stores scores as float32, which holds every whole number up to here.
_LAST_EXACT_SCORE = -(2**24)


def choose_reachable(
    base: Tokenizer, entering: list[AddedPiece], size: int | None, dropped: Counter[str]
) -> tuple[list[AddedPiece], SentencePieceModel]:
    """The first `size` pieces that some text is encoded to, and the model that holds them.

    A piece that its own text is not encoded to is never a part of any encoding, so leaving it out
    changes nothing for the others, and the next in rank takes its place.
    """
    wanted = len(entering) if size is None else size
    chosen: list[AddedPiece] = []
    waiting = iter(entering)
    while True:
        while len(chosen) < wanted and (following := next(waiting, None)) is not None:
            chosen.append(following)
        model = model_with(base, chosen)
        unreachable = set(unreachable_pieces(model, [a.piece for a in chosen]))
        if not unreachable:
            break
        dropped["unreachable"] += len(unreachable)
        chosen = [a for a in chosen if a.piece not in unreachable]
    return chosen, model


def unreachable_pieces(model: SentencePieceModel, pieces: list[str]) -> list[str]:
    """The pieces whose own text is not encoded to them."""
    spelled = model.spell_all(pieces)
    return [p for p, ids in zip(pieces, spelled, strict=True) if ids != [model.ids[p]]]


def model_with(base: Tokenizer, chosen: list[AddedPiece]) -> SentencePieceModel:
    """The base's model with a fine-tune's own tokens and the chosen pieces behind it.

    Scores go down by one from below the lowest learned score, in id order: loaders that merge by
    score and loaders that merge by id then merge alike. A fine-tune's own tokens become control
    pieces, which SentencePiece matches in no text: the base's model does not know them either.
    """
    above = [replace(p, type=PieceType.CONTROL) for p in base.pieces[base.model.size :]]
    top = float(int(base.model.lowest_learned_score) - 1)
    if top - len(chosen) < _LAST_EXACT_SCORE:
        raise TokenizerError(
            f"{base.name} has scores down to {base.model.lowest_learned_score}, which leaves no "
            f"room for {len(chosen):,} different ones below.",
            hint="add fewer pieces with --size.",
        )
    added = (Piece(a.piece, top - rank, PieceType.NORMAL) for rank, a in enumerate(chosen))
    return base.model.extended([*above, *added])
