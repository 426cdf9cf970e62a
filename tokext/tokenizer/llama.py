"""A Llama-type SentencePiece model, laid out as a `tokenizer.json`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tokext.tokenizer.sentencepiece import SPACE, PieceType, SentencePieceModel

Merge = tuple[str, str]

_MATCHED_FIRST = (PieceType.UNKNOWN, PieceType.CONTROL, PieceType.USER_DEFINED)


def llama_fields(
    model: SentencePieceModel, added_tokens: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The fields of the `tokenizer.json` that a Llama-type SentencePiece model stands for.

    Merges stand in id order, as transformers lays them out: where a model's scores follow another
    order than its ids (Mistral's whitespace pieces), the two differ from the start. Control and
    user-defined pieces are matched in text before anything else, and so are the `added_tokens` of a
    fine-tune above the vocabulary, given in id order.
    """
    special = [p for p in model.pieces if p.type in _MATCHED_FIRST]
    bos = next((p.text for p in special if p.text == "<s>"), None)
    unknown = next((p.text for p in special if p.type is PieceType.UNKNOWN), None)
    own = (
        _added_token(model.ids[p.text], p.text, p.type is not PieceType.USER_DEFINED)
        for p in special
    )
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [*own, *added_tokens],
        "normalizer": _normalizer(model.adds_dummy_prefix),
        "pre_tokenizer": None,
        "post_processor": _begin_with(bos, model.ids[bos]) if bos else None,
        "decoder": _decoder(model.adds_dummy_prefix),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": unknown,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": model.has_byte_fallback,
            "vocab": dict(model.ids),
            "merges": [f"{left} {right}" for left, right in merges_by_id(model.ids)],
        },
    }


def merges_by_id(ids: dict[str, int]) -> list[Merge]:
    """Every two-way split of every piece into pieces, in id order of what it makes.

    This is how transformers turns a SentencePiece vocabulary into merges.

    Example:
        >>> merges_by_id({"a": 0, "b": 1, "ab": 2, "aba": 3, "ba": 4})
        [('a', 'b'), ('a', 'ba'), ('ab', 'a'), ('b', 'a')]
    """
    merges: list[Merge] = []
    for piece in sorted(ids, key=ids.__getitem__):
        splits = [(piece[:at], piece[at:]) for at in range(1, len(piece))]
        known = [(left, right) for left, right in splits if left in ids and right in ids]
        merges += sorted(known, key=lambda m: (len(m[0]), len(m[1])))
    return merges


def _added_token(id_: int, content: str, special: bool) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": id_, "content": content, **flags, "special": special}


def _normalizer(dummy_prefix: bool) -> dict[str, Any]:
    prepend = [{"type": "Prepend", "prepend": SPACE}] if dummy_prefix else []
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
    return {"type": "Sequence", "normalizers": [*prepend, replace]}


def _decoder(dummy_prefix: bool) -> dict[str, Any]:
    decoders: list[dict[str, Any]] = [
        {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
    ]
    if dummy_prefix:
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return {"type": "Sequence", "decoders": decoders}


def _begin_with(token: str, id_: int) -> dict[str, Any]:
    """A post-processor that puts the begin-of-sequence token before each text."""
    begin = [{"SpecialToken": {"id": token, "type_id": n}} for n in (0, 1)]
    text = [{"Sequence": {"id": name, "type_id": n}} for n, name in enumerate("AB")]
    return {
        "type": "TemplateProcessing",
        "single": [begin[0], text[0]],
        "pair": [begin[0], text[0], begin[1], text[1]],
        "special_tokens": {token: {"id": token, "ids": [id_], "tokens": [token]}},
    }
