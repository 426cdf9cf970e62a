"""`tokext train-vocab` as a person types it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tokext.corpus.embedded import embedded_lines

FILES = ["added.model", "added.tsv", "tokext.json"]


@pytest.fixture
def train(tokext, tiny_base, text, tmp_path):
    """Train on the text with the tiny base, quietly, in one process."""

    def run(*arguments, size=50):
        basics = [text, "--base", tiny_base, "-o", tmp_path / "added"]
        return tokext("train-vocab", *basics, "--size", size, "--workers", 1, *arguments)

    return run


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_it_leaves_the_added_vocabulary_and_says_so(train, tmp_path):
    ended = train()
    assert ended.status == 0
    assert ended.out.startswith(f"{tmp_path / 'added'}: 50 pieces, from the most useful on: ")
    assert names(tmp_path / "added") == FILES
    rows = (tmp_path / "added" / "added.tsv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "piece\tcount"
    assert len(rows) == 51


def test_the_record_holds_the_command_the_options_and_the_input(train, text, tmp_path):
    train("--min-count", 3, "-q")
    record = json.loads((tmp_path / "added" / "tokext.json").read_text(encoding="utf-8"))
    assert record["kind"] == "added vocabulary"
    assert record["command"][:2] == ["train-vocab", str(text)]
    assert (record["options"]["size"], record["options"]["min_count"]) == (50, 3)
    assert record["inputs"][0]["name"] == "ja.txt"
    assert record["inputs"][0]["n_bytes"] == text.stat().st_size
    assert record["result"]["corpus"]["n_documents"] == 200


def test_json_is_all_there_is_on_standard_output(train, tmp_path):
    ended = train("--json")
    assert json.loads(ended.out) == {"output": str(tmp_path / "added"), "n_pieces": 50}


def test_quiet_says_nothing_on_standard_error(train):
    assert train("-q").err == ""


def test_without_quiet_it_says_what_it_read(train):
    assert "50 pieces from" in train().err


def test_an_existing_output_is_kept_without_force_and_replaced_with_it(train, tmp_path):
    train("-q")
    before = (tmp_path / "added" / "added.model").read_bytes()
    message, hint = train("-q", size=60).error()
    assert message == f"{tmp_path / 'added'} exists already."
    assert "--force" in hint
    assert (tmp_path / "added" / "added.model").read_bytes() == before
    assert train("-q", "--force", size=60).status == 0
    assert (tmp_path / "added" / "added.model").read_bytes() != before
    assert names(tmp_path) == [".scratch", "added", "ja.txt"]


def test_standard_input_is_a_text(tiny_base, tmp_path):
    command = [sys.executable, "-m", "tokext", "train-vocab", "-", "--base", str(tiny_base)]
    command += ["-o", str(tmp_path / "added"), "--size", "20", "--workers", "1", "--json"]
    given = "\n".join(embedded_lines("ja")[:100])
    done = subprocess.run(command, input=given, capture_output=True, encoding="utf-8", check=True)
    assert json.loads(done.stdout)["n_pieces"] == 20


@pytest.mark.parametrize(
    "arguments",
    [
        ["train-vocab"],
        ["train-vocab", "a.txt"],
        ["train-vocab", "a.txt", "-o", "out", "--size", "many"],
        ["train-vocab", "a.txt", "-o", "out", "--method", "guess"],
        ["train-vocab", "a.txt", "-o", "out", "--no-such-flag"],
        ["no-such-command"],
    ],
    ids=lambda a: " ".join(a[-2:]),
)
def test_wrong_usage_ends_with_2(tokext, arguments):
    ended = tokext(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert "Usage: tokext" in ended.err


def test_debug_shows_the_traceback_before_the_line(train):
    for arguments in (["--debug"], ["--debug", "-q"]):
        ended = train(*arguments, size=0)
        assert ended.status == 1
        assert "Traceback (most recent call last)" in ended.err
        assert ended.err.splitlines()[-2].startswith("Error: --size 0")


def test_debug_may_stand_before_the_command(tokext, text, tmp_path):
    ended = tokext("--debug", "train-vocab", text, "--base", "nowhere", "-o", tmp_path / "added")
    assert "Traceback" in ended.err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
@pytest.mark.parametrize("phase", ["counting", "learning"])
def test_an_interrupt_ends_with_130_one_line_and_nothing_left(tmp_path, tiny_base, phase):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    lines = list(embedded_lines("ja"))
    with (tmp_path / "ja.txt").open("w", encoding="utf-8") as file:
        for n in range(15):  # much to count, cut at another place in each round
            file.writelines(f"{line[n % 7 :]}{line[: n * 3 % 31]}\n" for line in lines)
    command = [sys.executable, "-m", "tokext", "train-vocab", str(tmp_path / "ja.txt")]
    command += ["--base", str(tiny_base), "-o", str(tmp_path / "added"), "--size", "30000"]
    command += ["--workers", "2", "--boundary", "none", "--method", "independent"]
    process = subprocess.Popen(
        command,
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        # Whoever runs the tests in the background may have told them to ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    begun = tmp_path.glob if phase == "counting" else scratch.glob
    pattern = ".added.*.new" if phase == "counting" else ".tokext-train.*/runs.tsv"
    while not list(begun(pattern)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everything that was started
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert "Interrupted; nothing half-done was left." in err.splitlines()
    assert names(tmp_path) == ["ja.txt", "scratch"]
    assert names(scratch) == []
