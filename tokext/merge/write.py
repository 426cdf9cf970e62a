"""A tokenizer folder: both files, and everything the base says beside them."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path
from typing import Any

from tokext.errors import TokenizerError
from tokext.output import copy_into, json_text
from tokext.records import EXTENSION_FILE
from tokext.tokenizer.base import llama_config
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import PieceType, SentencePieceModel

_OWN = ("tokenizer.model", "tokenizer.json", EXTENSION_FILE)
_CONFIG = "tokenizer_config.json"


def write_tokenizer(
    folder: Path,
    base: Tokenizer,
    *,
    model: SentencePieceModel | None = None,
    fast: FastTokenizer | None = None,
) -> None:
    """Write a tokenizer folder that SentencePiece, tokenizers and transformers can open.

    Args:
        folder: An empty folder.
        base: Its flags, special tokens, chat template and licence files are carried over.
        model: The extended model; the base's own by default, left out where it has none.
        fast: The extended fast tokenizer; the base's own by default.
    """
    for name, path in base.found.files.items():
        if name not in _OWN:
            copy_into(folder, name, path)
    model = model or base.model_file
    if model is not None:
        (folder / "tokenizer.model").write_bytes(model.data)
    own = base.found.files.get("tokenizer.json")
    if fast is None and own is not None:
        shutil.copyfile(own, folder / "tokenizer.json")
    else:
        text = (fast or base.fast).json()
        (folder / "tokenizer.json").write_text(text, encoding="utf-8", newline="\n")
    if not (folder / _CONFIG).exists():
        (folder / _CONFIG).write_text(json_text(_config(base)), encoding="utf-8", newline="\n")


def require_carried(folder: Path, base: Tokenizer) -> None:
    """Refuse a folder that lacks a file of the base, or has another in its place.

    Raises:
        TokenizerError: It does.
    """
    for name, path in base.found.files.items():
        there = folder / name
        if not there.is_file() or (name not in _OWN and not filecmp.cmp(path, there, False)):
            raise TokenizerError(
                f"{name} of {base.name} did not come along; nothing was saved.",
                hint="please report the base; without that file it can be extended.",
            )


def _config(base: Tokenizer) -> dict[str, Any]:
    """What a base without a `tokenizer_config.json` is loaded with."""
    if base.model_file is None and not base.fast.is_llama_type:
        return {"tokenizer_class": "PreTrainedTokenizerFast"}
    special = {
        i: p.text
        for i, p in enumerate(base.pieces)
        if p.type in (PieceType.UNKNOWN, PieceType.CONTROL)
    }
    user_defined = {
        i: p.text for i, p in enumerate(base.pieces) if p.type is PieceType.USER_DEFINED
    }
    return llama_config(special, user_defined)
