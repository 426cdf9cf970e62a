"""The folder of an added vocabulary: its pieces, written and read back."""

from __future__ import annotations

import csv
from pathlib import Path

from tokext.errors import InputError
from tokext.records import AddedPiece
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel

_MODEL = "added.model"
_COUNTS = "added.tsv"


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
        table.writerow(("piece", "count"))
        table.writerows((p.piece, p.count) for p in pieces)


def read_added(path: str | Path) -> tuple[list[AddedPiece], SentencePieceModel]:
    """Read the pieces of an added vocabulary folder, or of any SentencePiece `.model`, by rank.

    Of a unigram model the likeliest piece comes first.

    Raises:
        InputError: There is no such folder or file.
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
    counts = _read_counts(file.with_name(_COUNTS)) if path.is_dir() else {}
    normal = [p for p in model.pieces if p.type is PieceType.NORMAL]
    ranked = normal if model.is_bpe else sorted(normal, key=lambda p: -p.score)
    return [AddedPiece(p.text, counts.get(p.text, 0)) for p in ranked], model


def _read_counts(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").split("\n")[1:-1])
    return {piece: int(count) for piece, count in rows}
