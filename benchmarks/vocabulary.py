"""Vocabularies by method, boundary and size, beside the best-known published recipe.

    python benchmarks/vocabulary.py --data FOLDER --work FOLDER -o RESULT.json  # 15 minutes
    python benchmarks/vocabulary.py --render README.md -o RESULT.json

The first FOLDER holds corpora/, the other one is for what is learned. Each vocabulary of 88,000
pieces is learned by the command itself in a process of its own, and so is the recipe's; smaller
ones are its first pieces. Of each process the seconds, the CPU seconds and the peak of the memory
of it and its children are taken, imports and counting included, with the time of the run and how
busy the machine was. A run whose result lies in the second FOLDER already, of the same command, is
not run again, but for `--again`.

Characters per token are of documents of 20 lines, newlines counted: unseen literature, unseen
technical pages, and Japanese prose of other kinds, written for tokext.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from conditions import load_average, machine, stamp, versions
from costs import RunError, measured
from limits import RARELY, Cut, agreement, fewest_tokens, n_rarely_used
from marks import write_between
from recipe import BASE

from tokext.corpus.boundaries import BOUNDARIES
from tokext.corpus.embedded import embedded_files
from tokext.corpus.read import group_lines, read_corpus
from tokext.output import json_text, write_whole
from tokext.report.charts import png
from tokext.report.parts import Chart
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.folder import read_added
from tokext.vocab.reach import choose_reachable, model_with
from tokext.vocab.train import METHODS

SIZES = (8_000, 30_000, 75_000, 88_000)
TRAINING = "ja_train.txt.gz"
TEXTS = {"literature": "ja_heldout_literature.txt", "technical": "ja_heldout_technical.txt"}
DOCUMENT_LINES = 20
DEFAULT = "continue-none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder with corpora/")
    parser.add_argument("--work", type=Path, default=Path("benchmarks/work"))
    parser.add_argument("--again", action="store_true", help="run what was run before, too")
    parser.add_argument("--only", nargs="*", help="names of runs, such as recipe continue-none")
    parser.add_argument("--render", type=Path, metavar="README.md", help="rewrite its table")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    if options.data:
        result = run(options.data, options.work, options.only, again=options.again)
        write_whole(options.output, json_text(result), force=True)
    if options.render:
        result = json.loads(options.output.read_text(encoding="utf-8"))
        write_between(options.render, "vocabulary", table(result))
        options.output.with_suffix(".png").write_bytes(picture(result))


def commands(training: Path, work: Path) -> dict[str, list[str]]:
    """Every run by its name: the recipe, each method with each boundary, and variants."""
    here = Path(__file__).parent
    recipe = [str(here / "recipe.py"), str(training), "-o", str(work / "recipe" / "tokenizer.json")]

    def train(name: str, *options: str) -> list[str]:
        folder = str(work / name / "added")
        size = () if "--size" in options else ("--size", str(SIZES[-1]))
        return ["-m", "tokext", "train-vocab", str(training), *size, *options, "-q", "-o", folder]

    runs = {"recipe": recipe}
    for method in METHODS:
        for boundary in BOUNDARIES:
            name = f"{method}-{boundary}"
            runs[name] = train(name, "--method", method, "--boundary", boundary)
    runs["continue-apart"] = train("continue-apart", "--keep-scripts-apart")
    runs["fast"] = train("fast", "--preset", "fast", "--size", "56000")
    runs["keep-all"] = train("keep-all", "--keep-all")
    return runs


def run(data: Path, work: Path, only: list[str] | None, *, again: bool) -> dict[str, Any]:
    """Learn every vocabulary, then measure every one of them."""
    runs = commands(data / "corpora" / TRAINING, work)
    texts = {
        name: list(group_lines(read_corpus(data / "corpora" / file), DOCUMENT_LINES))
        for name, file in TEXTS.items()
    }
    prose = [f for f in embedded_files("ja") if "technical" not in f.name and "code" not in f.name]
    texts["prose"] = list(group_lines(read_corpus(prose), DOCUMENT_LINES))
    english = list(read_corpus(data / "corpora" / "en_control.txt"))
    rows = []
    failed = {}
    for name in only or runs:
        try:
            cost = measured(name, runs[name], work, again=again)
        except RunError as error:  # a boundary may leave too few pieces for the size
            failed[name] = " ".join(map(str, error.args[0]))
            print(name, failed[name], file=sys.stderr)
            continue
        for size, cut in cuts(name, work):
            print(name, size, file=sys.stderr)
            rows.append({"run": name, "n_added": size, **cost, **measure(cut, texts, english)})
    return {
        **stamp("vocabulary"),
        "conditions": conditions(),
        "texts": {name: sum(map(len, documents)) for name, documents in texts.items()},
        "rows": rows,
        "failed": failed,
        "limits": limits(data, work, texts["literature"], [r["run"] for r in rows]),
    }


def conditions() -> dict[str, Any]:
    return {
        **machine("n_cpus", "platform", "python"),
        "versions": versions("sentencepiece", "tokenizers", "fugashi", "numpy"),
        "document_lines": DOCUMENT_LINES,
        "repeats": 1,
        "load_average": load_average(),
    }


def cuts(name: str, work: Path) -> Iterable[tuple[int, Cut]]:
    """A run's tokenizer at each size that it has."""
    base = load_tokenizer(BASE)
    if name == "recipe":
        cut = Cut.of_json(work / name / "tokenizer.json")
        yield len(cut.texts) - base.size, cut
        return
    pieces, _ = read_added(work / name / "added")
    for size in (s for s in SIZES if s <= len(pieces)):
        _, model = choose_reachable(base, iter(pieces), size, Counter())
        yield size, Cut.of_model(model)
    if len(pieces) not in SIZES:
        yield len(pieces), Cut.of_model(model_with(base, pieces))


@cache
def base_cut() -> Cut:
    return Cut.of_model(load_tokenizer(BASE).model)


def measure(cut: Cut, texts: dict[str, list[str]], english: list[str]) -> dict[str, Any]:
    """Everything that is asked of one tokenizer."""
    base = base_cut()
    found: dict[str, Any] = {"n_tokens": {}, "chars_per_token": {}}
    for name, documents in texts.items():
        n_tokens = sum(map(len, cut.encode(documents)))
        found["n_tokens"][name] = n_tokens
        found["chars_per_token"][name] = round(sum(map(len, documents)) / n_tokens, 4)
    changed = zip(base.encode(english), cut.encode(english), strict=True)
    return found | {
        "n_unreachable": cut.n_unreachable(len(base.texts)),
        "n_english_lines": len(english),
        "n_english_lines_changed": sum(a != b for a, b in changed),
        "borders": agreement(cut, texts["literature"]),
    }


def limits(data: Path, work: Path, documents: list[str], names: list[str]) -> list[dict[str, Any]]:
    """How far the recipe and the default at its largest size are from what their pieces allow."""
    found = []
    for name in ("recipe", DEFAULT):
        if name in names:
            size, cut = list(cuts(name, work))[-1]
            training = group_lines(read_corpus(data / "corpora" / TRAINING), DOCUMENT_LINES)
            n_tokens, n_fewest = fewest_tokens(cut, documents)
            found.append({
                "run": name, "n_added": size, "n_tokens": n_tokens, "n_fewest_tokens": n_fewest,
                "rarely": RARELY,
                "n_rarely_used": n_rarely_used(cut, size, training),
            })  # fmt: skip
    return found


def table(result: dict[str, Any]) -> str:
    """A Markdown table: every run at its largest size; time and memory beside the recipe's."""
    head = ["run", "rows", "literature", "technical", "other prose", "precision", "recall", "F1",
            "unreachable", "English lines changed", "time", "memory"]  # fmt: skip
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    largest = {row["run"]: row for row in result["rows"]}
    recipe = largest["recipe"]
    for name, row in largest.items():
        lines.append([
            name, f"{row['n_added']:,}",
            *(f"{row['chars_per_token'][t]:.3f}" for t in ("literature", "technical", "prose")),
            *(f"{row['borders'][key]:.2f}" for key in ("precision", "recall", "f1")),
            f"{row['n_unreachable']:,}",
            f"{row['n_english_lines_changed']:,} of {row['n_english_lines']:,}",
            f"{row['seconds'] / recipe['seconds']:.2f}",
            f"{row['peak_bytes'] / recipe['peak_bytes']:.2f}",
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def section(result: dict[str, Any]) -> str:
    """On the page of results: every run, its smaller sizes, and what is left to gain."""
    from page import tables

    return "\n\n".join([
        "Each run at its largest size; time and memory are shares of the recipe's:",
        table(result),
        "Characters per token of literature with the first so many pieces:",
        table_of_sizes(result),
        "Tokens of a sample, and the fewest that the same pieces could spell it with:",
        *tables({"limits": result["limits"]}),
        *(f"`{name}` ended without a vocabulary: {why}" for name, why in result["failed"].items()),
    ])  # fmt: skip


def table_of_sizes(result: dict[str, Any]) -> str:
    """A Markdown table of every run that has more sizes than one, a column for each."""
    found = {(r["run"], r["n_added"]): r["chars_per_token"]["literature"] for r in result["rows"]}
    runs = Counter(run for run, _ in found)
    lines = [["run", *(f"{size:,} rows" for size in SIZES)], ["---", *["--:"] * len(SIZES)]]
    for run in (run for run, n_sizes in runs.items() if n_sizes > 1):
        values = (found.get((run, size)) for size in SIZES)
        lines.append([run, *("" if value is None else f"{value:.3f}" for value in values)])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def losses(result: dict[str, Any]) -> list[str]:
    """Where the recipe beats the default, and where the default misses its aims beside it."""
    rows = {(row["run"], row["n_added"]): row for row in result["rows"]}
    recipe = next(row for row in result["rows"] if row["run"] == "recipe")
    ours, fewer = (rows["continue-none", size] for size in (88_000, 75_000))
    found = [
        f"the recipe has {value:.3f} characters per token on {text}, the default {mine:.3f}"
        for text, value in recipe["chars_per_token"].items()
        if (mine := ours["chars_per_token"][text]) < value
    ]
    value, mine = (row["chars_per_token"]["literature"] for row in (recipe, fewer))
    if mine < value:
        found.append(f"75,000 rows were to reach {value:.3f} on literature: {mine:.3f}")
    for what, key, aim in (("time", "seconds", 6), ("memory", "peak_bytes", 3)):
        if (share := ours[key] / recipe[key]) > 1 / aim:
            found.append(f"{what} was to be 1/{aim} of the recipe's: {share:.2f}")
    hurried = max((r for r in result["rows"] if r["run"] == "fast"), key=lambda r: r["n_added"])
    if (share := hurried["seconds"] / recipe["seconds"]) > 0.1:
        found.append(f"--preset fast was to take a tenth of the recipe's time: {share:.3f}")
    return found


def picture(result: dict[str, Any]) -> bytes:
    """Characters per token on unseen literature by size, a bar for each run, a PNG."""
    rows = {(r["run"], r["n_added"]): r["chars_per_token"]["literature"] for r in result["rows"]}
    names = [f"continue-{boundary}" for boundary in BOUNDARIES]
    names = [name for name in names if all((name, size) in rows for size in SIZES)]
    groups = [
        {"corpus": f"{size:,} rows", "values": [rows[name, size] for name in names]}
        for size in SIZES
    ]
    data = {"series": names, "groups": groups, "unit": "characters per token"}
    return png(Chart("vocabulary", "bars", "Characters per token by boundary and size", "", data))


if __name__ == "__main__":
    main()
