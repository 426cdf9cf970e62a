"""A tokenizer made small: what the page needs to cut text by itself, before and after the merge."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.records import Extension, MergeRules, read_json


@dataclass(frozen=True)
class PackedVocabulary:
    """Pieces and rules; ids below `base_size` are the base's, and cut as the base does.

    `pieces` are a line an id, deflated, in base64; line feeds and backslashes are escaped in them.
    """

    pieces: str
    size: int
    base_size: int
    rules: MergeRules

    def as_dict(self) -> dict[str, Any]:
        """What the page's script reads."""
        return {
            "pieces": self.pieces,
            "size": self.size,
            "baseSize": self.base_size,
            "prefix": self.rules.adds_dummy_prefix,
            "userDefined": self.rules.user_defined,
            "runs": [[run.first, run.n, run.rank, run.step] for run in self.rules.runs],
        }


def pack(folder: Path, extension: Extension, rules: Mapping[str, Any]) -> PackedVocabulary:
    """Pack the tokenizer of a folder that a merge wrote.

    Raises:
        InputError: `tokenizer.json` or the rules are missing or damaged.
    """
    path = folder / "tokenizer.json"
    content = read_json(path)
    try:
        pieces = {id_: piece for piece, id_ in content["model"]["vocab"].items()}
        pieces |= {token["id"]: token["content"] for token in content["added_tokens"]}
        lines = "\n".join(_escaped(pieces.get(id_, "")) for id_ in range(extension.size))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is not the tokenizer of a merge: {type(error).__name__} {error}.",
            hint="merge again with tokext merge.",
        ) from error
    read = MergeRules.from_dict(rules)
    return PackedVocabulary(_deflated(lines), extension.size, extension.base.size, read)


def _escaped(piece: str) -> str:
    return piece.replace("\\", "\\\\").replace("\n", "\\n")


def _deflated(text: str) -> str:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = squeeze.compress(text.encode("utf-8", "replace")) + squeeze.flush()
    return base64.b64encode(data).decode("ascii")
