"""Which initialization of new rows is the best start, by bits per character on held-out text.

    python benchmarks/initialization.py --data FOLDER --work FOLDER -o RESULT.json [--minutes 15]
    python benchmarks/initialization.py --shape 100m --device cuda ... # 95 million parameters
    python benchmarks/initialization.py --render -o RESULT.json        # RESULT_*.png and a table

A Mistral with tied embeddings, of `--shape` and on `--device`, is trained on lines of
FOLDER/corpora/ja_train.txt.gz and on English: the reference manual that comes with Python, and the
corpus that comes with tokext. Rounds of training go on until it needs at most 0.8 times the bits
per character of a unigram model, in both languages, on text held out, or until `--minutes` are
over. Then its tokenizer is extended by `--pieces` pieces, and from each initialization two
trainings start on the same text: of the new rows alone, and of everything. Bits per character are
measured before the first step and after `--steps`.

Every finished round and every finished training is kept in the work folder, and a run that was
stopped goes on from there. An hour and a half on one core.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from bilingual import HELD_OUT_CHARS, ORIGINS, Texts, mixed, texts
from conditions import machine, stamp, versions
from trained import SHAPES, Setup, train_new_rows

from tokext import merge_vocab, train_vocab
from tokext.model import resize_checkpoint
from tokext.model.bits import unigram_bits_per_char
from tokext.model.plan import INITS
from tokext.model.tiny import token_stream, train
from tokext.output import json_text, whole_folder, write_whole
from tokext.records import Extension
from tokext.report.charts import png
from tokext.report.parts import Chart
from tokext.tokenizer.load import Tokenizer, load_tokenizer

BASE = "mistralai/Mistral-7B-v0.1"
TARGET = 0.8
DEFAULT = "subword-mean"
ROUND_STEPS = 400
#: What is trained, and how fast at most: new rows have much further to go than the rest.
RATES = {"new rows": 5e-3, "everything": 1e-3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with corpora/")
    parser.add_argument("--work", type=Path, help="a folder for models, kept between runs")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training the base model")
    parser.add_argument("--pieces", type=int, default=8_000)
    parser.add_argument("--steps", type=int, nargs="+", default=[100, 300, 1_000])
    parser.add_argument("--shape", choices=list(SHAPES), default="tiny")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or mps")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--render", action="store_true", help="only draw RESULT_*.png again")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if not options.render:
        torch.set_num_threads(options.threads)
        result = run(options)
        write_whole(options.output, json_text(result), force=True)
    result = json.loads(options.output.read_text(encoding="utf-8"))
    for trained in RATES:
        name = f"{options.output.stem}_{trained.replace(' ', '_')}.png"
        options.output.with_name(name).write_bytes(picture(result, trained))
    print(table(result))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole comparison, or what is left of it."""
    work, setup = options.work / options.shape, Setup(SHAPES[options.shape], options.device)
    work.mkdir(parents=True, exist_ok=True)
    train_texts, held_out = texts(options.data)
    base = train_base(work, setup, train_texts, held_out, options.minutes)
    write_tokenizer(work, train_texts["ja"], options.pieces)
    rows = [
        once(
            work / f"{init}-{trained.replace(' ', '_')}.json",
            lambda init=init, trained=trained: compare(
                work, setup, base["model"], init, trained, train_texts, held_out, options.steps
            ),
        )
        for trained, init in itertools.product(RATES, INITS)
    ]
    best = {
        trained: {
            str(step): min(
                (r for r in rows if r["trained"] == trained),
                key=lambda r: r["bits_per_char"][str(step)]["ja"],
            )["init"]
            for step in (0, *options.steps)
        }
        for trained in RATES
    }
    return {
        **stamp("initialization"),
        "kind": "initialization",
        "conditions": conditions(options),
        "base": {k: v for k, v in base.items() if k != "model"},
        "rows": rows,
        "best_on_ja": best,
    }


def train_base(
    work: Path, setup: Setup, train_texts: Texts, held_out: Texts, minutes: float
) -> dict[str, Any]:
    """Train in rounds until the target is met in both languages; the last round's figures."""
    tokenizer = load_tokenizer(BASE)
    unigram = {
        language: unigram_bits_per_char(lines, held_out[language], tokenizer, tokenizer.size)
        for language, lines in train_texts.items()
    }
    stream = token_stream(mixed(train_texts), tokenizer)
    seconds, last = 0.0, None
    for number in itertools.count(1):
        folder = work / f"round-{number}"
        if not folder.exists():
            train_round(folder, setup, last, stream, tokenizer, number)
        done = once(
            folder / "bits.json",
            lambda folder=folder: setup.measure(setup.load(folder), tokenizer, held_out),
        )
        last, seconds = folder, seconds + json.loads((folder / "seconds.json").read_text())
        met = all(done[k] <= TARGET * unigram[k] for k in unigram)
        if met or seconds >= minutes * 60:
            break
    return {
        "model": last,
        "n_parameters": setup.load(last).num_parameters(),
        "shape": dataclasses.asdict(setup.shape),
        "steps": number * ROUND_STEPS,
        "seconds": round(seconds, 1),
        "train_tokens": len(stream),
        "bits_per_char": done,
        "unigram_bits_per_char": unigram,
        "over_unigram": {k: done[k] / unigram[k] for k in unigram},
        "target_met": met,
    }


def train_round(
    folder: Path,
    setup: Setup,
    last: Path | None,
    stream: torch.Tensor,
    tokenizer: Tokenizer,
    number: int,
) -> None:
    from tokext.merge.write import write_tokenizer as write_files

    model = setup.build(tokenizer.size) if last is None else setup.load(last)
    started = time.perf_counter()
    train(model, stream, dataclasses.replace(setup.shape, steps=ROUND_STEPS, seed=number))
    with whole_folder(folder) as new:
        model.save_pretrained(new)
        write_files(new, tokenizer)
        (new / "seconds.json").write_text(json.dumps(time.perf_counter() - started))


def write_tokenizer(work: Path, lines: list[str], n_pieces: int) -> None:
    """Extend the base's tokenizer by pieces of the Japanese that the model is trained on."""
    if (work / "tokenizer").exists():
        return
    (work / "ja.txt").write_text("\n".join(lines), encoding="utf-8")
    train_vocab(work / "ja.txt", work / "added", size=n_pieces, workers=1, force=True)
    merge_vocab(work / "added", work / "tokenizer")


def compare(
    work: Path,
    setup: Setup,
    base: Path,
    init: str,
    trained: str,
    train_texts: Texts,
    held_out: Texts,
    steps: list[int],
) -> dict[str, Any]:
    """Extend with one initialization, train, and measure on the way."""
    resized = work / f"extended-{init}"
    if not resized.exists():
        resize_checkpoint(
            base,
            tokenizer=work / "tokenizer",
            output=resized,
            init=init,
            sample=train_texts["ja"] if init == "align" else None,
            check_logits=False,
        )
    tokenizer, model = load_tokenizer(resized), setup.load(resized)
    found = {"0": setup.measure(model, tokenizer, held_out)}

    def watch(done: int) -> None:
        if done in steps:
            found[str(done)] = setup.measure(model, tokenizer, held_out)
            model.train()

    stream = token_stream(mixed(train_texts), tokenizer)
    how = dataclasses.replace(setup.shape, steps=max(steps), rate=RATES[trained])
    started = time.perf_counter()
    if trained == "everything":
        train(model, stream, how, after_step=watch)
    else:
        train_new_rows(model, stream, how, Extension.read(resized), watch)
    return {
        "init": init,
        "trained": trained,
        "bits_per_char": found,
        "seconds": round(time.perf_counter() - started, 1),
    }


def once(path: Path, work: Callable[[], Any]) -> Any:
    """What was measured in an earlier run, or now."""
    if not path.exists():
        write_whole(path, json_text(work()))
    return json.loads(path.read_text(encoding="utf-8"))


def conditions(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "shape": options.shape,
        "device": options.device,
        "pieces": options.pieces,
        "steps": options.steps,
        "rates": RATES,
        "minutes_for_the_base_at_most": options.minutes,
        "held_out_chars": HELD_OUT_CHARS,
        **ORIGINS,
        "threads": options.threads,
        **machine("cores", "platform"),
        "versions": versions("torch", "transformers"),
    }


def table(result: dict[str, Any]) -> str:
    """The Japanese and English figures in Markdown."""
    steps = ["0", *map(str, result["conditions"]["steps"])]
    lines = [
        "| trained | initialization | " + " | ".join(f"after {s}" for s in steps) + " |",
        "|---|---|" + "--:|" * len(steps),
    ]
    for row in result["rows"]:
        bits = [row["bits_per_char"][s] for s in steps]
        cells = " | ".join(f"{b['ja']:.3f} / {b['en']:.3f}" for b in bits)
        lines.append(f"| {row['trained']} | {row['init']} | {cells} |")
    return "\n".join(lines)


def section(result: dict[str, Any]) -> str:
    """On the page of results: every training is a row."""
    return f"Bits per character of Japanese / English, by steps of training:\n\n{table(result)}"


def losses(result: dict[str, Any]) -> list[str]:
    """Where the default is not the best, and whether the model is worse than was aimed at."""
    over, met = max(result["base"]["over_unigram"].values()), result["base"]["target_met"]
    found = [f"the base was to need {TARGET} of a unigram model's bits: {over:.2f}"] * (not met)
    last = str(max(result["conditions"]["steps"]))
    bits = {(r["trained"], r["init"]): r["bits_per_char"][last]["ja"] for r in result["rows"]}
    for trained, best in result["best_on_ja"].items():
        if (init := best[last]) != DEFAULT:
            found.append(
                f"after {last} steps of training {trained} {init} needs {bits[trained, init]:.3f} "
                f"bits per character of Japanese, the default {bits[trained, DEFAULT]:.3f}"
            )
    return found


def picture(result: dict[str, Any], trained: str) -> bytes:
    """Bits per character on Japanese by steps, a curve an initialization."""
    curves = [
        {
            "label": row["init"],
            "points": [(int(s), b["ja"]) for s, b in row["bits_per_char"].items()],
            "knee": None,
        }
        for row in result["rows"]
        if row["trained"] == trained
    ]
    title = f"Bits per character on held-out Japanese, by steps of training {trained}"
    data = {"curves": curves, "x": "steps", "y": title}
    return png(Chart("initialization", "curves", title, title, data))


if __name__ == "__main__":
    main()
