"""Characters per second before and after an extension, and what the harness costs.

    python benchmarks/throughput.py --data FOLDER -o RESULT.json [--cache FOLDER]
    python benchmarks/throughput.py --render README.md -o RESULT.json    # between its two marks

FOLDER holds corpora/ja_train.txt.gz, which 88,000 pieces are learned from, and
corpora/ja_heldout_literature.txt, which is read and written. A Mistral of about a billion
parameters with random weights is made twice, with the base's rows and with the extension's, and
both replay the same characters in turns, at batch 1 and 8, five and three times: 8 minutes on
two cores and 10 GB, since both models lie in memory together; windows are cut from all over the
text. With --cache the learned tokenizer is kept there, and used again. On a GPU:

    python benchmarks/throughput.py --data FOLDER --shape mistral-7b --device cuda --compile \\
      --batch-size 1 8 32 --new-tokens 128 --prefill-chars 512 -o RESULT_gpu.json

The cost of the harness is its pass (memory watched, every step chosen and kept) over two bare
greedy loops of as many steps: the plainest one there is, and `generate` of transformers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from conditions import load_average, machine, stamp, versions
from marks import write_between
from transformers import DynamicCache

from tokext.bench.shapes import find_shape
from tokext.bench.speed.memory import PeakMemory
from tokext.bench.speed.random_models import random_model
from tokext.bench.speed.subject import open_subject
from tokext.bench.speed.throughput import measure_subjects
from tokext.bench.speed.timed import Runner, synchronize
from tokext.bench.speed.windows import cut_windows, read_whole
from tokext.bench.speed.work import make_work
from tokext.merge.extension import merge_vocab
from tokext.model.load import find_device
from tokext.output import json_text, write_whole
from tokext.progress import say, shown
from tokext.records import ThroughputRow
from tokext.report.charts import png
from tokext.report.sections.throughput import speed_chart
from tokext.report.words import Words
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.added import train_vocab

BASE = "mistralai/Mistral-7B-v0.1"
TRAINING, HELD_OUT = "corpora/ja_train.txt.gz", "corpora/ja_heldout_literature.txt"
N_ADDED = 88_000
#: Small enough that what a harness adds to each step would show.
HARNESS_SHAPE, HARNESS_STEPS, HARNESS_REPEATS = "mistral-100m", 32, 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with corpora/")
    parser.add_argument("--cache", type=Path, help="where the learned tokenizer is kept")
    parser.add_argument("--shape", default="mistral-1b")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch-size", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--prefill-chars", type=int, default=96)
    parser.add_argument(
        "--repeats", type=int, nargs="+", default=[5, 3], help="of each batch; the last of others"
    )
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--size", type=int, default=N_ADDED, help="pieces to learn")
    parser.add_argument("--render", type=Path, metavar="README.md", help="rewrite its table")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    shown.set(True)
    if options.data:
        with tempfile.TemporaryDirectory() as temporary:
            result = run(options, options.cache or Path(temporary))
        write_whole(options.output, json_text(result), force=True)
    if options.render:
        result = json.loads(options.output.read_text(encoding="utf-8"))
        name = options.output.stem
        rendered = f"{image(name)}\n\n{table(result)}\n\n{basis(result)}"
        write_between(options.render, name, rendered)
        options.output.with_suffix(".png").write_bytes(picture(result))


def run(options: argparse.Namespace, cache: Path) -> dict[str, Any]:
    """Learn, measure, and say under which conditions."""
    load = load_average()
    extended = learned(options.data / TRAINING, cache, options.size)
    held_out = options.data / HELD_OUT
    device = find_device(options.device)
    subjects = [
        open_subject(name, shape=options.shape, device=device, dtype="auto")
        for name in (BASE, extended)
    ]
    corpus, text = read_whole([held_out])
    rows = measure_subjects(
        subjects,
        text,
        corpus=corpus,
        batch_size=options.batch_size,
        new_tokens=options.new_tokens,
        prefill_chars=options.prefill_chars,
        repeats=options.repeats[-1],
        repeats_at=dict(zip(options.batch_size, options.repeats, strict=False)),
        compiled=options.compile,
    )
    del subjects
    return {
        **stamp("throughput"),
        "conditions": conditions(options) | {"load_average": load},
        "harness": harness_cost(held_out.read_text(encoding="utf-8"), options.device),
        "rows": [row.as_dict() | {"model": Path(row.model).name} for row in rows],
    }


def learned(training: Path, cache: Path, size: int) -> Path:
    """The extended tokenizer, learned from the training text unless it is there already."""
    folder = cache / f"mistral-ja-{size}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        added = cache / f"added-{size}"
        train_vocab([training], added, size=size, force=True)
        merge_vocab(added, folder)
    return folder


def conditions(options: argparse.Namespace) -> dict[str, Any]:
    return {
        **machine("n_cpus", "platform", "python"),
        "n_threads": torch.get_num_threads(),
        "versions": versions("torch", "transformers", "tokenizers", "numpy"),
        "n_added": options.size,
        "new_tokens": options.new_tokens,
        "prefill_chars": options.prefill_chars,
        "repeats": options.repeats,
    }


def harness_cost(text: str, device_name: str) -> dict[str, Any]:
    """Seconds of a pass of the harness and of two bare loops of as many steps, in turns."""
    say("what the harness costs ...")
    device = torch.device(device_name)
    floats = torch.float32 if device.type == "cpu" else torch.bfloat16
    tokenizer = load_tokenizer(BASE)
    model = random_model(find_shape(HARNESS_SHAPE), tokenizer.size, device=device, dtype=floats)
    work = make_work(cut_windows(text, 1, 64, HARNESS_STEPS), tokenizer)
    runner, prompt, n_steps = Runner(model, work), work.prefill.to(device), work.decode.shape[1]
    memory = PeakMemory(model)

    def harness() -> None:
        with memory:
            runner.replay()

    actions = {
        "harness": harness,
        "loop": lambda: bare_loop(model, prompt, n_steps),
        "generate": lambda: bare_generate(model, prompt, n_steps),
    }
    seconds = in_turns(actions, HARNESS_REPEATS)
    return {
        "shape": HARNESS_SHAPE,
        "n_steps": n_steps,
        "seconds": {name: round(statistics.median(taken), 4) for name, taken in seconds.items()},
        "over_loop": over(seconds, "loop"),
        "over_generate": over(seconds, "generate"),
    }


@torch.inference_mode()
def bare_loop(model: Any, prompt: torch.Tensor, n_steps: int) -> None:
    """Read the prompt, then feed back the likeliest token, and nothing else."""
    cache = DynamicCache(config=model.config)
    ids = prompt
    for _ in range(n_steps + 1):
        out = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        ids = out.logits[:, -1].argmax(-1, keepdim=True)
    synchronize(prompt.device)


@torch.inference_mode()
def bare_generate(model: Any, prompt: torch.Tensor, n_steps: int) -> None:
    """The same by transformers; the last token is chosen and not fed, so it is one more."""
    model.generate(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        do_sample=False,
        min_new_tokens=n_steps + 1,
        max_new_tokens=n_steps + 1,
        pad_token_id=0,
    )


def in_turns(actions: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each, one after the other, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            seconds[name].append(time.perf_counter() - start)
    return {name: taken[1:] for name, taken in seconds.items()}


def over(seconds: dict[str, list[float]], bare: str) -> float:
    """The harness over a bare loop: the median of pairs that stood side by side."""
    pairs = zip(seconds["harness"], seconds[bare], strict=True)
    return round(statistics.median(harness / loop for harness, loop in pairs), 3)


def table(result: dict[str, Any]) -> str:
    """A Markdown table: a row for each batch, before and after, measured beside predicted."""
    rows = [ThroughputRow.from_dict(row) for row in result["rows"]]
    head = ["batch", "characters a second before", "after", "ratio", "predicted",
            "of the bandwidth limit"]  # fmt: skip
    lines = [head, ["--:"] * len(head)]
    for before, after in zip(rows[::2], rows[1::2], strict=True):
        rates = [with_spread(row.decode_chars_per_second, ".1f") for row in (before, after)]
        shares = [f"{row.bandwidth_share:.0%}" for row in (before, after)]
        measured = with_spread(after.decode_ratios, ".2f")
        predicted = f"{after.predicted_ratio:.2f}"
        lines.append([str(after.batch_size), *rates, measured, predicted, ", ".join(shares)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def basis(result: dict[str, Any]) -> str:
    """How much text the figures rest on: that of the windows, and that of the whole."""
    rows = [ThroughputRow.from_dict(row) for row in result["rows"][::2]]
    first = rows[0]
    parts = [
        f"{row.n_prefill_chars + row.n_decode_chars[0]:,} at batch {row.batch_size}" for row in rows
    ]
    return (
        f"Each sequence reads {first.n_prefill_chars // first.batch_size:,} characters and writes "
        f"{first.n_decode_chars[0] // first.batch_size:,}: of the text's {first.n_text_chars:,} "
        f"characters {', '.join(parts)} are used."
    )


def with_spread(values: Sequence[float], form: str) -> str:
    """The median, and the lowest and highest behind it."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):,{form}} ({low:,{form}}–{high:,{form}})"


def section(result: dict[str, Any]) -> str:
    """On the page of results: the table, and what the harness costs."""
    cost = result["harness"]
    told = (
        f"A pass of the harness takes {cost['over_loop']:.3f} of the plainest loop's time and "
        f"{cost['over_generate']:.3f} of `generate`'s ({cost['shape']}, {cost['n_steps']} steps)."
    )
    return f"{table(result)}\n\n{basis(result)}\n\n{told}"


def losses(result: dict[str, Any]) -> list[str]:
    """Batches at which the extension is slower, and loops that the harness is slower than."""
    found = [
        f"at batch {row['batch_size']} the extension writes {row['decode_ratios']:.2f} of the base"
        for row in result["rows"]
        if (row["decode_ratios"] or 1) < 1
    ]
    if (over := result["harness"]["over_loop"]) > 1:
        found.append(f"the harness takes {over:.3f} of a bare loop's time")
    return found


def picture(result: dict[str, Any]) -> bytes:
    """The same figures, and the prediction at other batches, as a PNG."""
    return png(speed_chart("throughput", result["rows"], Words("en")))


def image(name: str) -> str:
    return f"![Characters per second before and after](benchmarks/results/{name}.png)"


if __name__ == "__main__":
    main()
