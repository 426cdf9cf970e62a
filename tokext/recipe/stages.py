"""The table of stages, in the order in which they are done: to add one, add it here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tokext.output import json_text, write_whole
from tokext.progress import say
from tokext.recipe.stage import (
    FILE,
    FILES,
    INTEGER,
    INTEGERS,
    NUMBER,
    NUMBERS,
    PROMPTS,
    SIZE,
    STRING,
    STRINGS,
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
    tokenizers = [
        given.pop("base"),
        str(folder / "tokenizer"),
        *given.pop("tokenizers", ()),
    ]
    rows = measure_compression(tokenizers, given.pop("texts"), **given)
    write_whole(folder / "compression.json", json_text([row.as_dict() for row in rows]), force=True)


def _tiny_model(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.corpus.read import read_corpus
    from tokext.model.tiny import TinyOptions, train_tiny

    given = dict(options)
    base, lines = given.pop("base"), list(read_corpus(given.pop("inputs")))
    held_out = {Path(n).stem: list(read_corpus([n])) for n in given.pop("held_out", ())}
    train_tiny(
        lines,
        base,
        folder / "model-base",
        options=TinyOptions(**given),
        held_out=held_out,
        force=True,
    )


def _resize(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.corpus.read import read_corpus
    from tokext.model.resize import resize_checkpoint

    given = dict(options)
    model, sample = _base_model(given, folder), given.pop("sample", None)
    resize_checkpoint(
        model,
        tokenizer=folder / "tokenizer",
        output=folder / "model",
        sample=read_corpus(sample) if sample else None,
        force=True,
        **given,
    )


def _bench_throughput(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.bench.speed.throughput import measure_throughput

    given = dict(options)
    models = [_base_model(given, folder), str(folder / "model")]
    base, texts = given.pop("base"), given.pop("texts")
    if given.get("shape"):
        models = [base, str(folder / "tokenizer")]
    rows = measure_throughput(models, texts, **given)
    write_whole(folder / "throughput.json", json_text([row.as_dict() for row in rows]), force=True)


def _sample(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.bench.sampling.prompts import read_prompts
    from tokext.bench.sampling.sample import sample_model

    given = dict(options)
    models = {"before": _base_model(given, folder), "after": str(folder / "model")}
    prompts = read_prompts(*given.pop("prompts", ()))
    (folder / "samples").mkdir(exist_ok=True)
    for name, model in models.items():
        sample_model(model, prompts, folder / "samples" / f"{name}.jsonl", **given)


def _sweep(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.bench.sampling.prompts import read_prompts
    from tokext.bench.sweep import sweep_models

    given = dict(options)
    before, after = _base_model(given, folder), folder / "model"
    prompts = read_prompts(*given.pop("prompts", ()))
    extended = after if after.is_dir() else None
    sweep_models(before, extended, folder / "sweep", prompts=prompts, force=True, **given)


def _base_model(given: dict[str, Any], folder: Path) -> str:
    """Take the model to extend out of a stage's options; the tiny one where none is named."""
    return str(given.pop("model", folder / "model-base"))


def _report(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.report import write_report

    given = dict(options)
    stages, named = given.pop("stages"), [Path(name).resolve() for name in given.pop("results", ())]
    outputs = [(s.name, folder / s.output) for s in STAGES if s.reported]
    there = [(n, path) for n, path in outputs if path.exists() and path.resolve() not in named]
    for name, path in there:
        if name not in stages:
            say(
                f"{path} is left out of the report: this recipe has no stage {name}. "
                "To report on it, name it among results under [report]."
            )
    results = [path for name, path in there if name in stages] + named
    write_report(results, output=folder / "report", force=True, **given)


#: How texts are read, counted, and answers drawn, wherever a stage does.
_READING: Final = {
    "text_field": STRING,
    "document": STRING,
    "max_bad_share": NUMBER,
    "format": STRING,
    "split": STRING,
}
_COUNTING: Final = {"workers": INTEGER, "engine": STRING, "address": STRING}
_SAMPLING: Final = {
    "prompts": PROMPTS,
    "template": FILE,
    "temperature": NUMBERS,
    "top_p": NUMBERS,
    "min_p": NUMBERS,
    "repetition_penalty": NUMBERS,
    "n": INTEGER,
    "max_new_tokens": INTEGER,
    "batch_size": INTEGER,
    "device": STRING,
    "dtype": STRING,
}

_BEFORE_REPORT: Final = (
    Stage(
        "train-vocab",
        output="added",
        do=_train_vocab,
        options={
            "inputs": TEXTS,
            "size": INTEGER,
            "method": STRING,
            "boundary": STRING,
            "keep_scripts_apart": SWITCH,
            "dictionary": STRING,
            "max_piece_length": INTEGER,
            "min_count": INTEGER,
            "min_run_count": INTEGER,
            "preset": STRING,
            "veto": FILE,
            "keep_all": SWITCH,
            **_READING,
            "weight": STRINGS,
            "drop_duplicates": STRING,
            **_COUNTING,
            "max_memory": SIZE,
        },
        shared=("base", "language", "seed"),
        needs=("inputs",),
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
            **_READING,
            **_COUNTING,
        },
        shared=("base", "language"),
        needs=("texts",),
        after=("merge",),
        reported=True,
    ),
    Stage(
        "tiny-model",
        output="model-base",
        do=_tiny_model,
        options={"inputs": TEXTS, "steps": INTEGER, "held_out": TEXTS},
        shared=("base", "seed"),
        needs=("inputs",),
    ),
    Stage(
        "resize",
        output="model",
        do=_resize,
        options={
            "init": STRING,
            "sample": TEXTS,
            "device": STRING,
            "dtype": STRING,
            "rescale": SWITCH,
            "copy": SWITCH,
            "check_logits": SWITCH,
        },
        shared=("model", "seed"),
        after=("merge", "tiny-model"),
    ),
    Stage(
        "bench throughput",
        output="throughput.json",
        do=_bench_throughput,
        options={
            "texts": TEXTS,
            "mode": STRING,
            "shape": STRING,
            "batch_size": INTEGERS,
            "device": STRING,
            "dtype": STRING,
            "new_tokens": INTEGER,
            "prefill_chars": INTEGER,
            "repeats": INTEGER,
            "warmup": INTEGER,
            "compiled": SWITCH,
            "max_memory": SIZE,
            "machine": STRING,
        },
        shared=("base", "model", "seed"),
        needs=("texts",),
        after=("merge", "tiny-model", "resize"),
        reported=True,
    ),
    Stage(
        "sample",
        output="samples",
        do=_sample,
        options=_SAMPLING | {"top_k": INTEGERS, "load_in_4bit": SWITCH, "max_memory": SIZE},
        shared=("model", "seed"),
        after=("tiny-model", "resize"),
        resumes=("before.jsonl", "after.jsonl"),
    ),
    Stage(
        "sweep",
        output="sweep",
        do=_sweep,
        options=_SAMPLING,
        shared=("model", "language", "seed"),
        after=("tiny-model", "resize"),
        reported=True,
    ),
)

STAGES: Final = (
    *_BEFORE_REPORT,
    Stage(
        "report",
        output="report",
        do=_report,
        options={"results": FILES, "locale": STRING, "title": STRING, "corpus": STRING},
        after=tuple(stage.name for stage in _BEFORE_REPORT if stage.reported),
    ),
)
