"""Run every benchmark, one after the other, and write the page of their results.

    python benchmarks/all.py --data FOLDER [--only NAME] [--render]

Each script says in its first lines how it is run; that command is run here, with FOLDER in its
place: `--data` and TOKEXT_DATA name the folder with corpora/, peers/ and samples/, `--work` one for
large files that is removed afterwards. RESULT.json becomes results/NAME.json. What takes long is
left to a call of its own with `--only`. `--render` runs nothing and writes the pages anew:
README.md, and what scripts put into the README of the folder above by a `--render` of their own.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
#: These have targets of their own in the Makefile, and why.
ALONE = {
    "gguf_parity": "it builds llama.cpp first",
    "initialization": "it trains models for an hour and a half",
    "rows": "it wants a GPU: its command names cuda, and mps and cpu are to be had, too",
    "scaling": "its times want a machine that does nothing else",
}
LIMIT_SECONDS = 60 * 60


@dataclass(frozen=True)
class Script:
    """A benchmark: its name, what it says it does, and the commands that it says it is run by."""

    name: str
    purpose: str
    command: str
    render: str = ""

    @property
    def result(self) -> Path:
        """Where its result is."""
        return RESULTS / f"{self.name}.json"

    def filled(self, command: str, data: str, work: str) -> tuple[dict[str, str], list[str]]:
        """The environment and the arguments of a command, with folders and files in place."""
        text = re.sub(r"--work (FOLDER|DIR)", f"--work {shlex.quote(work)}", command)
        text = text.replace("RESULT.json", shlex.quote(str(self.result)))
        words = shlex.split(text.replace("FOLDER", shlex.quote(data)))
        settings = dict(w.split("=", 1) for w in words[: words.index("python")])
        program = [sys.executable, str(HERE / f"{self.name}.py")]
        return settings, program + words[words.index("python") + 2 :]


def scripts() -> list[Script]:
    """Every script here that says how it is run, in name order."""
    return [found for path in sorted(HERE.glob("*.py")) if (found := script(path))]


def script(path: Path) -> Script | None:
    """What the first lines of a file say; None for what leaves no result, and for this."""
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    lines = re.findall(rf"^ *((?:\w+=\w+ )?python benchmarks/{path.name}.*)$", told, re.MULTILINE)
    if not lines or not re.search(r"RESULT\.json|TOKEXT_DATA=", lines[0]):
        return None
    commands = [re.sub(r"\[.*?\]|#.*$", "", line).strip() for line in lines]
    renders = [command for command in commands if "--render README.md" in command]
    return Script(path.stem, told.splitlines()[0], commands[0], *renders[:1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("TOKEXT_DATA"), help="folder of texts")
    parser.add_argument("--only", action="append", help="a benchmark's name; repeatable")
    parser.add_argument("--render", action="store_true", help="write README.md and run nothing")
    options = parser.parse_args()
    failed = []
    if not options.render:
        if not options.data:
            sys.exit("Name the folder with corpora/, peers/ and samples/: --data or TOKEXT_DATA.")
        if not options.only:
            print("\n".join(f"{name}: left out, {why}" for name, why in ALONE.items()), flush=True)
        wanted = [s for s in scripts() if asked(s.name, options.only)]
        failed = [s.name for s in wanted if not run(s, os.path.abspath(options.data))]
    for found in scripts():
        if found.render and found.result.exists():
            _, command = found.filled(found.render, "", "")
            subprocess.run(command, cwd=HERE.parent, check=True)
    subprocess.run([sys.executable, HERE / "page.py"], check=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def asked(name: str, only: list[str] | None) -> bool:
    return name in only if only else name not in ALONE


def run(found: Script, data: str) -> bool:
    """Run one benchmark; whether it ended well and in time."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tokext-bench-") as work:
        settings, command = found.filled(found.command, data, work)
        print(f"{found.name}: {found.purpose}", flush=True)
        try:
            environment = os.environ | settings
            done = subprocess.run(
                command, cwd=HERE.parent, env=environment, timeout=LIMIT_SECONDS,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip
            said = "done" if done.returncode == 0 else f"exit status {done.returncode}"
        except subprocess.TimeoutExpired:
            said = f"stopped after {LIMIT_SECONDS // 60} minutes"
    print(f"{found.name}: {said}, {time.perf_counter() - started:,.0f} s", flush=True)
    return said == "done"


if __name__ == "__main__":
    main()
