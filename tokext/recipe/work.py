"""What each stage of a recipe does: the function behind a command, given its options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokext.output import json_text, write_whole


def train_vocab(options: Mapping[str, Any], folder: Path) -> None:
    """Learn the pieces to add."""
    from tokext.vocab.added import train_vocab

    train_vocab(output=folder / "added", force=True, **options)


def merge(options: Mapping[str, Any], folder: Path) -> None:
    """Put them behind the base."""
    from tokext.merge.extension import merge_vocab

    merge_vocab(added=folder / "added", output=folder / "tokenizer", force=True, **options)


def bench_compression(options: Mapping[str, Any], folder: Path) -> None:
    """Count what the base, the extension, and others that are named make of the texts."""
    from tokext.bench.compression import measure_compression

    given = dict(options)
    tokenizers = [
        given.pop("base"),
        str(folder / "tokenizer"),
        *given.pop("tokenizers", ()),
    ]
    rows = measure_compression(tokenizers, given.pop("texts"), **given)
    write_whole(folder / "compression.json", json_text([row.as_dict() for row in rows]), force=True)


def tiny_model(options: Mapping[str, Any], folder: Path) -> None:
    """Train a model to show it on."""
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


def resize(options: Mapping[str, Any], folder: Path) -> None:
    """Give the model rows for the added pieces."""
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


def bench_throughput(options: Mapping[str, Any], folder: Path) -> None:
    """Measure the speed of the model before and after."""
    from tokext.bench.speed.throughput import measure_throughput

    given = dict(options)
    models = [_base_model(given, folder), str(folder / "model")]
    base, texts = given.pop("base"), given.pop("texts")
    if given.get("shape"):
        models = [base, str(folder / "tokenizer")]
    rows = measure_throughput(models, texts, **given)
    write_whole(folder / "throughput.json", json_text([row.as_dict() for row in rows]), force=True)


def sample(options: Mapping[str, Any], folder: Path) -> None:
    """Draw answers of the model before and after."""
    from tokext.bench.sampling.prompts import read_prompts
    from tokext.bench.sampling.sample import sample_model

    given = dict(options)
    models = {"before": _base_model(given, folder), "after": str(folder / "model")}
    prompts = read_prompts(*given.pop("prompts", ()))
    (folder / "samples").mkdir(exist_ok=True)
    for name, model in models.items():
        sample_model(model, prompts, folder / "samples" / f"{name}.jsonl", **given)


def sweep(options: Mapping[str, Any], folder: Path) -> None:
    """Draw answers under every setting, and measure leakage."""
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
