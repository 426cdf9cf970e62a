"""`tokext demo` as a person types it, on a machine without a network."""

import json
import subprocess
import sys

import pytest

#: As where only the light install is: neither found nor imported.
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from tokext.cli.main import main
main()
"""


def demo(folder, *arguments):
    command = [sys.executable, "-c", WITHOUT_TORCH, "demo", "-o", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True)


@pytest.mark.slow
def test_without_torch_the_demo_runs_the_tokenizer_and_a_second_start_skips_it(tmp_path):
    folder = tmp_path / "demo"
    said = demo(folder, "-q").stdout.splitlines()
    assert said[-1] == f"Report: {folder / 'report' / 'report.html'}"
    assert "before -> after" in said[1]
    assert "pip install 'tokext[model]'" in said[-2]
    assert {p.name for p in folder.iterdir()} >= {"added", "tokenizer", "compression.json",
                                                  "report", "tokext.json"}  # fmt: skip
    times = {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.name != "tokext.json"}
    again = demo(folder, "--json")
    assert "skipped" in again.stderr
    assert json.loads(again.stdout)["report"] == str(folder / "report" / "report.html")
    assert {p: p.stat().st_mtime_ns for p in times} == times
    assert list(tmp_path.iterdir()) == [folder]
