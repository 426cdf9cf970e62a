"""The command as a person types it, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tokext.bench.compression import measure_compression
from tokext.cli.several import repeat_names
from tokext.records import read_compression

BASE = "mistralai/Mistral-7B-v0.1"


@pytest.fixture
def texts(tmp_path: Path) -> list[Path]:
    written = {"ja.txt": "吾輩は猫である。\n名前はまだ無い。\n", "en.txt": "It has no name yet.\n"}
    for name, content in written.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    return [tmp_path / name for name in written]


def tokext(*arguments: object, **options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tokext", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)


def test_json_is_the_list_of_rows_and_nothing_else(texts: list[Path]) -> None:
    done = tokext("bench", "compression", BASE, "--text", *texts, "--json")
    assert done.returncode == 0, done.stderr
    rows = measure_compression(BASE, texts)
    assert json.loads(done.stdout)[0]["command"][:3] == ["bench", "compression", BASE]
    volatile = {"seconds": 0, "created": "", "command": []}
    assert [fields | volatile for fields in json.loads(done.stdout)] == [
        json.loads(json.dumps(row.as_dict())) | volatile for row in rows
    ]


def test_rows_are_written_and_an_existing_file_is_kept(texts: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "gain.json"
    arguments = ["bench", "compression", BASE, "--text", *texts, "-o", out, "-q"]
    first = tokext(*arguments)
    assert first.returncode == 0, first.stderr
    assert [row.corpus for row in read_compression(out)] == ["ja.txt", "en.txt"]
    assert "chars/token" in first.stdout
    before = out.read_bytes()
    again = tokext(*arguments)
    assert (again.returncode, out.read_bytes()) == (1, before)
    assert "exists already" in again.stderr
    assert tokext(*arguments, "--force").returncode == 0


def test_standard_input_is_a_text(texts: list[Path]) -> None:
    done = tokext(
        "bench", "compression", BASE, "--text", "-", "--json", "--word-sample-chars", 0,
        input="猫\n犬\n",
    )  # fmt: skip
    [row] = json.loads(done.stdout)
    assert (row["n_documents"], row["words"]) == (2, None)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["nowhere", "--text", "ja.txt"], 1, "there is no tokenizer 'nowhere'"),
        ([BASE, "--text", "nowhere.txt"], 1, "nowhere.txt does not exist"),
        ([BASE, "--text", "empty.txt"], 1, "empty.txt holds no text"),
        ([BASE, "--text", "ja.txt", "--document-lines", "0"], 1, "document_lines is 0"),
        ([BASE, "--text", "ja.txt", "--language", "xq"], 1, "unknown language 'xq'"),
        ([BASE], 2, "--text"),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], status: int, said: str, texts: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "empty.txt").touch()
    placed = [str(tmp_path / a) if a.endswith(".txt") else a for a in arguments]
    done = tokext("bench", "compression", *placed)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_several_values_may_follow_one_name() -> None:
    assert repeat_names(["--text", "a", "-", "--json", "b"], ["--text"]) == [
        "--text", "a", "--text", "-", "--json", "b",
    ]  # fmt: skip
