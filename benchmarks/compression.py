"""Characters per token on held-out text, and what counting costs over a bare encode loop.

    python benchmarks/compression.py --data FOLDER -o RESULT.json [--extended DIR]
    python benchmarks/compression.py --render README.md -o RESULT.json    # its table and RESULT.png

FOLDER holds corpora/ (text to learn from, and three held-out files) and peers/ (other people's
tokenizers). Without `--extended` two tokenizers are made first, of 30,000 pieces each. Documents
are 20 lines joined by newlines, and the newlines are counted. Each speed is the median of several
repeats; bare loop and harness take turns, so that a busy machine slows both. The harness reads
the files, counts, compares lines and sums up; word metrics and curves are left out. The bare loop
has the documents in memory and adds up numbers of tokens.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conditions import machine, stamp, versions
from marks import write_between

from tokext.bench.compression import measure_compression
from tokext.corpus.read import group_lines, read_corpus
from tokext.merge.extension import merge_vocab
from tokext.output import json_text, write_whole
from tokext.records import CompressionRow, read_record
from tokext.report.charts import png
from tokext.report.parts import Chart
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.vocab.added import train_vocab
from tokext.vocab.train import METHODS

BASE = "mistralai/Mistral-7B-v0.1"
PEERS = ["peers/llm-jp-tokenizer-100k.ver3.0b1.model", "peers/gpt-neox-20b/tokenizer.json"]
TRAINING = "ja_train.txt.gz"
TEXTS = ["ja_heldout_literature.txt", "ja_heldout_technical.txt", "en_control.txt"]
DOCUMENT_LINES = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with corpora/ and peers/")
    parser.add_argument("--extended", action="append", default=[], help="a tokenizer folder")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--render", type=Path, metavar="README.md", help="rewrite its table")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if options.data:
        with tempfile.TemporaryDirectory() as scratch:
            extended = options.extended or extend(options.data, Path(scratch))
            result = run(options.data, extended, options.repeats)
        write_whole(options.output, json_text(result), force=True)
    if options.render:
        result = json.loads(options.output.read_text(encoding="utf-8"))
        write_between(options.render, "compression", table(result))
        options.output.with_suffix(".png").write_bytes(picture(result))


def extend(data: Path, scratch: Path) -> list[str]:
    """Mistral with 30,000 pieces of the training text, by each method; the folders."""
    folders = []
    for method in METHODS:
        added, folder = scratch / f"added-{method}", scratch / f"mistral-ja-{method}"
        train_vocab(data / "corpora" / TRAINING, added, base=BASE, size=30_000, method=method)
        merge_vocab(added, folder, base=BASE)
        folders.append(str(folder))
    return folders


def run(data: Path, extended: list[str], repeats: int) -> dict[str, Any]:
    """Measure everything, and say under which conditions."""
    names = [BASE, *extended, *(str(data / peer) for peer in PEERS)]
    tokenizers = [load_tokenizer(name) for name in names]
    paths = [data / "corpora" / text for text in TEXTS]
    rows = measure_compression(tokenizers, paths, document_lines=DOCUMENT_LINES)
    return {
        **stamp("compression"),
        "conditions": conditions(repeats),
        "speed": [speed([t], paths, repeats) for t in tokenizers]
        + [speed([tokenizers[0], t], paths, repeats) for t in tokenizers[1 : 1 + len(extended)]],
        "rows": [row_fields(row) for row in rows],
        "guarantees": {Path(name).name: guarantees(Path(name)) for name in extended},
    }


def guarantees(folder: Path) -> dict[str, list[int]]:
    """For each guarantee of an extended tokenizer: how many cases failed, how many were tried."""
    found = read_record(folder)["result"]["guarantees"]
    return {g["name"]: [g["n_failed"], g["n_checked"]] for g in found}


def conditions(repeats: int) -> dict[str, Any]:
    return {
        **machine("n_cpus", "platform", "python"),
        "versions": versions("sentencepiece", "tokenizers", "fugashi", "numpy"),
        "document_lines": DOCUMENT_LINES,
        "repeats": repeats,
    }


def row_fields(row: CompressionRow) -> dict[str, Any]:
    """A row without its sample text, which is other people's, and without a machine's folders."""
    fields = row.as_dict()
    del fields["segmentation"], fields["added_use"], fields["changed_lines"]
    path = Path(row.tokenizer)
    is_file = path.exists()
    return fields | {"tokenizer": short_name(path) if is_file else row.tokenizer}


def short_name(path: Path) -> str:
    return path.parent.name if path.name == "tokenizer.json" else path.name.removesuffix(".model")


def speed(tokenizers: list[Tokenizer], paths: list[Path], repeats: int) -> dict[str, Any]:
    """Compare the harness with a bare loop: on one thread, and on all of them."""
    documents = [d for path in paths for d in group_lines(read_corpus(path), DOCUMENT_LINES)]

    def bare_loop() -> int:
        return sum(len(encode_one(t)(d)) for t in tokenizers for d in documents)

    def bare_batch() -> int:
        return sum(len(ids) for t in tokenizers for ids in t.encode_batch(documents))

    def harness(workers: int) -> int:
        rows = measure_compression(
            tokenizers, paths, document_lines=DOCUMENT_LINES, word_sample_chars=0, curve=False,
            workers=workers,
        )  # fmt: skip
        return sum(row.n_tokens for row in rows)

    one = in_turns(bare_loop, lambda: harness(1), repeats)
    every = in_turns(bare_batch, lambda: harness(0), repeats)
    return {
        "tokenizers": [short_name(Path(t.name)) for t in tokenizers],
        "n_chars": sum(map(len, documents)),
        "one_thread": ratio(*one),
        "all_threads": ratio(*every),
    }


def encode_one(tokenizer: Tokenizer) -> Callable[[str], Any]:
    """The call that a bare loop makes for each document."""
    if tokenizer.model_file is not None:
        return tokenizer.model_file.processor.encode
    fast = tokenizer.fast.tokenizer
    return lambda text: fast.encode(text, add_special_tokens=False).ids


def in_turns(
    bare: Callable[[], int], harness: Callable[[], int], repeats: int
) -> tuple[list[float], list[float]]:
    """Seconds of both, one after the other, after one round that is not counted."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats + 1):
        counted = []
        for action, taken in zip((bare, harness), seconds, strict=True):
            start = time.perf_counter()
            counted.append(action())
            taken.append(time.perf_counter() - start)
        if counted[0] != counted[1]:
            raise SystemExit(f"the loop counts {counted[0]} tokens, the harness {counted[1]}")
    return seconds[0][1:], seconds[1][1:]


def ratio(bare: list[float], harness: list[float]) -> dict[str, float]:
    bare_seconds, harness_seconds = statistics.median(bare), statistics.median(harness)
    return {
        "bare_seconds": round(bare_seconds, 4),
        "harness_seconds": round(harness_seconds, 4),
        "harness_over_bare": round(harness_seconds / bare_seconds, 3),
    }


def table(result: dict[str, Any]) -> str:
    """A Markdown table: characters per token, a row for each tokenizer, a column for each text."""
    rows = {(row["tokenizer"], row["corpus"]): row for row in result["rows"]}
    names = list(dict.fromkeys(name for name, _ in rows))
    head = ["tokenizer", "ids", *(Path(text).stem for text in TEXTS), "English lines changed"]
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    for name in names:
        mine = [rows[name, text] for text in TEXTS]
        ratios = [f"{row['chars_per_token']:.3f}" for row in mine]
        changed = mine[-1]["n_lines_changed"]
        counted = "" if changed is None else f"{changed:,} of {mine[-1]['n_lines']:,}"
        lines.append([name, f"{mine[0]['tokenizer_size']:,}", *ratios, counted])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def section(result: dict[str, Any]) -> str:
    """Both tables of the page of results: what is counted, and what counting costs."""
    lines = [["tokenizers", "one thread", "all threads"], ["---", "--:", "--:"]]
    for row in result["speed"]:
        ratios = (row[threads]["harness_over_bare"] for threads in ("one_thread", "all_threads"))
        lines.append([" and ".join(row["tokenizers"]), *(f"{ratio:.2f}" for ratio in ratios)])
    costs = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{table(result)}\n\nSeconds of the harness over those of a bare loop:\n\n{costs}"


def losses(result: dict[str, Any]) -> list[str]:
    """Tokenizers with more characters in a token than ours, and what counting costs."""
    found = []
    for text in TEXTS:
        rows = [row for row in result["rows"] if row["corpus"] == text]
        ours = [row for row in rows if row["tokenizer"] in result["guarantees"]]
        best = max(row["chars_per_token"] for row in ours)
        found += [
            f"{row['tokenizer']} has {row['chars_per_token']:.3f} characters per token on "
            f"{Path(text).stem}, tokext's best {best:.3f}"
            for row in rows
            if row not in ours and row["chars_per_token"] > best
        ]
    threads = ("one_thread", "all_threads")
    most = max(row[key]["harness_over_bare"] for row in result["speed"] for key in threads)
    return (
        [*found, f"the harness takes up to {most:.2f} of a bare loop's time"] if most > 1 else found
    )


def picture(result: dict[str, Any]) -> bytes:
    """The same figures as a bar chart, a PNG."""
    rows = {(row["tokenizer"], row["corpus"]): row["chars_per_token"] for row in result["rows"]}
    names = list(dict.fromkeys(name for name, _ in rows))
    groups = [
        {"corpus": Path(text).stem, "values": [rows[name, text] for name in names]}
        for text in TEXTS
    ]
    data = {"series": names, "groups": groups, "unit": "characters per token"}
    return png(Chart("compression", "bars", "Characters per token by corpus", "", data))


if __name__ == "__main__":
    main()
