"""How time and memory grow with the corpus and with the workers, and what that makes of 1 TB.

    python benchmarks/scaling.py --data FOLDER -o RESULT.json [--size 88000]

FOLDER holds `corpora/ja_train.txt.gz` and `corpora/ja_literature_225mb.txt.xz`: different works, so
that no text is repeated to make the corpus larger. Their first 1, 10 and 75 MB and all of both
(about 300 MB) are written to a temporary folder as plain text; each size is counted by every number
of `--workers`, as `tokext train-vocab` counts, and what one worker counted is trained on for
`--size` pieces (or as many as it gives). Every run is a process of its own, whose resident memory,
that of its workers included, is sampled every 20 ms.

Fitted over the sizes, by least squares of logarithms: distinct runs = k * runs ** beta (Heaps).
From that and the costs of the largest size, the cost of 1 TB on paper. Two free cores take about
10 minutes.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import lzma
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from conditions import load_average, machine, stamp, versions

from tokext.corpus.census import take_census
from tokext.corpus.read import read_corpus
from tokext.languages import find_language
from tokext.output import json_text, write_whole
from tokext.tokenizer.base import DEFAULT_BASE
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.rules import Rules
from tokext.vocab.train import learn_at_most

MEGABYTE, TERABYTE = 10**6, 10**12
HOW = {"language": "ja", "boundary": "none"}  # the default

ASSUMPTIONS = [
    "distinct runs go on growing by the fitted law: the same kinds of text, as little repeated",
    "reading and counting stay linear in bytes; a worker's memory does not depend on the corpus",
    "64 shards are merged at a time, so a row is read and written once for every factor of 64",
    "training is linear in distinct runs, in time and in memory, at the largest size's rate",
    "machines as fast as this one; one process reads and digests all text and writes all shards, "
    "as tokext does, so that hours of counting hardly fall with more workers or nodes",
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the folder with corpora/")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[1, 10, 75, 300])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--size", type=int, default=88_000)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        run_once(options.once, options.workers[0], options.size)
        return
    with tempfile.TemporaryDirectory(prefix="tokext-scaling-") as folder:
        rows = [
            measured(path, workers, options.size if workers == options.workers[0] else 0)
            for path in corpora(options.data / "corpora", Path(folder), options.megabytes)
            for workers in options.workers
        ]
    result = {
        **stamp("scaling"),
        "conditions": {
            **machine("n_cpus", "platform", "python"),
            "versions": versions("sentencepiece", "regex", "numpy"),
            "load_average": load_average(2),
            **HOW,
        },
        "rows": rows,
        "growth": growth(rows),
        "one_terabyte": one_terabyte(rows),
        "assumptions": ASSUMPTIONS,
    }
    if options.output:
        write_whole(options.output, json_text(result), force=True)
    print(json_text(result), end="")


def corpora(source: Path, folder: Path, megabytes: list[int]) -> Iterator[Path]:
    """The first so many megabytes of the text, as plain files."""
    for size in megabytes:
        path = folder / f"{size}mb.txt"
        left = size * MEGABYTE
        with path.open("wb") as out:
            for line in lines(source):
                if left < len(line):
                    break
                out.write(line)
                left -= len(line)
        yield path
        path.unlink()


def lines(source: Path) -> Iterator[bytes]:
    with (
        gzip.open(source / "ja_train.txt.gz") as first,
        lzma.open(source / "ja_literature_225mb.txt.xz") as second,
    ):
        yield from itertools.chain(first, second)


def run_once(path: Path, workers: int, size: int) -> None:
    """Count, and train if a size is given; say on standard output what happened when."""
    corpus = read_corpus(path)
    base = load_tokenizer(DEFAULT_BASE)
    say("count", "begins")
    with take_census(corpus, path.with_suffix(".out"), workers=workers, **HOW) as census:
        counts = census.counts
        say(
            "count",
            "ends",
            n_chars=corpus.stats.n_chars,
            n_runs=counts.total(),
            n_distinct_runs=len(counts),
            n_lines=census.duplicates.n_lines,
            n_duplicate_lines=census.duplicates.n_duplicate_lines,
        )
        if size:
            say("train", "begins")
            pieces = learn_at_most(counts, base, size, "continue", Rules(find_language("ja")))
            say("train", "ends", n_pieces=len(pieces))


def say(phase: str, what: str, **found: Any) -> None:
    print(json.dumps({"phase": phase, "what": what, "at": time.monotonic(), **found}), flush=True)


def measured(path: Path, workers: int, size: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--once", str(path), "--workers", str(workers)]
    child = subprocess.Popen([*command, "--size", str(size)], stdout=subprocess.PIPE, text=True)
    samples: list[tuple[float, int]] = []
    sampler = threading.Thread(target=sample_memory, args=(child.pid, samples))
    sampler.start()
    assert child.stdout is not None
    events = [json.loads(line) for line in child.stdout]
    sampler.join()
    if child.wait():
        raise SystemExit(f"{' '.join(command)} ended with status {child.returncode}")
    row: dict[str, Any] = {"n_bytes": path.stat().st_size, "workers": workers}
    for begin, end in itertools.pairwise(events):
        if begin["what"] == "begins":
            phase, start, stop = begin["phase"], begin["at"], end["at"]
            row |= {k: v for k, v in end.items() if k not in ("phase", "what", "at")}
            row[f"{phase}_seconds"] = round(stop - start, 2)
            row[f"{phase}_peak_bytes"] = max(
                (n_bytes for at, n_bytes in samples if start <= at <= stop), default=0
            )
    print(json.dumps(row), file=sys.stderr, flush=True)
    return row


def sample_memory(pid: int, samples: list[tuple[float, int]]) -> None:
    """The resident memory of a process and all below it, until it ends."""
    process = psutil.Process(pid)
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        n_bytes = 0
        for one in (process, *process.children(recursive=True)):
            try:
                n_bytes += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        samples.append((time.monotonic(), n_bytes))
        time.sleep(0.02)


def growth(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Heaps' law over the corpus sizes, and how far its worst point is from it."""
    once = {row["n_bytes"]: row for row in rows}.values()
    runs = np.log([row["n_runs"] for row in once])
    distinct = np.log([row["n_distinct_runs"] for row in once])
    beta, log_k = np.polyfit(runs, distinct, 1)
    worst = np.abs(np.exp(distinct - beta * runs - log_k) - 1).max()
    return {"k": float(np.exp(log_k)), "beta": float(beta), "worst_relative_error": float(worst)}


def one_terabyte(rows: list[dict[str, Any]]) -> dict[str, float]:
    """What a corpus of 1 TB would cost, at the largest size's rates."""
    one_worker = [row for row in rows if "train_seconds" in row]
    largest = max(one_worker, key=lambda row: row["n_bytes"])
    smaller = sorted(one_worker, key=lambda row: row["n_bytes"])[-2]
    fastest = min(r["count_seconds"] for r in rows if r["n_bytes"] == largest["n_bytes"])
    law = growth(rows)
    times_larger = TERABYTE / largest["n_bytes"]
    n_runs = largest["n_runs"] * times_larger
    n_distinct = law["k"] * n_runs ** law["beta"]
    per_run = (largest["train_peak_bytes"] - smaller["train_peak_bytes"]) / (
        largest["n_distinct_runs"] - smaller["n_distinct_runs"]
    )
    return {
        "n_runs": round(n_runs),
        "n_distinct_runs": round(n_distinct),
        "count_core_hours": largest["count_seconds"] * times_larger / 3600,
        "count_hours_with_one_reader": fastest * times_larger / 3600,
        "count_peak_bytes_of_one_worker": largest["count_peak_bytes"],
        "train_bytes_per_distinct_run": per_run,
        "train_bytes": n_distinct * per_run,
        "train_hours": largest["train_seconds"] * n_distinct / largest["n_distinct_runs"] / 3600,
    }


if __name__ == "__main__":
    main()
