"""A tokenizer opened for use: both of its files, its pieces, the fastest way to encode."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from tokext.errors import TokenizerError
from tokext.records import BaseInfo
from tokext.tokenizer.base import TokenizerFiles, find_base
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.sentencepiece import (
    Piece,
    PieceType,
    SentencePieceModel,
    vocabulary_digest,
)


class Tokenizer:
    """A tokenizer, from whichever of its two files there are.

    `encode` uses `tokenizer.model` where there is one (it is the faster), else `tokenizer.json`;
    neither adds special tokens.

    Example:
        >>> mistral = load_tokenizer("mistralai/Mistral-7B-v0.1")
        >>> mistral.size, mistral.encode("東京")
        (32000, [28705, 30050, 29775])
    """

    def __init__(self, found: TokenizerFiles) -> None:
        self.found = found
        self.name = found.name
        model, fast = found.files.get("tokenizer.model"), found.files.get("tokenizer.json")
        self.model_file = SentencePieceModel.read(model) if model else None
        self._fast_path = fast
        if self.model_file is None and fast is None:
            raise TokenizerError(f"{self.name} has no tokenizer file.", hint="give a folder.")

    @cached_property
    def fast_file(self) -> FastTokenizer | None:
        """The content of `tokenizer.json`, where there is one."""
        return FastTokenizer.read(self._fast_path) if self._fast_path else None

    @cached_property
    def model(self) -> SentencePieceModel:
        """The SentencePiece model: the file, or what a Llama-type `tokenizer.json` stands for.

        Tokens of a fine-tune that stand above the vocabulary are not in it.

        Raises:
            TokenizerError: There is only a `tokenizer.json` of another kind.
        """
        if self.model_file is not None:
            return self.model_file
        assert self.fast_file is not None
        return self.fast_file.to_sentencepiece()

    @cached_property
    def fast(self) -> FastTokenizer:
        """The fast tokenizer: the file, or what the SentencePiece model stands for."""
        return self.fast_file or FastTokenizer.from_sentencepiece(self.model)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every id's piece, a fine-tune's own tokens above the vocabulary included."""
        if self.model_file is None:
            return tuple(self.fast.pieces())
        return (*self.model_file.pieces, *self._tokens_above(self.model_file.size))

    @property
    def size(self) -> int:
        """How many ids there are, a fine-tune's own tokens above the vocabulary included."""
        if self.model_file is None:
            return self.fast.size
        return len(self.pieces)

    @property
    def kind(self) -> str:
        """What kind of tokenizer it is, in words."""
        if self.model_file is not None:
            return f"SentencePiece {self.model_file.kind}"
        return self.fast.kind

    def info(self) -> BaseInfo:
        """What names this vocabulary for good: the file's digest and the vocabulary's."""
        path = self.found.files.get("tokenizer.model") or self.found.files["tokenizer.json"]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return BaseInfo(self.name, digest, vocabulary_digest(self.pieces), self.size)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without special tokens."""
        return (self.model_file or self.fast).encode(text)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many texts, without special tokens."""
        if self.model_file is not None:
            ids: list[list[int]] = self.model_file.processor.encode(list(texts))
            return ids
        return self.fast.encode_batch(texts)

    def _tokens_above(self, size: int) -> list[Piece]:
        """Tokens that only `tokenizer.json` knows, with ids from `size` on."""
        if self.fast_file is None:
            return []
        above = {t["id"]: t for t in self.fast_file.added_tokens if t["id"] >= size}
        if sorted(above) != list(range(size, size + len(above))):
            raise TokenizerError(
                f"{self.name} has tokens of its own at {sorted(above)}, not right above {size}.",
                hint="save the tokenizer again without gaps.",
            )
        return [
            Piece(
                above[id_]["content"],
                0.0,
                PieceType.CONTROL if above[id_]["special"] else PieceType.USER_DEFINED,
            )
            for id_ in sorted(above)
        ]


def load_tokenizer(name: str | Path) -> Tokenizer:
    """Open a tokenizer: a folder, a `.model` or `tokenizer.json` file, or a hub id.

    Raises:
        TokenizerError: There is no such tokenizer, or its files cannot be read.
    """
    return Tokenizer(find_base(str(name)))
