"""Whatever `--max-memory` says, all processes of a training together keep within it."""

import contextlib
import subprocess
import sys
import time

import psutil
import pytest

from tokext.corpus.embedded import embedded_lines
from tokext.corpus.memory import parse_bytes


def held_by(process):
    """Bytes that a process holds; what it shares with others, as after a fork, it holds in part."""
    held = process.memory_full_info()
    return getattr(held, "pss", held.uss)


def peak_of(command):
    """Bytes that a command and its children hold at the most, all together."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    root, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile
            at_work = [root, *root.children(recursive=True)]
            peak = max(peak, sum(map(held_by, at_work)))
        time.sleep(0.01)
    assert process.returncode == 0
    return peak


@pytest.mark.slow
@pytest.mark.parametrize(
    ("max_memory", "cut"),
    [
        ("510MB", ("--boundary", "phrase")),
        ("1100MB", ("--boundary", "phrase")),
        ("1100MB", ("--boundary", "punctuation", "--keep-scripts-apart")),
        ("510MB", ("--preset", "fast")),
    ],
)
def test_cutting_and_thinning_runs_keeps_within_the_memory(base, tmp_path, max_memory, cut):
    """Eight megabytes, and more workers than there is memory for."""
    lines = embedded_lines("ja")
    texts = [f"{a}{b}" for n in range(1, 35) for a, b in zip(lines, lines[n * 7 :], strict=False)]
    (tmp_path / "ja.txt").write_text("\n".join(texts), encoding="utf-8")
    command = [sys.executable, "-m", "tokext", "train-vocab", tmp_path / "ja.txt", *cut]
    command += ["--base", base.name, "--size", "3000", "--workers", "4", "-q"]
    peak = peak_of([*map(str, command), "--max-memory", max_memory, "-o", str(tmp_path / "added")])
    assert 0.2 < peak / parse_bytes(max_memory) < 1
