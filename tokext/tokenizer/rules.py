"""A SentencePiece model's rules as a record, for whoever cuts text without SentencePiece."""

from __future__ import annotations

from tokext.records import MergeRules, merge_runs
from tokext.tokenizer.sentencepiece import PieceType, SentencePieceModel


def merge_rules(model: SentencePieceModel) -> MergeRules | None:
    """How a model cuts text; None where it does more than merge characters by score.

    That is so where it is no BPE model, has no bytes to fall back on, changes text before it cuts
    it, or merges to pieces that it then takes apart again.

    Example:
        >>> from tokext.tokenizer.load import load_tokenizer
        >>> rules = merge_rules(load_tokenizer("mistralai/Mistral-7B-v0.1").model)
        >>> rules.runs[0], sum(run.n for run in rules.runs)
        (MergeRun(first=261, n=12, rank=0, step=1), 31741)
    """
    merges_alone = model.is_bpe and model.has_byte_fallback and model.keeps_text
    if not merges_alone or _merges_to_unused(model):
        return None
    learned = [(i, p.score) for i, p in enumerate(model.pieces) if p.type is PieceType.NORMAL]
    learned.sort(key=lambda item: (-item[1], item[0]))
    ranks = {score: rank for rank, score in enumerate(dict.fromkeys(s for _, s in learned))}
    user_defined = (i for i, p in enumerate(model.pieces) if p.type is PieceType.USER_DEFINED)
    return MergeRules(
        model.adds_dummy_prefix,
        tuple(user_defined),
        merge_runs([(id_, ranks[score]) for id_, score in learned]),
    )


def _merges_to_unused(model: SentencePieceModel) -> bool:
    """Whether an unused piece stands for two others, so that a text could pass through it."""
    texts = {p.text for p in model.pieces if p.type in (PieceType.NORMAL, PieceType.UNUSED)}
    unused = (p.text for p in model.pieces if p.type is PieceType.UNUSED)
    return any(
        len(text) == 1 or (text[:n] in texts and text[n:] in texts)
        for text in unused
        for n in range(1, len(text) or 1)
    )
