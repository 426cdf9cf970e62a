"""The command as a person types it, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    path = tmp_path / "outputs.jsonl"
    texts = ["はい、そうです。", "この essay は長い文章だと思います。", "No, it is not."]
    lines = [
        json.dumps({"text": text, "prompt": str(at), "sampling": {"temperature": at / 2}})
        for at, text in enumerate(texts)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tokext(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tokext", "bench", "leakage", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_rates_by_group_details_and_page_are_written(samples, tmp_path):
    details, page, rates = (tmp_path / name for name in ("d.jsonl", "p.html", "r.json"))
    done = tokext(
        samples, "--by", "temperature", "--details", details, "--html", page, "-o", rates, "--json"
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [group["response"]["n"] for group in result["groups"]] == [0, 1, 1]
    assert json.loads(rates.read_text("utf-8"))["result"] == result
    assert len(details.read_text("utf-8").splitlines()) == 3
    assert "<mark" in page.read_text("utf-8")


def test_the_worst_leaks_are_shown_marked_beside_the_details(samples, tmp_path):
    shown = tokext(samples, "--details", tmp_path / "details.jsonl").stdout
    assert "この ⟦essay⟧ は長い文章だと思います。" in shown
    assert "⟦" not in tokext(samples).stdout


def test_the_floor_and_the_limits_stand_beside_the_rates(samples):
    done = tokext(samples, "--language", "en")
    assert "may be nothing but mistakes" in done.stdout
    assert "Not seen for en" in done.stdout


def test_a_comparison_says_whether_it_can_be_told_from_noise(samples):
    done = tokext(samples, "--before", samples)
    assert "cannot be told from noise" in done.stdout


def test_a_missing_file_is_one_line_and_a_hint(tmp_path):
    done = tokext(tmp_path / "none.jsonl")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_an_existing_output_is_refused_before_the_work(samples, tmp_path):
    (tmp_path / "d.jsonl").write_text("old")
    done = tokext(samples, "--details", tmp_path / "d.jsonl")
    assert done.returncode == 1
    assert (tmp_path / "d.jsonl").read_text() == "old"


@pytest.mark.parametrize("options", [("--details", "-o"), ("--html", "--details")])
def test_two_outputs_in_one_place_are_refused_before_the_work(samples, tmp_path, options):
    one, other = options
    done = tokext(samples, one, tmp_path / "x", other, tmp_path / "." / "x")
    assert done.returncode == 1
    assert f"are both {tmp_path / 'x'}." in done.stderr
    assert all(option in done.stderr for option in options)
    assert not (tmp_path / "x").exists()


def test_the_table_has_the_sure_leaks_beside_all(samples):
    header, *rows = tokext(samples).stdout.splitlines()
    assert "sure" in header
    assert rows[0].index("%") > 0
    assert any(line.startswith("Sure are leaks of high confidence") for line in rows)


def test_a_file_of_code_alone_has_no_pass_rates(tmp_path):
    path = tmp_path / "code.jsonl"
    path.write_text('{"text": "```python\\nprint(1)\\n```"}\n', encoding="utf-8")
    assert "line pass rate -, word pass rate - (" in tokext(path).stdout


def test_a_key_with_a_typo_is_one_line_and_the_keys(samples):
    done = tokext(samples, "--by", "temprature")
    assert done.returncode != 0
    assert "'temprature'" in done.stderr


def test_only_japanese_has_a_floor(samples):
    japanese = tokext(samples)
    assert "Of clean Japanese answers" in japanese.stdout
    chinese = tokext(samples, "--language", "zh")
    assert "No floor has been measured for zh" in chinese.stdout
    assert "Of clean" not in chinese.stdout
    result = json.loads(tokext(samples, "--language", "zh", "--json").stdout)
    assert result["false_positive_floor"] is None
    assert result["total"]["above_floor"] is None
    result = json.loads(tokext(samples, "--json").stdout)
    assert result["false_positive_floor"]["high"] > 0
    assert result["total"]["above_floor"] is True
