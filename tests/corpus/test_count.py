"""Counting runs: the same counts however many processes count, and no process left behind."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tokext.corpus.boundaries import BOUNDARIES, runs_of
from tokext.corpus.count import count_runs
from tokext.corpus.counts import by_count
from tokext.corpus.embedded import embedded_lines
from tokext.languages import find_language

LINES = embedded_lines("ja")[:300] + embedded_lines("code")[:50]
BATCHES = [list(LINES[at : at + 40]) for at in range(0, len(LINES), 40)]


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_counts_agree_with_the_obvious_loop(boundary):
    find = runs_of(find_language("ja"), boundary)
    expected = Counter()
    for line in LINES:
        for run in find(line):
            expected[run] += 1
    assert count_runs(BATCHES, boundary=boundary) == expected


def test_counts_do_not_depend_on_the_number_of_workers():
    alone = count_runs(BATCHES, boundary="punctuation", workers=1)
    assert count_runs(BATCHES, boundary="punctuation", workers=3) == alone
    assert alone.total() > 1000


def test_runs_come_by_count_and_then_by_code_point():
    assert list(by_count([("ろ", 1), ("い", 1), ("は", 2)])) == [("は", 2), ("い", 1), ("ろ", 1)]


SCRIPT = """
import os, sys, time
from tokext.corpus.count import count_runs
print("main", flush=True)
def batches():
    for n in range(3 if sys.argv[1] == "short" else 10_000_000):
        yield ["日本" + " " * (5 << 20)]  # a group by itself
        if n == 5:
            time.sleep(1)  # until the workers are there
            print("counting", flush=True)
count_runs(batches(), boundary="script", workers=2)
print("done", flush=True)
"""


HERE = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_script_without_a_main_guard_can_count_in_processes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), "short"]
    done = subprocess.run(command, capture_output=True, text=True, env=HERE, check=True)
    assert (done.stdout, done.stderr) == ("main\ndone\n", "")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(script), "long"], stdout=subprocess.PIPE, env=HERE
    )
    assert process.stdout.readline() == b"main\n"
    assert process.stdout.readline() == b"counting\n"
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 20
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
