"""`tokext report` as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tokext.output import json_text
from tokext.records import write_record

GUARANTEE = {"name": "a", "claim": "Holds.", "passed": True, "n_checked": 3, "n_failed": 0}


@pytest.fixture
def verification(tmp_path):
    result = {"guarantees": [GUARANTEE | {"unit": "lines", "examples": [], "note": ""}]}
    (tmp_path / "verification").mkdir()
    write_record(tmp_path / "verification", "verification", options={}, inputs=[], result=result)
    return tmp_path / "verification"


def tokext(*arguments):
    command = [sys.executable, "-m", "tokext", "report", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_writes_the_report_and_names_the_page(verification, tmp_path):
    done = tokext(verification, "-o", tmp_path / "out", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == str(tmp_path / "out" / "report.html")
    record = json.loads((tmp_path / "out" / "tokext.json").read_text(encoding="utf-8"))
    assert record["command"][0] == "report"


def test_json_on_standard_output_is_the_file(verification, tmp_path):
    done = tokext(verification, "-o", tmp_path / "out", "--json")
    shown = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    assert json_text(json.loads(done.stdout)) == shown


def test_a_missing_result_is_one_line_and_a_hint(tmp_path):
    done = tokext(tmp_path / "nowhere", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["Error", "Hint"]


def test_no_result_at_all_is_wrong_usage(tmp_path):
    assert tokext("-o", tmp_path / "out").returncode == 2


def compression(path, chars_per_token, n_lines_changed=None):
    row = {"tokenizer": "base" if n_lines_changed is None else "ours", "corpus": "en.txt"}
    row |= {"n_documents": 1, "n_chars": 8, "n_bytes": 8, "n_tokens": 4, "bytes_per_token": 2.0}
    row |= {"byte_fallback_share": 0.0, "chars_per_token": chars_per_token, "n_lines": 9}
    row |= {"n_lines_changed": n_lines_changed, "n_own_lines": 0, "n_foreign_lines": 9}
    row |= {"n_foreign_lines_changed": n_lines_changed, "language": "Japanese"}
    row |= {"language_is_latin": False}
    path.write_text(json.dumps([row]), encoding="utf-8")
    return path


def test_compare_passes_fails_and_refuses_by_exit_status(tmp_path):
    old = compression(tmp_path / "old.json", 1.0)
    new = compression(tmp_path / "new.json", 2.0, n_lines_changed=0)
    demands = ("--max-english-change", "0", "--min-gain")
    done = tokext("--compare", old, new, *demands, "1.8")
    assert (done.returncode, done.stderr) == (0, "")
    assert "judged as English: en with ours: 0 of 9 lines without a letter" in done.stdout
    failed = tokext("--compare", old, new, *demands, "2.5", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["failures"]
    assert tokext("--compare", old, new, "-o", tmp_path / "out").returncode == 2
    assert tokext(new, "-o", tmp_path / "out", "--min-gain", "1").returncode == 2
    assert tokext("--compare", old, tmp_path / "nowhere.json").returncode == 1
