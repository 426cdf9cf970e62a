"""From text to the folder of an added vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokext.corpus.boundaries import Boundary
from tokext.corpus.documents import Document
from tokext.corpus.duplicates import Droppable
from tokext.corpus.engines import EngineName
from tokext.corpus.inputs import places
from tokext.corpus.weights import Weights
from tokext.output import whole_folder
from tokext.progress import say
from tokext.records import RECORD_FILE, AddedPiece, write_record
from tokext.tokenizer.base import DEFAULT_BASE
from tokext.vocab.folder import write_added
from tokext.vocab.fragments import find_fragments
from tokext.vocab.train import Method, Preset, learn
from tokext.vocab.training import Ready, Training
from tokext.vocab.veto import say_useless


def train_vocab(
    inputs: str | Path | Iterable[str | Path],
    output: str | Path,
    *,
    base: str = DEFAULT_BASE,
    size: int = 30_000,
    language: str = "ja",
    method: Method = "continue",
    boundary: Boundary | None = None,
    keep_scripts_apart: bool = False,
    dictionary: str = "unidic-lite",
    max_piece_length: int = 16,
    min_count: int = 2,
    min_run_count: int = 1,
    preset: Preset = "full",
    veto: str | Path | None = None,
    keep_all: bool = False,
    text_field: str = "text",
    document: Document = "line",
    max_bad_share: float = 0.01,
    format: str | None = None,  # noqa: A002
    split: str = "train",
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
        boundary: What a piece may not cross; `none` by default, and for `independent` the
            rule that the base itself was trained with. See `tokext.corpus.boundaries.runs_of`.
        keep_scripts_apart: No piece holds letters of two scripts, such as kanji and hiragana.
        dictionary: For `phrase` and `morpheme`: `unidic-lite`, `unidic`, or a folder with another.
        max_piece_length: In characters.
        min_count: A piece that the text makes less often is left out.
        min_run_count: A run that the text holds less often is not learned from: less time and
            memory, for pieces that the rare runs no longer help to choose.
        preset: `fast` looks at one in sixteen of the runs that occur once, and counts it for all.
            Counts are then estimates: a piece of one such run counts 16, whatever `min_count`.
            With weights that is of runs that count less than twice: of no run of an input with 2.
        veto: A file with a piece a line: they stay out, and nothing is built on them.
        keep_all: Learn from all text, and let pieces without a letter of the language enter. Text
            in other languages is then cut differently. Takes no `boundary`.
        text_field: Of objects and tables.
        document: What a document of a `.txt` is.
        max_bad_share: Of unusable bytes.
        format: What standard input is, and files whose suffix says nothing.
        split: Which split of a data set of the hub.
        weight: How much inputs count, as `NAME=W` or a mapping; see
            `tokext.corpus.weights.weigh`. Other inputs have 1.
        drop_duplicates: Count `documents` or `lines` once, however often they are read.
        seed: Recorded; BPE training draws nothing at random.
        workers: Processes to count in, 0 for one each core; the result does not depend on it.
        max_memory: Bytes, or a size such as `8GB`, that this may take on this machine. Counting
            keeps within it; where learning would not, it is refused, with what would help.
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
    training = Training(
        inputs,
        base=base,
        language=language,
        method=method,
        boundary=boundary,
        keep_scripts_apart=keep_scripts_apart,
        dictionary=dictionary,
        max_piece_length=max_piece_length,
        min_count=min_count,
        min_run_count=min_run_count,
        preset=preset,
        veto=veto,
        keep_all=keep_all,
        text_field=text_field,
        document=document,
        max_bad_share=max_bad_share,
        format=format,
        split=split,
        weight=weight,
        drop_duplicates=drop_duplicates,
        workers=workers,
        max_memory=max_memory,
        engine=engine,
        address=address,
    )
    files = training.base.found.files.values()
    used = [*places(inputs), *files, *([Path(base)] if Path(base).is_dir() else [])]
    with (
        whole_folder(output, force=force, inputs=used) as folder,
        training.counted(output, size) as ready,
    ):
        pieces = learn(ready.counts, training.base, size, method, ready.rules, training.narrowed_by)
        say_useless(training.vetoed, ready.rules.kept_out)
        write_added(folder, pieces, like=training.base.model)
        _write_record(folder, {"size": size, "seed": seed}, training, ready, pieces)
    say(f"{len(pieces):,} pieces from {training.corpus.stats.n_chars:,} characters in {output}")
    return pieces


def _write_record(
    folder: Path,
    options: dict[str, Any],
    training: Training,
    ready: Ready,
    pieces: list[AddedPiece],
) -> None:
    fragments = find_fragments((p.piece for p in pieces), training.options["language"])
    for kind, found in fragments.items():
        say(
            f"{len(found):,} pieces look like a {kind}, {found[0]} first: see {RECORD_FILE}, --veto"
        )
    write_record(
        folder,
        "added vocabulary",
        options=training.options | options,
        inputs=training.corpus.files,
        result={
            "n_pieces": len(pieces),
            "n_characters_added": sum(len(p.piece) == 1 for p in pieces),
            "fragments": fragments,
            **ready.census.as_dict(),
            "corpus": training.corpus.stats.as_dict(),
        },
    )
