"""SentencePiece models: read, looked into, extended. The only file that touches the protobuf."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from tokext.errors import TokenizerError

#: What SentencePiece writes for a space inside a piece.
SPACE = "▁"

#: Scores at or below this are no ranks: Mistral's whitespace pieces stand at -1e9.
UNLEARNED_SCORE = -1e8


class PieceType(IntEnum):
    """The kinds of pieces, numbered as in sentencepiece_model.proto."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True)
class Piece:
    """One entry of a vocabulary; its id is its place."""

    text: str
    score: float
    type: PieceType


class SentencePieceModel:
    """A SentencePiece model: its pieces, its rules, and its processor.

    Raises:
        TokenizerError: The bytes are not a SentencePiece model.

    Example:
        >>> from tokext.tokenizer.base import find_base
        >>> base = find_base("mistralai/Mistral-7B-v0.1")
        >>> model = SentencePieceModel.read(base.files["tokenizer.model"])
        >>> model.encode("日本語"), model.spell("日本語")
        ([28705, 29142, 29119, 30321], [29142, 29119, 30321])
    """

    def __init__(self, data: bytes, name: str = "model") -> None:
        from google.protobuf.message import DecodeError

        self.data = data
        self.name = name
        self._proto = _new_proto()
        try:
            self._proto.ParseFromString(data)
        except DecodeError as error:
            raise _not_sentencepiece(name) from error
        if not self._proto.pieces:
            raise _not_sentencepiece(name)

    def __reduce__(self) -> tuple[type[SentencePieceModel], tuple[bytes, str]]:
        """Travel to other processes as the file."""
        return SentencePieceModel, (self.data, self.name)

    @classmethod
    def read(cls, path: str | Path) -> SentencePieceModel:
        """Read a `.model` file."""
        return cls(Path(path).read_bytes(), str(path))

    @classmethod
    def build(
        cls,
        pieces: Iterable[Piece],
        *,
        like: SentencePieceModel | None = None,
        byte_fallback: bool = True,
        dummy_prefix: bool = True,
    ) -> SentencePieceModel:
        """Build a BPE model of these pieces under the rules of another model, or of Llama's kind.

        Args:
            pieces: In id order; the first is the unknown piece.
            like: Whose trainer and normalizer specification to copy.
            byte_fallback: Whether unknown characters are spelled by bytes; all 256 byte pieces must
                then be among the pieces.
            dummy_prefix: Whether a space is put before every text.
        """
        proto = _new_proto()
        if like is not None:
            proto.trainer_spec.CopyFrom(like._proto.trainer_spec)
            proto.normalizer_spec.CopyFrom(like._proto.normalizer_spec)
            proto.denormalizer_spec.CopyFrom(like._proto.denormalizer_spec)
        else:
            _set_llama_rules(proto)
        proto.trainer_spec.byte_fallback = byte_fallback
        proto.normalizer_spec.add_dummy_prefix = dummy_prefix
        proto.trainer_spec.model_type = 2
        proto.trainer_spec.ClearField("input")
        for piece in pieces:
            proto.pieces.add(piece=piece.text, score=piece.score, type=int(piece.type))
        proto.trainer_spec.vocab_size = len(proto.pieces)
        return cls(proto.SerializeToString(deterministic=True), "built model")

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every piece, in id order."""
        return tuple(Piece(p.piece, p.score, PieceType(p.type)) for p in self._proto.pieces)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of every piece."""
        return {piece.piece: id_ for id_, piece in enumerate(self._proto.pieces)}

    @property
    def size(self) -> int:
        """How many ids the model has."""
        return len(self._proto.pieces)

    @property
    def is_bpe(self) -> bool:
        """Whether it merges by score (BPE) or chooses the likeliest spelling (unigram)."""
        return bool(self._proto.trainer_spec.model_type == 2)

    @property
    def kind(self) -> str:
        """The model type by name: unigram, bpe, word or char."""
        return {1: "unigram", 2: "bpe", 3: "word", 4: "char"}[self._proto.trainer_spec.model_type]

    @property
    def splits_scripts(self) -> bool:
        """Whether the trainer let no piece cross from one script to another."""
        return bool(self._proto.trainer_spec.split_by_unicode_script)

    @property
    def has_byte_fallback(self) -> bool:
        """Whether an unknown character is spelled by its UTF-8 bytes."""
        return bool(self._proto.trainer_spec.byte_fallback)

    @property
    def adds_dummy_prefix(self) -> bool:
        """Whether a space is put before every text."""
        return bool(self._proto.normalizer_spec.add_dummy_prefix)

    @property
    def keeps_text(self) -> bool:
        """Whether text is cut as it stands, but for spaces written as `▁` and a dummy prefix."""
        spec = self._proto.normalizer_spec
        changes = spec.precompiled_charsmap or spec.remove_extra_whitespaces
        as_suffix = self._proto.trainer_spec.treat_whitespace_as_suffix
        return bool(spec.escape_whitespaces and not changes and not as_suffix)

    @property
    def max_piece_length(self) -> int:
        """The longest piece, in characters, that the trainer allowed."""
        return int(self._proto.trainer_spec.max_sentencepiece_length)

    @cached_property
    def normalization(self) -> str:
        """A name for how text is normalized: `identity`, or the rule's name and a digest."""
        spec = self._proto.normalizer_spec
        if not spec.precompiled_charsmap:
            return "identity"
        digest = hashlib.sha256(spec.precompiled_charsmap).hexdigest()[:8]
        return f"{spec.name or 'unnamed'} ({digest})"

    @property
    def lowest_learned_score(self) -> float:
        """The score under which added pieces start; scores that are no ranks are left out."""
        learned = [
            p.score for p in self.pieces if p.type is PieceType.NORMAL and p.score > UNLEARNED_SCORE
        ]
        return min(learned, default=0.0)

    @cached_property
    def processor(self) -> Any:
        """SentencePiece's own processor over these very bytes.

        Raises:
            TokenizerError: SentencePiece refuses them, for a piece that stands twice, say.
        """
        return _processor(self.data, self.name)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, dummy prefix included, no special tokens."""
        ids: list[int] = self.processor.encode(text)
        return ids

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode`, for many texts at once."""
        ids: list[list[int]] = self.processor.encode(list(texts))
        return ids

    def spell(self, piece: str) -> list[int]:
        """The ids that spell a piece by itself: no dummy prefix, spaces written as `▁`."""
        ids: list[int] = self._speller.encode(piece.replace(SPACE, " "))
        return ids

    def spell_all(self, pieces: Sequence[str]) -> list[list[int]]:
        """`spell`, for many pieces at once."""
        spelled: list[list[int]] = self._speller.encode([p.replace(SPACE, " ") for p in pieces])
        return spelled

    @cached_property
    def _speller(self) -> Any:
        proto = _new_proto()
        proto.CopyFrom(self._proto)
        proto.normalizer_spec.add_dummy_prefix = False
        proto.normalizer_spec.remove_extra_whitespaces = False
        proto.normalizer_spec.precompiled_charsmap = b""
        return _processor(proto.SerializeToString(), self.name)

    def extended(self, pieces: Iterable[Piece]) -> SentencePieceModel:
        """This model with more pieces at its end; nothing before them changes."""
        proto = _new_proto()
        proto.CopyFrom(self._proto)
        for piece in pieces:
            proto.pieces.add(piece=piece.text, score=piece.score, type=int(piece.type))
        proto.trainer_spec.vocab_size = len(proto.pieces)
        return SentencePieceModel(
            proto.SerializeToString(deterministic=True), f"{self.name} (extended)"
        )

    def truncated(self, size: int) -> SentencePieceModel:
        """This model with only its first `size` pieces."""
        proto = _new_proto()
        proto.CopyFrom(self._proto)
        del proto.pieces[size:]
        proto.trainer_spec.vocab_size = len(proto.pieces)
        return SentencePieceModel(
            proto.SerializeToString(deterministic=True), f"{self.name} (first {size})"
        )


def vocabulary_digest(pieces: Iterable[Piece]) -> str:
    """SHA-256 over (id, piece, type): the same for every file that holds the same vocabulary.

    Example:
        >>> vocabulary_digest([Piece("<unk>", 0.0, PieceType.UNKNOWN)])[:16]
        'fcc12d506167965c'
    """
    digest = hashlib.sha256()
    for id_, piece in enumerate(pieces):
        digest.update(f"{id_}\t{piece.text}\t{int(piece.type)}\n".encode())
    return digest.hexdigest()


def _new_proto() -> Any:
    from sentencepiece import sentencepiece_model_pb2

    return sentencepiece_model_pb2.ModelProto()


def _processor(data: bytes, name: str) -> Any:
    from sentencepiece import SentencePieceProcessor

    try:
        return SentencePieceProcessor(model_proto=data)
    except RuntimeError as error:
        raise TokenizerError(
            f"SentencePiece refuses {name}: {error}.",
            hint="make the model again, or restore a copy.",
        ) from error


def _set_llama_rules(proto: Any) -> None:
    """The rules that Llama, Mistral and their fine-tunes share."""
    proto.trainer_spec.split_digits = True
    proto.trainer_spec.allow_whitespace_only_pieces = True
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.remove_extra_whitespaces = False


def _not_sentencepiece(name: str) -> TokenizerError:
    return TokenizerError(
        f"{name} is not a SentencePiece model.",
        hint="give a .model that SentencePiece trained, or a folder with tokenizer.model.",
    )
