"""How a text is spelled with an extended tokenizer, and how the base spelled each piece."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tokext.records import Extension
from tokext.tokenizer.load import load_tokenizer


@dataclass(frozen=True)
class SpelledPiece:
    """One token of a text: `constituents` are the base ids that spelled it, with their pieces.

    `count` is how often training text held the piece; None for one of the base's.
    """

    piece: str
    id: int
    constituents: tuple[tuple[int, str], ...]
    count: int | None


def explain_pieces(text: str, tokenizer: str | Path) -> list[SpelledPiece]:
    """Spell a text as it would be within a longer one, without the dummy prefix.

    Args:
        text: The text.
        tokenizer: The folder that a merge wrote, or a checkpoint's with its extension record.

    Raises:
        InputError: The folder has no extension record.
        TokenizerError: It holds no tokenizer.
    """
    added = {a.id: a for a in Extension.read(tokenizer).added}
    opened = load_tokenizer(tokenizer)
    pieces = opened.pieces

    def spelled(id_: int) -> SpelledPiece:
        known = added.get(id_)
        constituents = known.constituents if known else ()
        return SpelledPiece(
            pieces[id_].text,
            id_,
            tuple((c, pieces[c].text) for c in constituents),
            known.count if known else None,
        )

    ids = opened.model_file.spell(text) if opened.model_file else opened.encode(text)
    return [spelled(id_) for id_ in ids]
