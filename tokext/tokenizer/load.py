"""A tokenizer opened for use: both of its files, its pieces, the fastest way to encode."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tokext.errors import TokenizerError
from tokext.records import BaseInfo
from tokext.tokenizer.base import TokenizerFiles, find_base
from tokext.tokenizer.beside import read_side_files, tokens_beside
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

    Raises:
        TokenizerError: There is no tokenizer file, or one beside it cannot be read.

    Example:
        >>> mistral = load_tokenizer("mistralai/Mistral-7B-v0.1")
        >>> mistral.size, mistral.encode("東京")
        (32000, [28705, 30366, 29936])
    """

    def __init__(self, found: TokenizerFiles) -> None:
        self.found = found
        self.name = found.name
        model, fast = found.files.get("tokenizer.model"), found.files.get("tokenizer.json")
        self.model_file = SentencePieceModel.read(model) if model else None
        self._fast_path = fast
        if self.model_file is None and fast is None:
            raise TokenizerError(f"{self.name} has no tokenizer file.", hint="give a folder.")
        self._side_files = read_side_files(found.files)

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
    def tokens_cut_first(self) -> tuple[str, ...]:
        """What a `tokenizer.json` cuts out of text before it merges anything, such as ``<s>``.

        Special tokens of the model, and the tokens of a fine-tune.
        """
        if self.model_file is None:
            texts = [token["content"] for token in self.fast.fields.get("added_tokens") or []]
        else:
            special = (PieceType.UNKNOWN, PieceType.CONTROL, PieceType.USER_DEFINED)
            size = self.model_file.size
            texts = [p.text for n, p in enumerate(self.pieces) if n >= size or p.type in special]
        return tuple(dict.fromkeys(filter(None, texts)))

    @cached_property
    def fast(self) -> FastTokenizer:
        """The fast tokenizer: the file, or what the SentencePiece model stands for.

        Tokens of a fine-tune that only the files beside the model know are added to it.
        """
        return self.fast_file or FastTokenizer.from_sentencepiece(self.model, self._added_tokens)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every id's piece, a fine-tune's own tokens above the vocabulary included."""
        if self.model_file is None:
            return tuple(self.fast.pieces())
        return (*self._model_pieces(), *self._tokens_above(self.model_file.size))

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
        found = self.found
        return BaseInfo(
            found.name,
            digest,
            vocabulary_digest(self.pieces),
            self.size,
            found.revision,
            found.license,
        )

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without special tokens."""
        return (self.model_file or self.fast).encode(text)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of many texts, without special tokens."""
        if self.model_file is not None:
            return self.model_file.encode_all(texts)
        return self.fast.encode_batch(texts)

    def _model_pieces(self) -> list[Piece]:
        """The model's pieces; a token that only `tokenizer.json` matches in text is user-defined.

        In an extended `tokenizer.model` such a token is a control piece, so that SentencePiece
        goes on spelling its text as the base's own model does.
        """
        assert self.model_file is not None
        if self.fast_file is None:
            return list(self.model_file.pieces)
        matched = {t["content"] for t in self.fast_file.added_tokens if not t["special"]}
        control, user_defined = PieceType.CONTROL, PieceType.USER_DEFINED
        return [
            replace(p, type=user_defined) if p.type is control and p.text in matched else p
            for p in self.model_file.pieces
        ]

    @cached_property
    def _added_tokens(self) -> list[dict[str, Any]]:
        """What `tokenizer.json` matches in text, or without one what the side files add."""
        if self.fast_file is not None:
            return self.fast_file.added_tokens
        return tokens_beside(self._side_files, self.model, self.name)

    def _tokens_above(self, size: int) -> list[Piece]:
        """Tokens that the model does not know, with ids from `size` on.

        An id between them that no token has is an unused piece without text.
        """
        above = {t["id"]: t for t in self._added_tokens if t["id"] >= size}
        return [_token_piece(above.get(id_)) for id_ in range(size, max(above, default=-1) + 1)]


def _token_piece(token: dict[str, Any] | None) -> Piece:
    if token is None:
        return Piece("", 0.0, PieceType.UNUSED)
    kind = PieceType.CONTROL if token["special"] else PieceType.USER_DEFINED
    return Piece(token["content"], 0.0, kind)


def load_tokenizer(name: str | Path) -> Tokenizer:
    """Open a tokenizer: a folder, a `.model` or `tokenizer.json` file, or a hub id.

    Raises:
        TokenizerError: There is no such tokenizer, or its files cannot be read.
    """
    return Tokenizer(find_base(str(name)))
