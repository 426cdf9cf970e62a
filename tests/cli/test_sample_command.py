"""The command as a person types it."""

from __future__ import annotations

import _thread
import json
import sys
import threading
from pathlib import Path

import pytest

from tokext.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from loopback import serve
from tiny_models import write_model


def tokext(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["sample", *map(str, arguments)])
    return int(end.value.code or 0)


def test_a_checkpoint_is_swept_over_several_values_of_a_flag(tmp_path, capsys):
    model = write_model(tmp_path / "model")
    prompts, out = tmp_path / "p.jsonl", tmp_path / "out.jsonl"
    prompts.write_text('{"prompt": "駅は？"}\n{"prompt": "Hello"}\n', "utf-8")
    arguments = [
        model, "--prompts", prompts, "-o", out, "--temperature", 0.2, 1.0, "--top-k", 5,
        "--n", 2, "--max-new-tokens", 3, "--device", "cpu", "--json",
    ]  # fmt: skip
    assert tokext(*arguments) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["n_made"] == len(out.read_text("utf-8").splitlines()) == 8
    assert tokext(*arguments) == 0
    assert json.loads(capsys.readouterr().out)["n_made"] == 0


def test_a_server_is_sampled_by_its_address(tmp_path, capsys):
    with serve() as server:
        out = tmp_path / "out.jsonl"
        assert tokext(server.url, "--model", "m", "--prompts", "en", "-o", out) == 0
    assert "20 samples, 20 of them new" in capsys.readouterr().out


def test_what_is_not_typed_is_left_to_a_server_and_what_changes_nothing_is_sent_if_typed(tmp_path):
    out = tmp_path / "out.jsonl"
    with serve() as server:
        assert tokext(server.url, "--model", "m", "--prompts", "en", "-o", out, "--top-k", 0) == 0
    stated = json.loads(out.read_text("utf-8").splitlines()[0])["sampling"]
    assert stated["top_p"] is stated["min_p"] is stated["repetition_penalty"] is None
    assert {name: server.seen[0].get(name) for name in stated if name in server.seen[0]} == {
        "temperature": 0.7, "top_k": 0, "seed": server.seen[0]["seed"],
    }  # fmt: skip
    assert stated["top_k"] == 0


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_says_that_what_came_is_kept_and_gone_on_with(tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    with serve(seconds=0.5) as server:
        threading.Timer(0.8, _thread.interrupt_main).start()
        arguments = server.url, "--model", "m", "--prompts", "en", "-o", out, "--concurrency", "2"
        assert tokext(*arguments) == 130
    said = capsys.readouterr().err
    assert f"all samples that came are in {out}, and the same command goes on." in said
    assert "nothing half-done" not in said
    assert 0 < len(out.read_text("utf-8").splitlines()) < 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://127.0.0.1:9/v1", "--model", "m", "--batch-size", "2"], "--batch-size"),
        (["http://127.0.0.1:9/v1", "--model", "m", "--load-in-4bit"], "--load-in-4bit"),
        (["./model", "--concurrency", "2"], "--concurrency"),
        (["http://127.0.0.1:9/v1"], "--model NAME"),
    ],
)
def test_contradictory_flags_are_refused_by_name(tmp_path, capsys, arguments, said):
    assert tokext(*arguments, "-o", tmp_path / "out.jsonl") == 2
    assert said in capsys.readouterr().err


def test_a_stated_failure_is_one_line_and_a_hint(tmp_path, capsys):
    assert tokext("./nowhere", "-o", tmp_path / "out.jsonl") == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: ")
    assert "Hint: " in said
    assert "Traceback" not in said
