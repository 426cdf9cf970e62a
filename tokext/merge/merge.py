"""Base + pieces -> extension: which pieces enter, where they stand, how they are merged."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tokext.errors import InputError, TokenizerError
from tokext.languages import Language
from tokext.records import AddedPiece, Extension
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.llama import Merge
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel
from tokext.vocab.reach import choose_reachable, last_merge
from tokext.vocab.rules import Rules

#: Processors ask for multiples of some hundreds at the most.
_LARGEST_MULTIPLE = 1 << 16


@dataclass(frozen=True)
class Merged:
    """An extended tokenizer, not yet proved and not yet written.

    `dropped` counts the candidates that did not enter, by reason.
    """

    model: SentencePieceModel
    fast: FastTokenizer
    extension: Extension
    dropped: dict[str, int]


def extend(
    base: Tokenizer,
    candidates: Iterable[AddedPiece],
    *,
    language: Language,
    size: int | None = None,
    pad_to: int = 64,
    keep_all: bool = False,
) -> Merged:
    """Put pieces behind the base's vocabulary, so that everything before them stays as it is.

    The base's merges all stand before the added ones. So any text is first cut as the base cuts
    it, and then neighbors are joined: no text grows longer, text without an added piece is cut as
    before, and an added token always stands for whole tokens of the base.

    Args:
        base: The tokenizer to extend; its ids, scores, types and special tokens are kept.
        candidates: Pieces in rank order. Characters that a piece needs and nobody has enter first.
        language: Only pieces with one of its letters enter.
        size: Take the first so many; all by default.
        pad_to: Fill up to a multiple of this with pieces that no text can produce.
        keep_all: Let pieces without a letter of the language enter too. Other text is then cut
            differently than before.

    Raises:
        TokenizerError: The base is not a SentencePiece BPE model or its like.
        InputError: There are fewer pieces than asked for, or fewer than 1 is asked for.
    """
    _refuse_unextendable(base)
    if size is not None and size < 1:
        raise InputError(f"--size {size} adds nothing.", hint="ask for at least 1 piece.")
    if pad_to < 1:
        raise InputError(f"--pad-to {pad_to} is no multiple.", hint="1 pads nothing, 64 is usual.")
    if pad_to > _LARGEST_MULTIPLE:
        raise InputError(
            f"--pad-to {pad_to} would make a vocabulary of little but padding.",
            hint=f"64 is usual; at most {_LARGEST_MULTIPLE}.",
        )
    dropped: Counter[str] = Counter()
    entering = list(entering_pieces(base, candidates, language, keep_all=keep_all, dropped=dropped))
    chosen, model = choose_reachable(base, entering, size, dropped)
    _refuse_too_few(chosen, size, dropped)
    first_id = base.size
    extension = _record(base, model, chosen, pad_to)
    padding = list(zip(extension.padding, _padding_names(base), strict=False))
    model = model.extended(Piece(text, 0.0, PieceType.UNUSED) for _, text in padding)
    ids = [*enumerate((a.piece for a in chosen), first_id), *padding]
    fast = base.fast.extended(ids, _merges(model, chosen))
    return Merged(model, fast, extension, dict(dropped))


def entering_pieces(
    base: Tokenizer,
    candidates: Iterable[AddedPiece],
    language: Language,
    *,
    keep_all: bool,
    dropped: Counter[str],
) -> Iterator[AddedPiece]:
    """The candidates that may enter, each after the characters it needs."""
    rules = Rules(language, keep_all=keep_all, cut_first=base.tokens_cut_first)
    known = {piece.text for piece in base.pieces}
    for candidate in candidates:
        reason = _why_not(candidate.piece, known, rules, keep_all)
        if reason:
            dropped[reason] += 1
            continue
        for char in candidate.piece:
            if char not in known:
                known.add(char)
                yield AddedPiece(char, candidate.count if char == candidate.piece else 0)
        if candidate.piece not in known:
            known.add(candidate.piece)
            yield candidate


def _why_not(piece: str, known: set[str], rules: Rules, keep_all: bool) -> str:
    if piece in known:
        return "in the base already"
    if not rules.is_well_formed(piece):
        return "with a digit, a space or a control character inside"
    if rules.holds_token(piece):
        return "with a token inside that is cut out of text first"
    name = rules.language.name
    if not keep_all and not rules.language.has_letter(piece):
        return f"without a letter of {name}"
    if not keep_all and not rules.allows_characters(piece, known):
        return f"with a character that neither the base nor {name} has"
    return ""


def _merges(model: SentencePieceModel, chosen: list[AddedPiece]) -> list[Merge]:
    """For each piece the one merge that makes it.

    Whatever text stands around it, a piece is made from its characters in the same steps, so the
    last of these is the only merge that a loader can ever use.
    """
    ranks = {p.text: -p.score for p in model.pieces if p.type is PieceType.NORMAL}
    return [last_merge(a.piece, ranks.get) for a in chosen if len(a.piece) > 1]


def _record(
    base: Tokenizer, model: SentencePieceModel, chosen: list[AddedPiece], pad_to: int
) -> Extension:
    constituents = base.model.spell_all([a.piece for a in chosen])
    added = tuple(
        AddedPiece(a.piece, a.count, base.size + n, tuple(ids))
        for n, (a, ids) in enumerate(zip(chosen, constituents, strict=True))
    )
    size = model.size
    padded_size = -(-size // pad_to) * pad_to
    return Extension(base.info(), size, padded_size, added, tuple(range(size, padded_size)))


def _refuse_unextendable(base: Tokenizer) -> None:
    model = base.model
    if not model.is_bpe:
        raise TokenizerError(
            f"{base.name} is a SentencePiece {model.kind} model; only BPE models can be extended.",
            hint="tokext bench compression counts with it all the same.",
        )
    if not model.has_byte_fallback:
        raise TokenizerError(
            f"{base.name} has no byte fallback: it cannot spell every text, nor prove anything of "
            "one that it cannot.",
            hint="extend a base with byte fallback, such as Mistral-7B-v0.1.",
        )
    gap = next((id_ for id_, piece in enumerate(base.pieces) if not piece.text), None)
    if gap is not None:
        raise TokenizerError(
            f"{base.name} has no piece for id {gap}, below tokens of its own.",
            hint="save the tokenizer again without gaps.",
        )


def _padding_names(base: Tokenizer) -> Iterator[str]:
    """Names for padding, counted on from those a base has that was extended before."""
    known = {piece.text for piece in base.pieces}
    return (name for n in itertools.count() if (name := f"<|extra_{n}|>") not in known)


def _refuse_too_few(chosen: list[AddedPiece], size: int | None, dropped: Counter[str]) -> None:
    if size is not None and len(chosen) < size:
        raise InputError(
            f"the added vocabulary gives {len(chosen):,} pieces, not {size:,}"
            f" ({_summary(dropped)}).",
            hint=f"--size {len(chosen)} is the largest it can give, or train a larger one.",
        )


def _summary(dropped: Counter[str]) -> str:
    return "; ".join(f"{n:,} {reason}" for reason, n in dropped.items()) or "none left out"
