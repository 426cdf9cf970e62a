"""Resizing a checkpoint in its files, against what transformers does, in one run.

    python benchmarks/resize.py --work FOLDER -o RESULT.json    # 20 to 40 minutes, 20 GB of disk

A Mistral-shaped checkpoint of 2 billion parameters (width 4,096, bfloat16, 32,000 rows) is made
with random weights and extended to 120,128 rows; `--scale` makes layers fewer, width and rows
smaller, all by their share. Each contender runs in a process of its own, whose peak resident memory
(imports and mapped pages included) is what the system reports. In turns, as often as `--repeats`:

- copy: a plain copy of the bytes that the resize must write (its floor);
- tokext: `resize_checkpoint`, which proves what it wrote while it writes;
- tokext_unproved: the same with its proof switched off, to see what the proof costs;
- rows_of_means: `resize_token_embeddings(mean_resizing=False)`, a loop of row means, and
  `save_pretrained`.

Then once: a 70B-shaped index over sparse files, for its memory; and

- default: `resize_token_embeddings` as it is, stopped once it has taken `--limit-factor` times our
  time, or `--limit-minutes`. What it took by then is a lower bound.

The work folder's gigabytes are removed at the end; `--keep` leaves them for another run.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from conditions import load_average, machine, stamp, versions
from random_checkpoints import prepare, prepare_sparse

from tokext.output import json_text, write_whole
from tokext.records import Extension


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="a folder for gigabytes")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit-factor", type=float, default=100.0)
    parser.add_argument("--limit-minutes", type=float, default=30.0, help="0: without the default")
    parser.add_argument("--keep", action="store_true", help="leave the checkpoints in the folder")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(CONTENDERS[options.contender](options.work)))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        result = run(options)
    finally:
        for name in ("out", *(() if options.keep else CHECKPOINTS)):
            shutil.rmtree(options.work / name, ignore_errors=True)
    if options.output:
        write_whole(options.output, json_text(result), force=True)
    print(json_text(result))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """All contenders in turns on one checkpoint, and the conditions."""
    work = options.work
    # What a process held at its height counts for those that it starts, too: this one stays small.
    alone(prepare, work, options.scale)
    runs: dict[str, list[dict[str, Any]]] = {}
    for _ in range(options.repeats):
        for name in ("copy", "tokext", "tokext_unproved", "rows_of_means"):
            runs.setdefault(name, []).append(measure(work, name))
    alone(prepare_sparse, work)
    runs["tokext_70b_sparse"] = [measure(work, "tokext_70b_sparse")]
    ours = statistics.median(r["seconds"] for r in runs["tokext"])
    if options.limit_minutes:
        limit = min(options.limit_factor * ours, options.limit_minutes * 60)
        runs["default"] = [measure(work, "default", limit=limit)]
    found = {name: summary(measured) for name, measured in runs.items()}
    compared = {n: f for n, f in found.items() if n != "tokext_70b_sparse"}
    return {
        **stamp("resize"),
        "conditions": conditions(work, options),
        "contenders": found,
        "seconds_over_tokext": {n: round(f["seconds"] / ours, 2) for n, f in compared.items()},
        "tokext_over_copy": round(ours / found["copy"]["seconds"], 2),
    }


def alone(task: Callable[..., None], *arguments: Any) -> None:
    """Do something in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(task, *arguments).result()


def measure(work: Path, contender: str, limit: float = 0.0) -> dict[str, Any]:
    """One contender in a process of its own: its seconds, and its peak memory."""
    shutil.rmtree(work / "out", ignore_errors=True)
    os.sync()
    command = [sys.executable, __file__, "--work", str(work), "--contender", contender]
    started = time.perf_counter()
    try:
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=limit or None
        )
    except subprocess.TimeoutExpired:
        return {"seconds": time.perf_counter() - started, "stopped": True}
    whole = {"process_seconds": time.perf_counter() - started, "stopped": False}
    return whole | json.loads(done.stdout.splitlines()[-1])


def timed(work: Any, out: Path) -> dict[str, Any]:
    """Seconds until a call's files are on the disk, and the peak memory of this whole process."""
    started = time.perf_counter()
    work()
    for path in out.iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    seconds, usage = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "seconds": seconds,
        "process_cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
    }


def copy_bytes(work: Path) -> dict[str, Any]:
    """The floor: as many bytes as the resized file has, copied by the system from the old one."""
    source, size = work / "base" / "model.safetensors", int((work / "bytes").read_text())

    def copy() -> None:
        (work / "out").mkdir()
        with source.open("rb") as old, (work / "out" / "copy").open("wb") as new:
            left = size
            while left:
                old.seek(0)
                start = 0
                while left:
                    step = os.copy_file_range(old.fileno(), new.fileno(), left, start)
                    start, left = start + step, left - step
                    if not step:
                        break

    return timed(copy, work / "out")


def ours(work: Path, name: str = "base") -> dict[str, Any]:
    from transformers import MistralForCausalLM

    from tokext.model.resize import resize_checkpoint

    assert MistralForCausalLM  # imported before the clock starts, as for the peers
    return timed(
        lambda: resize_checkpoint(
            work / name, tokenizer=work / "tokenizer", output=work / "out", check_logits=False
        ),
        work / "out",
    )


def ours_unproved(work: Path) -> dict[str, Any]:
    from tokext.model import segments

    for kind in (segments.CopiedBytes, segments.MadeRows, segments.PlainBytes):
        kind.is_in = lambda self, file, digest=None: True  # type: ignore[method-assign]
    return ours(work)


def rows_of_means(work: Path) -> dict[str, Any]:
    """What careful recipes do: resize without statistics, then a loop over the added pieces."""
    from transformers import MistralForCausalLM

    extension = Extension.read(work / "tokenizer")

    def resize() -> None:
        model = MistralForCausalLM.from_pretrained(work / "base", dtype="auto")
        model.resize_token_embeddings(extension.padded_size, mean_resizing=False)
        with torch.no_grad():
            for matrix in (model.get_input_embeddings(), model.get_output_embeddings()):
                weight = matrix.weight
                for added in extension.added:
                    weight[added.id] = weight[list(added.constituents)].mean(0)
        model.save_pretrained(work / "out")

    return timed(resize, work / "out")


def default(work: Path) -> dict[str, Any]:
    from transformers import MistralForCausalLM

    size = Extension.read(work / "tokenizer").padded_size

    def resize() -> None:
        model = MistralForCausalLM.from_pretrained(work / "base", dtype="auto")
        model.resize_token_embeddings(size)
        model.save_pretrained(work / "out")

    return timed(resize, work / "out")


CONTENDERS = {
    "copy": copy_bytes,
    "tokext": ours,
    "tokext_unproved": ours_unproved,
    "rows_of_means": rows_of_means,
    "default": default,
    "tokext_70b_sparse": lambda work: ours(work, "sparse"),
}
CHECKPOINTS = ("base", "base-tokenizer", "tokenizer", "sparse")


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians and the highest memory; what was stopped has a lower bound alone."""
    seconds = [round(r["seconds"], 2) for r in runs]
    found = {"seconds": statistics.median(seconds), "seconds_of_each": seconds}
    if any(r["stopped"] for r in runs):
        return found | {"stopped": True, "seconds_are": "at least"}
    for key in ("process_seconds", "process_cpu_seconds"):
        found[key] = round(statistics.median(r[key] for r in runs), 2)
    return found | {"stopped": False, "peak_bytes": max(r["peak_bytes"] for r in runs)}


def conditions(work: Path, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "scale": options.scale,
        "repeats": options.repeats,
        "limit_factor": options.limit_factor,
        "limit_minutes": options.limit_minutes,
        "base_bytes": (work / "base" / "model.safetensors").stat().st_size,
        "bytes_to_write": int((work / "bytes").read_text()),
        **machine("cores"),
        "load_average_at_the_end": load_average(2),
        **machine("platform"),
        "versions": versions("torch", "transformers", "safetensors"),
        "timing": "wall clock until the files are on the disk; imports of torch and transformers "
        "are not counted in seconds; process_seconds has them",
    }


def losses(result: dict[str, Any]) -> list[str]:
    """Where a target is missed: 1.5 times a copy, 5 times as fast as the loop and 100 times as
    transformers' default, 1 GB.
    """
    found = result["contenders"]
    faster = result["seconds_over_tokext"]["rows_of_means"]
    over_copy, peak = result["tokext_over_copy"], found["tokext"]["peak_bytes"] / 1e9
    return [
        *([f"it was to take 1.5 times a plain copy: {over_copy:.2f}"] * (over_copy > 1.5)),
        *([f"it was to be 5 times as fast as a loop of means: {faster:.2f}"] * (faster < 5)),
        *_too_slow_for_default(result),
        *([f"it was to take under 1 GB: {peak:.2f} GB"] * (peak >= 1)),
    ]


def _too_slow_for_default(result: dict[str, Any]) -> list[str]:
    """Less than 100 times, or not shown: one that was stopped earlier is a lower bound."""
    default = result["contenders"].get("default")
    if default is None:
        return []
    faster = result["seconds_over_tokext"]["default"]
    if faster >= 100:
        return []
    shown = f"at least {faster:.0f} when it was stopped" if default["stopped"] else f"{faster:.0f}"
    return [f"it was to be 100 times as fast as transformers' default: {shown}"]


if __name__ == "__main__":
    main()
