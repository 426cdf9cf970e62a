"""What a command costs that is run in a process of its own: seconds and memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from conditions import load_average, now


class RunError(Exception):
    """A run that ended without a vocabulary, with the first line that it said."""


def measured(name: str, command: list[str], work: Path, *, again: bool) -> dict[str, Any]:
    """Run a command in a process of its own; what it took, and under which load."""
    folder, record = work / name, work / name / "cost.json"
    digest = hashlib.sha256(json.dumps(command).encode()).hexdigest()
    if record.is_file() and not again:
        kept = json.loads(record.read_text(encoding="utf-8"))
        if kept.pop("command_sha256", None) == digest:
            return dict(kept)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    when = {"started": now(), "load_average": load_average()}
    before, started = os.times(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak = [0]
    watcher = threading.Thread(target=watch, args=(process, peak))
    watcher.start()
    said = process.communicate()[1].decode()
    if process.returncode:
        raise RunError(said.strip().splitlines()[:1])
    seconds, after = time.perf_counter() - started, os.times()
    watcher.join()
    cpu = sum(after[2:4]) - sum(before[2:4])
    cost = {"seconds": round(seconds, 2), "cpu_seconds": round(cpu, 2), "peak_bytes": peak[0]}
    cost |= when
    record.write_text(json.dumps({"command_sha256": digest, **cost}), encoding="utf-8")
    return cost


def watch(process: subprocess.Popen[bytes], peak: list[int]) -> None:
    """Keep the highest sum of what the process and all its children hold in memory."""
    parent = psutil.Process(process.pid)
    while process.poll() is None:
        total = 0
        try:
            for one in (parent, *parent.children(recursive=True)):
                total += one.memory_info().rss
        except psutil.NoSuchProcess:
            pass
        peak[0] = max(peak[0], total)
        time.sleep(0.05)
