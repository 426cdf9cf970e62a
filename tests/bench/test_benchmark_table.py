"""The README's table comes from the benchmark's JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "compression.py"
TEXTS = ["ja_heldout_literature.txt", "ja_heldout_technical.txt", "en_control.txt"]


def _render(readme: Path, result: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, "--render", readme, "-o", result]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def _row(tokenizer: str, corpus: str, n_lines_changed: int | None) -> dict[str, object]:
    return {
        "tokenizer": tokenizer,
        "corpus": corpus,
        "tokenizer_size": 32000,
        "chars_per_token": 1.5,
        "n_lines": 4288,
        "n_lines_changed": n_lines_changed,
    }


def test_a_table_is_put_between_its_marks_and_nothing_else_moves(tmp_path: Path) -> None:
    rows = [_row(name, text, n) for text in TEXTS for name, n in [("base", None), ("ours", 0)]]
    result, readme = tmp_path / "result.json", tmp_path / "README.md"
    result.write_text(json.dumps({"rows": rows}), encoding="utf-8")
    begin, end = "<!-- compression: begin -->", "<!-- compression: end -->"
    readme.write_text(f"before\n{begin}\nold\n{end}\nafter\n", encoding="utf-8")
    done = _render(readme, result)
    assert done.returncode == 0, done.stderr
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{begin}\n| tokenizer |")
    assert text.endswith(f"{end}\nafter\n")
    assert "| base | 32,000 | 1.500 | 1.500 | 1.500 |  |" in text
    assert "| ours | 32,000 | 1.500 | 1.500 | 1.500 | 0 of 4,288 |" in text


def test_a_file_without_marks_is_refused(tmp_path: Path) -> None:
    result, readme = tmp_path / "result.json", tmp_path / "README.md"
    result.write_text(
        json.dumps({"rows": [_row("base", text, None) for text in TEXTS]}), encoding="utf-8"
    )
    readme.write_text("no marks\n", encoding="utf-8")
    assert _render(readme, result).returncode != 0
    assert readme.read_text(encoding="utf-8") == "no marks\n"


ROOT = SCRIPT.parents[1]
RESULT = ROOT / "benchmarks" / "results" / "compression.json"


def test_the_readme_shows_the_committed_figures(tmp_path: Path) -> None:
    readme, result = tmp_path / "README.md", tmp_path / "compression.json"
    readme.write_bytes((ROOT / "README.md").read_bytes())
    result.write_bytes(RESULT.read_bytes())
    done = _render(readme, result)
    assert done.returncode == 0, done.stderr
    assert readme.read_bytes() == (ROOT / "README.md").read_bytes()
    assert (tmp_path / "compression.png").stat().st_size > 10_000


def test_the_committed_figures_keep_what_is_promised() -> None:
    measured = json.loads(RESULT.read_text(encoding="utf-8"))
    rows = {(row["tokenizer"], row["corpus"]): row for row in measured["rows"]}
    assert rows["mistralai/Mistral-7B-v0.1", TEXTS[0]]["chars_per_token"] < 0.86
    for name, guarantees in measured["guarantees"].items():
        assert rows[name, TEXTS[0]]["chars_per_token"] >= 1.80
        assert rows[name, "en_control.txt"]["n_lines_changed"] == 0
        assert rows[name, "en_control.txt"]["n_lines"] > 4000
        assert guarantees["pieces_reachable"] == [0, 30_000]
        assert all(n_failed == 0 for n_failed, _ in guarantees.values())
