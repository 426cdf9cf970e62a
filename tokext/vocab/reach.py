"""Which pieces some text is encoded to, once they stand behind a base's vocabulary."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from tokext.errors import TokenizerError
from tokext.records import AddedPiece
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import (
    SPACE,
    UNLEARNED_SCORE,
    Piece,
    PieceType,
    SentencePieceModel,
)

#: SentencePiece stores scores as float32, which holds every multiple of a step up to here.
_LAST_EXACT_STEP = -(2**24)

#: Between scores below -1e9, where float32 has itself a step of 64.
_STEP_BELOW_UNLEARNED = 128.0


def choose_reachable(
    base: Tokenizer, entering: Iterable[AddedPiece], size: int | None, dropped: Counter[str]
) -> tuple[list[AddedPiece], SentencePieceModel]:
    """The first `size` pieces that some text is encoded to, and the model that holds them.

    A piece that its own text is not encoded to is never a part of any encoding, so leaving it out
    changes nothing for the others, and the next in rank takes its place.
    """
    chosen: list[AddedPiece] = []
    waiting = iter(entering)
    while True:
        chosen += itertools.islice(waiting, None if size is None else size - len(chosen))
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

    Scores go down from below the lowest learned score, in id order: loaders that merge by score
    and loaders that merge by id then merge alike. A fine-tune's own tokens become control
    pieces, which SentencePiece matches in no text: the base's model does not know them either.
    """
    above = [replace(p, type=PieceType.CONTROL) for p in base.pieces[base.model.size :]]
    scores = _scores_below(base, chosen)
    added = (Piece(a.piece, s, PieceType.NORMAL) for a, s in zip(chosen, scores, strict=True))
    return base.model.extended([*above, *added])


def _scores_below(base: Tokenizer, chosen: list[AddedPiece]) -> list[float]:
    """A score for each chosen piece, every one lower than the one before, all exact in float32.

    Below the lowest learned score; where pieces begin with a space, below the base's whitespace
    pieces too (-1e9 in Mistral's model), or a piece would take a space away from them.
    """
    lowest, step = base.model.lowest_learned_score, 1.0
    unlearned = min((p.score for p in base.model.pieces), default=0.0)
    if unlearned <= UNLEARNED_SCORE and any(SPACE in a.piece for a in chosen):
        lowest, step = unlearned, _STEP_BELOW_UNLEARNED
    scores = [step * (int(lowest / step) - 1 - rank) for rank in range(len(chosen))]
    if scores and scores[-1] < _LAST_EXACT_STEP * step:
        raise TokenizerError(
            f"{base.name} has scores down to {lowest}, which leaves no room for "
            f"{len(chosen):,} different ones below.",
            hint="add fewer pieces with --size.",
        )
    return scores


def last_merge(piece: str, rank: Callable[[str], float | None]) -> tuple[str, str]:
    """The two parts that BPE joins last when it makes a piece.

    Args:
        piece: At least two characters.
        rank: The rank of a text that is a piece, the lowest first; None for any other text.

    Raises:
        ValueError: The piece is not made from its characters.

    Example:
        >>> ranks = {"ab": 0, "cd": 1, "abcd": 2}
        >>> last_merge("abcd", ranks.get)
        ('ab', 'cd')
    """
    parts = list(piece)
    while len(parts) > 2:
        candidates = (
            (rank_, at)
            for at in range(len(parts) - 1)
            if (rank_ := rank(parts[at] + parts[at + 1])) is not None
        )
        best = min(candidates, default=None)
        if best is None:
            raise ValueError(f"{piece!r} is not made from its characters")
        at = best[1]
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts[0], parts[1]
