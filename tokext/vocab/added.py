"""An added vocabulary as a folder: trained from text, written, read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokext.corpus.boundaries import Boundary
from tokext.corpus.census import Census, take_census
from tokext.corpus.documents import Document
from tokext.corpus.duplicates import Droppable
from tokext.corpus.engines import EngineName
from tokext.corpus.inputs import places
from tokext.corpus.read import Corpus, read_corpus
from tokext.corpus.weights import Weights
from tokext.errors import InputError
from tokext.languages import find_language
from tokext.output import whole_folder
from tokext.progress import say
from tokext.records import AddedPiece, write_record
from tokext.tokenizer.base import DEFAULT_BASE
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel
from tokext.vocab.rules import Rules
from tokext.vocab.train import Method, learn

_MODEL = "added.model"
_COUNTS = "added.tsv"


def train_vocab(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    base: str = DEFAULT_BASE,
    size: int = 30_000,
    language: str = "ja",
    method: Method = "continue",
    boundary: Boundary | None = None,
    max_piece_length: int = 16,
    min_count: int = 2,
    text_field: str = "text",
    document: Document = "line",
    max_bad_share: float = 0.01,
    format: str | None = None,  # noqa: A002
    weight: Weights = (),
    drop_duplicates: Droppable | None = None,
    seed: int = 0,
    workers: int = 0,
    max_memory: int | str | None = None,
    engine: EngineName = "local",
    address: str | None = None,
    force: bool = False,
) -> list[AddedPiece]:
    """Learn an added vocabulary from text and write its folder.

    Args:
        inputs: Text; see `tokext.read_corpus`.
        output: The folder to write.
        base: The tokenizer to be extended.
        size: How many pieces to learn.
        language: Only pieces with a letter of it enter.
        method: `continue` the base's merges, or learn `independent` of them; see
            `tokext.vocab.train.learn`.
        boundary: What a piece may not cross; `punctuation` by default, and for `independent` the
            rule that the base itself was trained with. See `tokext.corpus.boundaries.runs_of`.
        max_piece_length: In characters.
        min_count: A piece that the text makes less often is left out.
        text_field: Of objects and tables.
        document: What a document of a `.txt` is.
        max_bad_share: Of unusable bytes.
        format: What standard input is, and files whose suffix says nothing.
        weight: How much inputs count, as `NAME=W` or a mapping; see
            `tokext.corpus.weights.weigh`. Other inputs have 1.
        drop_duplicates: Count `documents` or `lines` once, however often they are read.
        seed: Recorded; BPE training draws nothing at random.
        workers: Processes to count in, 0 for one each core; the result does not depend on it.
        max_memory: Bytes, or a size such as `8GB`, that this may take on this machine.
        engine: Where to count, `local` or on a `ray` cluster; the result does not depend on it.
        address: Of the cluster; see `tokext.corpus.engines.open_engine`.
        force: Replace an existing folder.

    Returns:
        The pieces in rank order.

    Raises:
        InputError: The text or an option cannot be used, or it cannot give so many pieces.
        TokenizerError: The base cannot be opened or extended.
        OutputError: The folder cannot be written.
    """
    rules = Rules(find_language(language), max_piece_length, min_count)
    weight = dict(weight) if isinstance(weight, Mapping) else list(weight)
    corpus = read_corpus(
        inputs,
        text_field=text_field,
        document=document,
        max_bad_share=max_bad_share,
        format=format,
    )
    opened = load_tokenizer(base)
    _say_source(opened)
    boundary = boundary or default_boundary(method, opened)
    used = opened.found.files.values()
    options = {
        "base": base,
        "base_revision": opened.found.revision,
        "size": size,
        "language": language,
        "method": method,
        "boundary": boundary,
        "max_piece_length": max_piece_length,
        "min_count": min_count,
        "text_field": text_field,
        "document": document,
        "max_bad_share": max_bad_share,
        "format": format,
        "weight": weight,
        "drop_duplicates": drop_duplicates,
        "seed": seed,
    }
    census = take_census(
        corpus,
        output,
        language=language,
        boundary=boundary,
        weight=weight,
        drop_duplicates=drop_duplicates,
        workers=workers,
        max_memory=max_memory,
        engine=engine,
        address=address,
    )
    with (
        whole_folder(output, force=force, inputs=[*places(inputs), *used]) as folder,
        census as counted,
    ):
        rules = replace(rules, min_count=min_count * counted.unit)
        pieces = learn(counted.counts, opened, size, method, rules)
        write_added(folder, pieces, like=opened.model)
        _write_record(folder, options, corpus, counted, pieces)
    say(f"{len(pieces):,} pieces from {corpus.stats.n_chars:,} characters in {output}")
    return pieces


def _write_record(
    folder: Path,
    options: dict[str, Any],
    corpus: Corpus,
    counted: Census,
    pieces: list[AddedPiece],
) -> None:
    write_record(
        folder,
        "added vocabulary",
        options=options,
        inputs=corpus.files,
        result={
            "n_pieces": len(pieces),
            "n_characters_added": sum(len(p.piece) == 1 for p in pieces),
            **counted.as_dict(),
            "corpus": corpus.stats.as_dict(),
        },
    )


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


def default_boundary(method: Method, base: Tokenizer) -> Boundary:
    """Where pieces end unless told otherwise: for each method what it was measured to do best.

    Independent pieces follow the rule that the base itself was trained with.
    """
    if method == "continue":
        return "punctuation"
    return "script" if base.model.splits_scripts else "none"


def _say_source(base: Tokenizer) -> None:
    if base.found.note:
        say(base.found.note)
