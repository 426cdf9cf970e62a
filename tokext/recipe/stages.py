"""The table of stages, in the order in which they are done: to add one, add it here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tokext.output import json_text, write_whole
from tokext.recipe.stage import (
    INTEGER,
    NUMBER,
    STRING,
    SWITCH,
    TEXTS,
    TOKENIZERS,
    Stage,
)


def _train_vocab(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.vocab.added import train_vocab

    train_vocab(output=folder / "added", force=True, **options)


def _merge(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.merge.extension import merge_vocab

    merge_vocab(added=folder / "added", output=folder / "tokenizer", force=True, **options)


def _bench_compression(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.bench.compression import measure_compression

    given = dict(options)
    tokenizers = [given.pop("base"), str(folder / "tokenizer"), *given.pop("tokenizers", ())]
    rows = measure_compression(tokenizers, given.pop("texts"), **given)
    write_whole(folder / "compression.json", json_text([row.as_dict() for row in rows]), force=True)


def _tiny_model(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.corpus.read import read_corpus
    from tokext.model.tiny import train_tiny

    lines = list(read_corpus(options["inputs"]))
    train_tiny(lines, options["base"], folder / "model-base", force=True)


def _resize(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.model.resize import resize_checkpoint

    given = dict(options)
    model = given.pop("model", str(folder / "model-base"))
    resize_checkpoint(
        model, tokenizer=folder / "tokenizer", output=folder / "model", force=True, **given
    )


def _report(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.report import write_report

    results = [folder / stage.output for stage in STAGES if stage.reported]
    write_report(
        [r for r in results if r.exists()], output=folder / "report", force=True, **options
    )


STAGES: Final = (
    Stage(
        "train-vocab",
        output="added",
        do=_train_vocab,
        options={
            "inputs": TEXTS,
            "size": INTEGER,
            "method": STRING,
            "boundary": STRING,
            "max_piece_length": INTEGER,
            "min_count": INTEGER,
            "text_field": STRING,
            "document": STRING,
            "max_bad_share": NUMBER,
            "format": STRING,
            "workers": INTEGER,
        },
        shared=("base", "language", "seed"),
        reported=True,
    ),
    Stage(
        "merge",
        output="tokenizer",
        do=_merge,
        options={"size": INTEGER, "pad_to": INTEGER, "keep_all": SWITCH},
        shared=("base", "language", "seed"),
        after=("train-vocab",),
        reported=True,
    ),
    Stage(
        "bench compression",
        output="compression.json",
        do=_bench_compression,
        options={
            "texts": TEXTS,
            "tokenizers": TOKENIZERS,
            "document_lines": INTEGER,
            "word_sample_chars": INTEGER,
            "curve": SWITCH,
            "text_field": STRING,
            "format": STRING,
        },
        shared=("base", "language"),
        after=("merge",),
        reported=True,
    ),
    Stage(
        "tiny-model",
        output="model-base",
        do=_tiny_model,
        options={"inputs": TEXTS},
        shared=("base",),
    ),
    Stage(
        "resize",
        output="model",
        do=_resize,
        options={
            "model": STRING,
            "init": STRING,
            "device": STRING,
            "dtype": STRING,
            "rescale": SWITCH,
        },
        after=("merge", "tiny-model"),
    ),
    Stage(
        "report",
        output="report",
        do=_report,
        options={"locale": STRING, "title": STRING, "corpus": STRING},
        after=("train-vocab", "merge", "bench compression"),
    ),
)
