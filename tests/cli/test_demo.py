"""`tokext demo` as a person types it, on a machine without a network."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tokext.cli import demo as demo_command

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


@pytest.mark.slow
def test_with_torch_the_demo_shows_how_fast_a_model_is_and_what_it_says(tmp_path, monkeypatch):
    shorter = {
        "tiny-model": {"steps": 2, "held_out": []},
        "bench throughput": {"new_tokens": 4, "prefill_chars": 20, "machine": "h200"},
        "sample": {"prompts": ["en"], "max_new_tokens": 2},
    }
    stages = demo_command._MODEL_STAGES
    changed = {name: given | shorter.get(name, {}) for name, given in stages.items()}
    monkeypatch.setattr(demo_command, "_MODEL_STAGES", changed)
    done = CliRunner().invoke(demo_command.command, ["-o", str(tmp_path / "demo")])
    assert done.exit_code == 0, done.output
    said = done.stdout.splitlines()
    (speed,) = (line for line in said if line.startswith("  batch 8"))
    assert "predicted)" in speed
    before, after = (line.split(": ", 1)[0].strip() for line in said if line.startswith("    "))
    assert (before, after) == ("before", "after")
    report = json.loads((tmp_path / "demo/report/report.json").read_text("utf-8"))
    assert "throughput" in report["charts"]


def test_the_tiny_model_has_to_beat_a_unigram_model_on_held_out_text_of_both_languages():
    given = demo_command._MODEL_STAGES["tiny-model"]
    assert given["held_out"] == [
        "embedded:ja/heldout_ja_prose.txt",
        "embedded:en/heldout_en_prose.txt",
    ]
    assert given["inputs"] == ["embedded:ja", "embedded:en"]  # which leave held-out files out
