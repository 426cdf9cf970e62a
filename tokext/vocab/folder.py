"""The folder of an added vocabulary: its pieces, written and read back."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

from tokext.errors import InputError
from tokext.records import AddedPiece
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel

_MODEL = "added.model"
_COUNTS = "added.tsv"
_COLUMNS = ("piece", "count")


def write_added(folder: Path, pieces: list[AddedPiece], *, like: SentencePieceModel) -> None:
    """Write `added.model` and `added.tsv`.

    The model loads in SentencePiece by itself; its scores go down by one from piece to piece.
    """
    entries = [Piece("<unk>", 0.0, PieceType.UNKNOWN)]
    entries += [Piece(p.piece, -float(rank), PieceType.NORMAL) for rank, p in enumerate(pieces)]
    model = SentencePieceModel.build(entries, like=like, byte_fallback=False)
    (folder / _MODEL).write_bytes(model.data)
    with (folder / _COUNTS).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE,
                           quotechar=None)  # fmt: skip
        table.writerow(_COLUMNS)
        table.writerows((p.piece, p.count) for p in pieces)


def read_added(path: str | Path) -> tuple[list[AddedPiece], SentencePieceModel]:
    """Read the pieces of an added vocabulary folder, or of any SentencePiece `.model`, by rank.

    Of a unigram model the likeliest piece comes first.

    Raises:
        InputError: There is no such folder or file, or its list of counts is of other pieces.
        TokenizerError: It is not a SentencePiece model.
    """
    path = Path(path)
    file = path / _MODEL if path.is_dir() else path
    if not file.is_file():
        raise InputError(
            f"{file} does not exist.",
            hint="give a folder that tokext train-vocab wrote, or a SentencePiece .model file.",
        )
    model = SentencePieceModel.read(file)
    normal = [p for p in model.pieces if p.type is PieceType.NORMAL]
    ranked = normal if model.is_bpe else sorted(normal, key=lambda p: -p.score)
    if not path.is_dir():
        return [AddedPiece(p.text, 0) for p in ranked], model
    return list(_read_counts(path, [p.text for p in ranked])), model


def _read_counts(folder: Path, pieces: list[str]) -> Iterator[AddedPiece]:
    """The rows of `added.tsv`, which names the pieces of `added.model` one by one."""
    path = folder / _COUNTS
    try:
        header, *rows = path.read_bytes().decode().removesuffix("\n").split("\n")
    except FileNotFoundError as error:
        raise _damaged(folder, "the file is missing") from error
    except UnicodeDecodeError as error:
        raise _damaged(folder, f"byte {error.start:,} is not UTF-8 text") from error
    if header != "\t".join(_COLUMNS):
        raise _damaged(folder, f"line 1 is {header[:40]!r}")
    for line, (row, piece) in enumerate(itertools.zip_longest(rows, pieces), 2):
        found, _, count = (row or "").rpartition("\t")
        if piece is None or row is None:
            raise _damaged(folder, f"it has {len(rows):,} pieces, {_MODEL} {len(pieces):,}")
        if not (count.isascii() and count.isdigit()):
            raise _damaged(folder, f"line {line:,} is {row[:40]!r}")
        if found != piece:
            raise _damaged(folder, f"line {line:,} has {found!r}, {_MODEL} {piece!r}")
        yield AddedPiece(piece, int(count))


def _damaged(folder: Path, reason: str) -> InputError:
    return InputError(
        f"{folder / _COUNTS} is not the list of the pieces in {_MODEL}: {reason}.",
        hint=f"train again, or give {folder / _MODEL} itself: its pieces then have no counts.",
    )
