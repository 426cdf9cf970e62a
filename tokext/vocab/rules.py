"""What a piece must be to enter a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from functools import cache

from tokext.errors import refuse_below, refuse_outside
from tokext.languages import Language, character_class
from tokext.tokenizer.sentencepiece import SPACE

#: What SentencePiece's trainer takes.
_LONGEST_PIECE = 512

_NEVER_INSIDE = r"[\s\p{Nd}\p{Cc}\p{Cs}" + SPACE + "]"


@dataclass(frozen=True)
class Rules:
    """Which pieces may enter: length in characters, and how often the text must make them.

    Digits stay by themselves, and so do spaces, but for the one before a word in languages that
    are written with spaces. What stands in `veto` is kept out. With `keep_all` pieces need no
    letter of the language, and text in other languages is cut differently because of them.
    `kept_out` gathers what was asked for and stands in `veto`. `cut_first` are tokens that are cut
    out of text before anything is merged: no piece holds one, as no text would be encoded to it.

    Raises:
        InputError: `max_piece_length` is not between 1 and 512, or `min_count` is below 1.
    """

    language: Language
    max_piece_length: int = 16
    min_count: int = 2
    veto: frozenset[str] = frozenset()
    keep_all: bool = False
    cut_first: tuple[str, ...] = ()
    kept_out: set[str] = field(default_factory=set, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse lengths and counts that no piece has."""
        refuse_outside(1, _LONGEST_PIECE, max_piece_length=self.max_piece_length)
        refuse_below(1, min_count=self.min_count)

    def allows(self, piece: str) -> bool:
        """Whether a piece may enter, its count aside.

        Example:
            >>> from tokext.languages import find_language
            >>> rules = Rules(find_language("ja"))
            >>> [p for p in ("東京", "第3回", "、「", "▁私", "すること。") if rules.allows(p)]
            ['東京', 'すること。']
        """
        if piece in self.veto:
            self.kept_out.add(piece)
            return False
        return (
            len(piece) <= self.max_piece_length
            and (self.keep_all or self.language.has_letter(piece))
            and self.is_well_formed(piece)
            and not self.holds_token(piece)
        )

    def allows_characters(self, piece: str, known: Container[str]) -> bool:
        """Whether the characters that a piece brings along may enter too.

        A character that the base lacks becomes a piece by itself, and if it were no letter of the
        language, text in other languages would be cut differently because of it.

        Example:
            >>> from tokext.languages import find_language
            >>> rules = Rules(find_language("ja"))
            >>> rules.allows_characters("彼／", {"／"}), rules.allows_characters("彼／", {"彼"})
            (True, False)
        """
        return all(char in known or self.allows_new(char) for char in piece)

    def allows_new(self, char: str) -> bool:
        """Whether a character that the base lacks may become a piece by itself.

        A vetoed one may not, and so nothing can be built on it.

        Example:
            >>> from tokext.languages import find_language
            >>> rules = Rules(find_language("ja"), veto=frozenset("鬱"))
            >>> rules.allows_new("鬱"), rules.allows_characters("憂鬱", {"憂"})
            (False, False)
        """
        return char not in self.veto and (self.keep_all or self.language.has_letter(char))

    def is_well_formed(self, piece: str) -> bool:
        """Whether no digit, space or control character stands where it may not."""
        inside = piece.removeprefix(SPACE) if self.language.spaced or self.keep_all else piece
        return bool(inside) and _find_never_inside()(inside) is None

    def holds_token(self, piece: str) -> bool:
        """Whether a token that is cut out first stands in a piece.

        Example:
            >>> from tokext.languages import find_language
            >>> rules = Rules(find_language("ja"), cut_first=("<s>", "</s>"))
            >>> rules.holds_token("は<s>"), rules.holds_token("は<")
            (True, False)
        """
        return any(token in piece for token in self.cut_first)


@cache
def _find_never_inside() -> Callable[[str], re.Match[str] | None]:
    return re.compile(f"[{character_class(_NEVER_INSIDE)}]").search
