"""The table of stages, in the order in which they are done: to add one, add it here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tokext.progress import say
from tokext.recipe import work
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
        do=work.train_vocab,
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
        do=work.merge,
        options={"size": INTEGER, "pad_to": INTEGER, "keep_all": SWITCH},
        shared=("base", "language", "seed"),
        after=("train-vocab",),
        reported=True,
    ),
    Stage(
        "bench compression",
        output="compression.json",
        do=work.bench_compression,
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
        do=work.tiny_model,
        options={"inputs": TEXTS, "steps": INTEGER, "held_out": TEXTS},
        shared=("base", "seed"),
        needs=("inputs",),
    ),
    Stage(
        "resize",
        output="model",
        do=work.resize,
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
        do=work.bench_throughput,
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
        do=work.sample,
        options=_SAMPLING | {"top_k": INTEGERS, "load_in_4bit": SWITCH, "max_memory": SIZE},
        shared=("model", "seed"),
        after=("tiny-model", "resize"),
        resumes=("before.jsonl", "after.jsonl"),
    ),
    Stage(
        "sweep",
        output="sweep",
        do=work.sweep,
        options=_SAMPLING,
        shared=("model", "language", "seed"),
        after=("tiny-model", "resize"),
        reported=True,
        resumes=("before.jsonl", "after.jsonl"),
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
