"""A base and its extension, with what the guarantees look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tokext.languages import Language
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import PieceType


@dataclass
class Pair:
    """Two tokenizers, the texts to try, and what each makes of them."""

    base: Tokenizer
    extended: Tokenizer
    language: Language
    texts: list[str] = field(default_factory=list)

    @cached_property
    def n_kept(self) -> int:
        """How many ids the base uses."""
        return self.base.size

    @cached_property
    def special(self) -> list[str]:
        """The texts of control and user-defined pieces of the base."""
        kinds = (PieceType.CONTROL, PieceType.USER_DEFINED)
        return [p.text for p in self.base.pieces if p.type in kinds]

    @cached_property
    def padding(self) -> set[int]:
        """The ids of pieces that no text may produce."""
        pieces = enumerate(self.extended.pieces)
        return {i for i, p in pieces if p.type is PieceType.UNUSED and i >= self.n_kept}

    @cached_property
    def added(self) -> list[tuple[int, str]]:
        """Id and text of every added piece, padding and control pieces aside."""
        wanted = (PieceType.NORMAL,)
        pieces = list(enumerate(self.extended.pieces))[self.n_kept :]
        return [(i, p.text) for i, p in pieces if p.type in wanted and i not in self.padding]

    @cached_property
    def base_ids(self) -> list[list[int]]:
        """What the base makes of the texts."""
        return self.base.encode_batch(self.texts)

    @cached_property
    def extended_ids(self) -> list[list[int]]:
        """What the extension makes of the texts."""
        return self.extended.encode_batch(self.texts)
