"""The benchmark of row arithmetic runs on any device, and says where it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import all as runner  # noqa: E402
import page  # noqa: E402
import rows  # noqa: E402

SMALL = ["--rows", "400", "--base-rows", "200", "--widths", "16", "32", "--repeats", "3"]


def run(device: str, result: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARKS / "rows.py", "--device", device, *SMALL, "-o", result]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def test_rows_are_timed_against_copies_of_their_bytes(tmp_path):
    done = run("cpu", tmp_path / "rows.json")
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert (result["benchmark"], result["target"]) == ("rows", 2.0)
    assert [row["width"] for row in result["rows"]] == [16, 32]
    n_parts = sum(map(len, rows.constituents(400, 200)))
    for row in result["rows"]:
        assert row["n_constituents"] == n_parts
        assert row["bytes_gathered_and_written"] == (n_parts + 400) * row["width"] * 2
        assert row["bytes_read_once_and_written"] <= (200 + 400) * row["width"] * 2
        assert row["mix_rows_over_copy"] > 0
    assert len(rows.losses(result)) == sum(not row["target_met"] for row in result["rows"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_named_and_nothing_is_written(tmp_path):
    done = run("cuda", tmp_path / "rows.json")
    assert done.returncode == 1
    assert done.stderr.startswith("the device 'cuda' is not there.")
    assert not (tmp_path / "rows.json").exists()


def test_wrong_rows_are_not_timed():
    weight = torch.randn(10, 4)
    with pytest.raises(AssertionError):
        rows.check(torch.zeros(2, 4), weight, [[0, 1], [2, 3]])


def test_it_is_left_out_by_name_where_all_run():
    assert not runner.asked("rows", None)
    assert "GPU" in runner.ALONE["rows"]


def test_the_page_names_what_has_no_result(tmp_path, monkeypatch):
    script = next(s for s in runner.scripts() if s.name == "rows")
    monkeypatch.setattr(runner, "RESULTS", tmp_path)
    assert f"- rows: {script.purpose}" in "\n".join(page.missing())
    for found in runner.scripts():
        found.result.write_text("{}", encoding="utf-8")
    assert not list(page.missing())
