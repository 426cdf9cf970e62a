"""How many pieces to add: what each size brings, and what it costs a model on a named machine.

    python benchmarks/plan.py --data FOLDER -o RESULT.json    # a minute

FOLDER holds corpora/. The plan is that of the command itself, with its defaults but for the text
that it measures on; the picture beside RESULT.json is the one that `tokext report` draws of it.
Costs are foretold from bytes and operations, as the plan says; nothing is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from conditions import machine, stamp, versions

from tokext.output import json_text, write_whole
from tokext.records import Plan

ROOT = Path(__file__).resolve().parents[1]
TRAINING, TEXT = "ja_train.txt.gz", "ja_heldout_literature.txt"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with corpora/")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tokext-plan-") as scratch:
        folder = Path(scratch)
        result = run(options.data.resolve() / "corpora", folder)
        write_whole(options.output, json_text(result), force=True)
        tokext(folder, "report", "plan.json", "-o", "report")
        shutil.copyfile(folder / "report" / "plan_gain.png", options.output.with_suffix(".png"))


def run(corpora: Path, folder: Path) -> dict[str, Any]:
    """The plan's own record, with what every result says of itself."""
    for name in (TRAINING, TEXT):  # a record names its files as they were given
        (folder / name).symlink_to(corpora / name)
    tokext(folder, "plan", TRAINING, "--text", TEXT, "-o", "plan.json")
    record = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return {**stamp("plan"), "conditions": conditions(), **record}


def conditions() -> dict[str, Any]:
    return {**machine("n_cpus", "platform", "python"), "versions": versions("sentencepiece")}


def tokext(folder: Path, *arguments: str) -> None:
    """Run a command as a reader would, from the folder with its files."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tokext", *arguments, "-q"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def section(result: dict[str, Any]) -> str:
    """On the page of results: a row for each size, the knee and the fastest marked."""
    plan = Plan.from_dict(result["result"])
    marks = {plan.fastest.n_added: "fastest"} | ({plan.knee.n_added: "knee"} if plan.knee else {})
    lines = [["pieces", "characters per token", "extra MB", "characters a second", ""]]
    lines.append([*["--:"] * 4, "---"])
    lines += [
        [f"{row.n_added:,}", f"{plan.chars_per_token(row):.3f}", f"{row.extra_bytes / 1e6:,.0f}",
         f"{row.decode_chars_per_second:,.1f}", marks.get(row.n_added, "")]
        for row in plan.rows
    ]  # fmt: skip
    told = f"For {plan.shape} on {plan.machine} at batch {plan.batch_size}, at best:"
    return told + "\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    main()
