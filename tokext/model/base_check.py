"""Is a checkpoint's tokenizer the base that the added pieces were made for? By vocabulary."""

from __future__ import annotations

from pathlib import Path

from tokext.errors import ModelError, TokenizerError
from tokext.records import EXTENSION_FILE, Extension
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.sentencepiece import (
    SPACE,
    Piece,
    PieceType,
    SentencePieceModel,
    vocabulary_digest,
)

#: Fine-tunes add a few tokens such as [PAD] to the tokenizer and no rows to the model.
MOST_ABSENT = 64


def open_base(folder: Path) -> Tokenizer:
    """The tokenizer that a checkpoint comes with.

    Raises:
        ModelError: It comes with none, so that its base cannot be told.
    """
    try:
        return load_tokenizer(folder)
    except TokenizerError as error:
        raise ModelError(
            f"the checkpoint's own tokenizer cannot be read, so its base cannot be told: {error}",
            hint="put the tokenizer files of the checkpoint beside its weights.",
        ) from error


def check_base(base: Tokenizer, extension: Extension) -> None:
    """Refuse an extension that was made for another vocabulary.

    Raises:
        ModelError: The vocabularies differ; a fine-tune's own tokens are named.
    """
    digest = vocabulary_digest(base.pieces)
    if digest == extension.base.vocabulary_digest:
        return
    size = extension.base.size
    again = "merge again with the checkpoint's own tokenizer as --base."
    if vocabulary_digest(base.pieces[:size]) == extension.base.vocabulary_digest:
        own = base.pieces[size].text
        raise ModelError(
            f"the checkpoint has {base.size - size} tokens of its own from id {size} on ({own!r}), "
            "where the added pieces would go.",
            hint=again,
        )
    raise ModelError(
        f"the tokenizer was extended from {extension.base.name} ({size} pieces, digest "
        f"{extension.base.vocabulary_digest[:12]}), and the checkpoint's has {base.size} pieces, "
        f"digest {digest[:12]}: its rows would belong to other pieces.",
        hint=again,
    )


def check_rows(n_rows: int, extension: Extension) -> None:
    """Refuse a model with too few rows for the base.

    Raises:
        ModelError: There are more than `MOST_ABSENT` too few.
    """
    size = extension.base.size
    if n_rows < size - MOST_ABSENT:
        raise ModelError(
            f"the model has {n_rows:,} rows, and {extension.base.name} {size:,} pieces: it is "
            "another base's.",
            hint="give tokenizer=, the model's own; merge again if it is another than the base.",
        )


def unknown_id(pieces: tuple[Piece, ...]) -> int | None:
    """The id of the unknown piece, where the base has one.

    Example:
        >>> unknown_id((Piece("<unk>", 0.0, PieceType.UNKNOWN), Piece("a", -1.0, PieceType.NORMAL)))
        0
    """
    return next((i for i, p in enumerate(pieces) if p.type is PieceType.UNKNOWN), None)


def piece_bytes(pieces: tuple[Piece, ...]) -> dict[int, int]:
    """The bytes of text that each id stands for: 1 for a fallback byte, UTF-8 else.

    Example:
        >>> piece_bytes((Piece("<0xE3>", 0.0, PieceType.BYTE), Piece("▁日", 0.0, PieceType.NORMAL)))
        {0: 1, 1: 4}
    """
    return {id_: max(1, len(text_bytes(piece))) for id_, piece in enumerate(pieces)}


def text_bytes(piece: Piece) -> bytes:
    """The bytes of text that a piece writes."""
    if piece.type is PieceType.BYTE:
        return bytes([int(piece.text[3:-1], 16)])
    return piece.text.replace(SPACE, " ").encode()


def check_extended(
    extended: Tokenizer, extension: Extension, base: Tokenizer | None = None
) -> None:
    """Refuse tokenizer files that are not those which the record beside them was written for.

    Args:
        extended: The tokenizer that lies beside the record.
        extension: The record.
        base: The record's base, where it is at hand: its pieces must be in their places, too.

    Raises:
        ModelError: A file has another size, or a piece elsewhere.
    """
    wanted = {piece.text: id_ for id_, piece in enumerate(base.pieces if base else ())}
    wanted |= {added.piece: added.id for added in extension.added}
    wanted.pop("", None)  # ids without a piece
    files: dict[str, SentencePieceModel | FastTokenizer | None] = {
        "tokenizer.model": extended.model_file,
        "tokenizer.json": extended.fast_file,
    }
    for name, file in files.items():
        if file is None:
            continue
        ids = file.ids
        wrong = next((text for text, id_ in wanted.items() if ids.get(text) != id_), None)
        if wrong is not None:
            where = f"has it at {ids[wrong]}" if wrong in ids else "has no such piece"
            met = f"{wrong!r} is id {wanted[wrong]} there, and {name} {where}"
        elif not extension.size <= file.size <= extension.padded_size:
            sizes = f"{extension.size:,} to {extension.padded_size:,}"
            met = f"it knows {sizes} ids, and {name} {file.size:,}"
        else:
            continue
        raise ModelError(
            f"{extended.name} holds the record of another tokenizer in {EXTENSION_FILE}: {met}.",
            hint="make the tokenizer folder again with tokext merge.",
        )
