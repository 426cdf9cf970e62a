"""Benchmarks are run by the commands that they show, and their page is made of their results."""

from __future__ import annotations

import datetime
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import all as runner  # noqa: E402
import page  # noqa: E402

SCRIPTS = runner.scripts()
RESULTS = sorted((BENCHMARKS / "results").glob("*.json"))


@pytest.mark.slow
def test_the_page_is_what_the_committed_results_give_line_by_line():
    command = [sys.executable, "-c", "import page; print(page.page())"]
    made = subprocess.run(command, cwd=BENCHMARKS, capture_output=True, text=True, check=True)
    shown = (BENCHMARKS / "README.md").read_text(encoding="utf-8").splitlines()
    assert shown == made.stdout.rstrip("\n").splitlines()


@pytest.mark.parametrize("script", SCRIPTS, ids=[s.name for s in SCRIPTS])
def test_a_script_is_run_as_it_says_with_every_name_filled_in(script):
    _, command = script.filled(script.command, "data", "work")
    assert command[1] == str(BENCHMARKS / f"{script.name}.py")
    assert not [word for word in command if re.fullmatch(r"[A-Z_.]{3,}", word)]


@pytest.mark.parametrize("path", RESULTS, ids=[p.stem for p in RESULTS])
def test_every_result_says_its_schema_its_version_and_its_date(path):
    result = json.loads(path.read_text(encoding="utf-8"))
    assert result["schema_version"] == 1
    made_by = result.get("tokext_version") or result["conditions"]["versions"]["tokext"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", made_by)
    assert datetime.datetime.fromisoformat(result["created"]).utcoffset() == datetime.timedelta(0)


@pytest.mark.parametrize("script", SCRIPTS, ids=[s.name for s in SCRIPTS])
def test_a_result_begins_with_the_name_of_its_script(script):
    source = (BENCHMARKS / f"{script.name}.py").read_text(encoding="utf-8")
    assert f'**stamp("{script.name}")' in source
    assert "versions(" in source
    if script.result.exists():
        assert json.loads(script.result.read_text(encoding="utf-8"))["benchmark"] == script.name


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A benchmark of two numbers, in a folder of its own."""
    lines = [
        '"""What a toy measures.',
        "",
        "    python benchmarks/toy.py --data FOLDER --work FOLDER -o RESULT.json [--more]",
        '"""',
        "import json, pathlib, sys",
        "def main(where):",
        "    assert pathlib.Path(where['--work']).is_dir() and where['--data'] == '/data'",
        "    ratios = {'peer': 0.5, 'other': 3}",
        "    result = {'conditions': {'n_cpus': 2}, 'seconds_over_tokext': ratios}",
        "    pathlib.Path(where['-o']).write_text(json.dumps(result))",
        "if __name__ == '__main__':",
        "    main(dict(zip(sys.argv[1::2], sys.argv[2::2])))",
    ]
    (tmp_path / "toy.py").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "shared.py").write_text('"""No benchmark."""\n', encoding="utf-8")
    (tmp_path / "results").mkdir()
    for module in (runner, page):
        monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(runner, "RESULTS", tmp_path / "results")
    [found] = runner.scripts()
    return found


def test_what_a_peer_does_better_stands_on_the_page(toy):
    assert runner.run(toy, "/data")
    text = page.page()
    assert "- toy: peer takes 0.50 of tokext's seconds" in text
    assert "other takes" not in text
    assert "What a toy measures." in text
    assert "Conditions: n cpus 2." in text


def test_a_script_that_fails_is_said_to(toy, capsys):
    assert not runner.run(toy, "/elsewhere")
    assert "toy: exit status 1" in capsys.readouterr().out


def test_results_of_any_form_become_tables():
    result = {
        "conditions": {},
        "rows": [{"name": "a", "n_rows": 1200, "long": [1, 2]}, {"name": "b", "n_rows": 3}],
        "contenders": {
            "x": {"seconds": 1.25, "deep": {"k": 1, "l": 2, "m": 3}},
            "y": {"seconds": 2},
        },
    }
    text = "\n".join(page.tables(json.loads(json.dumps(result))))
    assert "| a | 1,200 |" in text
    assert "| x | 1.25 |" in text
    assert "**contenders, x, deep**\n\n| k | l | m |\n| --- | --- | --- |\n| 1 | 2 | 3 |" in text


@pytest.mark.parametrize(
    ("default", "seconds", "line"),
    [
        (None, 0.0, None),
        ({"stopped": True}, 100.02, None),
        ({"stopped": False}, 240.0, None),
        ({"stopped": True}, 24.97, "at least 25 when it was stopped"),
        ({"stopped": False}, 60.4, "transformers' default: 60"),
    ],
)
def test_a_hundred_times_that_were_not_shown_are_a_loss(default, seconds, line):
    result = {
        "contenders": {"tokext": {"peak_bytes": 5e8}},
        "seconds_over_tokext": {"rows_of_means": 6.0, "default": seconds},
        "tokext_over_copy": 1.2,
    }
    if default is not None:
        result["contenders"]["default"] = default
    lost = page.load(next(s for s in SCRIPTS if s.name == "resize")).losses(result)
    assert len(lost) == (line is not None)
    assert all(entry.endswith(str(line)) for entry in lost)


def test_every_result_comes_from_a_script_or_from_a_command_that_the_page_names():
    shown = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    by_hand = {name for names in page.BY_COMMAND for name in names.split(", ")}
    for path in (BENCHMARKS / "results").iterdir():
        made = any(path.stem.startswith(script.name) for script in SCRIPTS)
        assert (path.name in by_hand and path.name in shown) or made, path.name
    assert all(f"make bench-{name}" in shown for name in runner.ALONE)


def test_a_rate_stands_with_its_interval_and_one_of_nothing_is_a_dash():
    rate = {"n": 1, "total": 412, "share": 0.002427, "low": 0.000428, "high": 0.013636}
    assert page.cell(rate) == "1 of 412 (0.24%, 0.04–1.36%)"
    assert page.cell({"n": 0, "total": 0, "share": 0.0, "low": 0.0, "high": 1.0}) == "–"


def test_the_floor_of_the_leakage_rules_stands_on_the_page():
    shown = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    assert "Of clean Japanese answers of real models the rules flag 0.38% (0.07–1.96%)" in shown


def test_every_initialization_stands_on_the_page_with_its_bits():
    initialization = page.load(next(s for s in SCRIPTS if s.name == "initialization"))
    bits = {"0": {"ja": 3.25, "en": 2.5}, "100": {"ja": 2.125, "en": 2.5}}
    row = {"init": "zero", "trained": "new rows", "bits_per_char": bits, "seconds": 1.0}
    base = {"over_unigram": {"ja": 0.75, "en": 0.91}, "target_met": False}
    result = {"conditions": {"steps": [100]}, "base": base, "rows": [row], "best_on_ja": {}}
    shown = initialization.section(result)
    assert "| new rows | zero | 3.250 / 2.500 | 2.125 / 2.500 |" in shown
    assert initialization.losses(result) == [
        "the base was to need 0.8 of a unigram model's bits: 0.91"
    ]
    default = row | {"init": "subword-mean", "bits_per_char": {"100": {"ja": 2.25, "en": 2.5}}}
    best = {"new rows": {"0": "subword-mean", "100": "zero"}}
    both = {**result, "base": base | {"target_met": True}, "rows": [row, default]}
    both["best_on_ja"] = best
    assert initialization.losses(both) == [
        "after 100 steps of training new rows zero needs 2.125 bits per character of Japanese, "
        "the default 2.250"
    ]


def test_what_is_said_of_the_default_initialization_is_so():
    found = json.loads((BENCHMARKS / "results" / "initialization.json").read_text(encoding="utf-8"))
    bits = {
        (row["trained"], row["init"]): [b["ja"] for b in row["bits_per_char"].values()]
        for row in found["rows"]
    }
    means = ("subword-mean", "weighted-mean", "align")
    for trained in ("new rows", "everything"):
        for at in range(4):
            three = [bits[trained, init][at] for init in means]
            assert max(three) < 1.0025 * min(three)
            assert all(bits[trained, i][at] > max(three) for i in ("global-mean", "normal"))
        assert bits[trained, "zero"][0] < bits[trained, "subword-mean"][0]
        assert all(
            bits[trained, "zero"][at] > bits[trained, "subword-mean"][at] for at in (1, 2, 3)
        )
    rows = BENCHMARKS.parent / "docs" / "method" / "rows.md"
    told = " ".join(rows.read_text(encoding="utf-8").split())
    start, end = (bits["everything", "subword-mean"][at] for at in (0, -1))
    before = found["base"]["bits_per_char"]["ja"]
    assert f"from {start:.2f} right after the extension to {end:.2f}" in told
    assert f"{found['base']['n_parameters'] / 1e6:.1f} million parameters" in told
    assert f"({before:.2f} bits per character of Japanese before)" in told
