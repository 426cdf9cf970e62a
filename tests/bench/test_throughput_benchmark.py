"""The README's figures of speed come from the benchmark's JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT, RESULT = ROOT / "benchmarks/throughput.py", ROOT / "benchmarks/results/throughput.json"


def render(readme: Path, result: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, "--render", readme, "-o", result]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


@pytest.fixture
def measured() -> dict[str, object]:
    if not RESULT.exists():
        pytest.skip(f"{RESULT.name} is not there: make it with benchmarks/throughput.py")
    found: dict[str, object] = json.loads(RESULT.read_text("utf-8"))
    return found


@pytest.mark.slow
def test_the_readme_shows_the_committed_figures(tmp_path, measured):
    readme, result = tmp_path / "README.md", tmp_path / "throughput.json"
    readme.write_bytes((ROOT / "README.md").read_bytes())
    result.write_bytes(RESULT.read_bytes())
    done = render(readme, result)
    assert done.returncode == 0, done.stderr
    assert readme.read_bytes() == (ROOT / "README.md").read_bytes()
    assert (tmp_path / "throughput.png").stat().st_size > 10_000


def test_the_committed_figures_keep_what_is_promised(measured):
    assert measured["harness"]["over_loop"] < 1.05
    rows = measured["rows"]
    assert [row["batch_size"] for row in rows] == [1, 1, 8, 8]
    assert measured["conditions"]["n_added"] == 88_000
    for before, after in zip(rows[::2], rows[1::2], strict=True):
        assert before["tokenizer_size"] == 32_000
        assert after["tokenizer_size"] >= 120_000
        assert after["decode_ratios"] > 1
        assert after["predicted_ratio"] > 1


def test_the_committed_figures_are_of_passes_long_enough_and_stay_below_their_limit(measured):
    if "n_text_chars" not in measured["rows"][0]:
        pytest.skip("the committed figures are older: make them with benchmarks/throughput.py")
    assert measured["conditions"]["new_tokens"] >= 64
    assert [row["repeats"] for row in measured["rows"]] == [5, 5, 3, 3]
    for row in measured["rows"]:
        # A window is cut by characters, so it takes about as many tokens.
        assert row["n_steps"] >= 56 or row["decode_ratios"]
        assert row["bandwidth_share"] <= 1


def test_the_committed_figures_are_all_of_one_machine(measured):
    if "load_average" not in measured["conditions"]:
        pytest.skip("the committed figures are older: make them with benchmarks/throughput.py")
    assert len({row["prediction"]["bytes_per_second"] for row in measured["rows"]}) == 1


def test_it_is_said_how_much_text_the_figures_rest_on(tmp_path, measured):
    readme, result = tmp_path / "README.md", tmp_path / "throughput.json"
    readme.write_text("<!-- throughput: begin -->\n<!-- throughput: end -->\n", "utf-8")
    for row in measured["rows"]:
        row["n_text_chars"] = 123_456
        row["n_prefill_chars"] = 1_000 * row["batch_size"]
    result.write_text(json.dumps(measured), "utf-8")
    assert render(readme, result).returncode == 0
    one, eight = (row["n_decode_chars"] for row in measured["rows"][::2])
    said = (
        f"of the text's 123,456 characters {1_000 + one:,} at batch 1, {8_000 + eight:,} at batch 8"
    )
    assert said in readme.read_text("utf-8")


def test_the_readme_states_the_spread(tmp_path, measured):
    readme = tmp_path / "README.md"
    readme.write_text("<!-- throughput: begin -->\n<!-- throughput: end -->\n", "utf-8")
    result = tmp_path / "throughput.json"
    result.write_bytes(RESULT.read_bytes())
    assert render(readme, result).returncode == 0
    for row in measured["rows"][1::2]:
        low, high = row["decode_ratios_spread"]
        assert f"({low:.2f}–{high:.2f})" in readme.read_text("utf-8")


@pytest.mark.slow
def test_a_file_without_marks_is_refused(tmp_path, measured):
    readme, result = tmp_path / "README.md", tmp_path / "throughput.json"
    result.write_bytes(RESULT.read_bytes())
    readme.write_text("no marks\n", "utf-8")
    assert render(readme, result).returncode != 0
    assert readme.read_text("utf-8") == "no marks\n"
