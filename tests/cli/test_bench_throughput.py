"""The command as a person types it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tokext.cli.main import main
from tokext.cli.throughput_tables import throughput_table
from tokext.records import read_throughput

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from loopback import serve  # noqa: E402, RUF100
from tiny_models import write_tokenizer  # noqa: E402, RUF100


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    tokenizers = [str(write_tokenizer(tmp_path / str(n), size=n)) for n in (345, 460)]
    text = tmp_path / "held-out.txt"
    text.write_text("東京の駅を出た電車は、静かな町を通り抜けた。\n" * 20, "utf-8")
    return [
        "bench", "throughput", *tokenizers, "--text", str(text), "--shape", "mistral-tiny",
        "--batch-size", "1", "2", "--new-tokens", "4", "--prefill-chars", "20", "--repeats", "2",
        "--device", "cpu", "--machine", "h200",
    ]  # fmt: skip


def tokext(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return int(end.value.code or 0)


def test_a_table_and_a_file_hold_both_models_at_each_batch(arguments, tmp_path, capsys):
    out = tmp_path / "speed.json"
    assert tokext(*arguments, "-o", out) == 0
    said = capsys.readouterr().out
    assert said.count("batch 1\n") == said.count("batch 2\n") == 1
    assert "eats the gain" in said
    rows = json.loads(out.read_text("utf-8"))
    assert [row["batch_size"] for row in rows] == [1, 1, 2, 2]
    promised = {
        "model", "mode", "batch_size", "device", "dtype", "prefill_chars_per_second",
        "decode_chars_per_second", "decode_tokens_per_second", "time_to_first_token_seconds",
        "peak_memory_bytes", "kv_bytes_per_char", "repeats",
    }  # fmt: skip
    assert all(promised <= row.keys() for row in rows)


def test_a_share_above_the_limit_is_marked(arguments, tmp_path):
    assert tokext(*arguments, "-o", tmp_path / "speed.json") == 0
    rows = read_throughput(tmp_path / "speed.json")
    assert "!" not in throughput_table(rows)
    slow = replace(rows[1].prediction, bytes_per_second=1.0)
    marked = throughput_table([rows[0], replace(rows[1], prediction=slow)])
    assert marked.count("%!") == 1
    assert "the limit is not this device's" in marked


def test_standard_output_is_json_alone_where_asked(arguments, capsys):
    assert tokext(*arguments, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 4


def test_an_existing_output_is_refused_before_anything_is_measured(arguments, tmp_path, capsys):
    (tmp_path / "speed.json").write_text("mine", "utf-8")
    assert tokext(*arguments, "-o", tmp_path / "speed.json") == 1
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "speed.json").read_text("utf-8") == "mine"


def test_a_server_is_measured_by_its_address(arguments, tmp_path, capsys):
    text = arguments[arguments.index("--text") + 1]
    out = tmp_path / "served.json"
    with serve() as server:
        given = [server.url, "--model", "before", "after", "--text", text, "--concurrency", "1"]
        assert tokext("bench", "throughput", *given, "--prefill-chars", 20, "-o", out) == 0
    assert "first chunk" in capsys.readouterr().out
    rows = json.loads(out.read_text("utf-8"))
    assert [(row["model"], row["n_requests"]) for row in rows] == [("before", 4), ("after", 4)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["http://127.0.0.1:9/v1", "--model", "m", "--batch-size", "2"], "--batch-size has no"),
        (["http://127.0.0.1:9/v1", "--model", "m", "--compile"], "--compile has no meaning"),
        (["http://127.0.0.1:9/v1"], "--model NAME"),
        (["./model", "--concurrency", "2"], "--concurrency has no meaning for a checkpoint"),
        (["./model", "http://127.0.0.1:9/v1", "--model", "m"], "not measured together"),
    ],
)
def test_contradictory_flags_are_refused_by_name(tmp_path, capsys, given, said):
    assert tokext("bench", "throughput", *given, "--text", tmp_path / "t.txt") == 2
    assert said in capsys.readouterr().err
