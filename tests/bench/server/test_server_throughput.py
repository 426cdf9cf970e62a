"""Servers measured as a client sees them: what arrives when, and what goes wrong on the way."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from loopback import CHUNKS, serve
from safetensors.torch import load_file, save_file
from serving import transformers_serve
from tiny_models import write_model

from tokext import progress
from tokext.bench.server.address import KEY_VARIABLES
from tokext.bench.server.throughput import measure_server
from tokext.errors import InputError, ModelError
from tokext.records import ServedRow

TEXT = "".join(chr(0x4E00 + at) for at in range(500))
SMALL = {"model": "m", "n_requests": 6, "prefill_chars": 20, "new_tokens": 5}
N_CHARS = sum(map(len, CHUNKS))


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def asked(number: int) -> str:
    """The prompt of a request: six of the text's 25 stretches, from all over it."""
    start = 20 * (2, 6, 10, 14, 18, 22)[number]
    return TEXT[start : start + 20]


def test_every_answer_is_counted_at_every_concurrency():
    with serve(seconds=0.05) as server:
        rows = measure_server(server.url, {"text": [TEXT]}, concurrency=[1, 3], **SMALL)
    assert [row.concurrency for row in rows] == [1, 3]
    for row in rows:
        assert row.n_chars == (N_CHARS,) * 6
        assert row.n_tokens == (7,) * 6
        assert row.chars_per_second == 6 * N_CHARS / row.wall_seconds
        assert row.n_retries == row.n_empty == 0
    assert server.most_at_once == 3
    # One more than was counted, for a model that is loaded when it is first asked.
    assert len(server.seen) == 13
    assert {sent["path"] for sent in server.seen} == {"/v1/completions"}
    assert [sent["prompt"] for sent in server.seen[1:7]] == [asked(n) for n in range(6)]


def test_the_first_chunk_is_timed_when_it_arrives_and_the_rest_after_it():
    with serve(seconds=0.2, chunk_seconds=0.1) as server:
        (row,) = measure_server(server.url, {"text": [TEXT]}, concurrency=[2], **SMALL)
    for first, whole in zip(row.first_chunk_seconds, row.request_seconds, strict=True):
        assert first >= 0.2
        assert whole - first >= 0.1 * (len(CHUNKS) - 1) - 0.01
    assert row.wall_seconds >= max(row.request_seconds)
    assert max(row.request_chars_per_second) <= N_CHARS / 0.1


def test_the_chat_endpoint_is_asked_where_wanted():
    with serve() as server:
        (row,) = measure_server(server.url, {"text": [TEXT]}, concurrency=[1], api="chat", **SMALL)
    assert row.n_chars == (N_CHARS,) * 6
    assert server.seen[1]["path"] == "/v1/chat/completions"
    assert server.seen[1]["messages"] == [{"role": "user", "content": asked(0)}]


def test_two_models_of_a_server_are_compared():
    given = {**SMALL, "model": ["base", "extended"]}
    with serve() as server:
        rows = measure_server(server.url, {"text": [TEXT]}, concurrency=[2], **given)
    assert [row.model for row in rows] == ["base", "extended"]
    assert rows[0].ratio is None
    assert rows[1].ratio == pytest.approx(rows[1].chars_per_second / rows[0].chars_per_second)


def test_what_fails_on_the_way_is_asked_again_and_counted():
    faults = {
        asked(1): ["stall"], asked(2): ["drop", "500"], asked(3): ["429:0.1"],
        asked(4): ["broken", "cut"], asked(5): ["error", "stop"],
    }  # fmt: skip
    with serve(faults=faults) as server:
        (row,) = measure_server(
            server.url, {"text": [TEXT]}, concurrency=[6], timeout_seconds=1, **SMALL
        )
    assert row.n_chars == (N_CHARS,) * 6
    assert row.n_retries == 8
    assert row.wall_seconds >= 1
    # The time of a request is that of the try that worked.
    assert max(row.request_seconds) < 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("stall", "timed out"),
        ("stop", "timed out"),
        ("drop", "connection broke"),
        ("cut", "IncompleteRead"),
        ("broken", "not JSON"),
        ("error", "breaks off"),
        ("429", "429"),
        ("500", "500"),
    ],
)
def test_a_server_that_always_fails_is_a_stated_failure(fault, said):
    with serve(always=fault) as server, pytest.raises(ModelError, match=said):
        measure_server(server.url, {"text": [TEXT]}, n_tries=1, timeout_seconds=0.5, **SMALL)


@pytest.mark.parametrize(
    ("fault", "said"), [("404", "refuses: 404"), ("other", "another form"), ("silent", "nothing")]
)
def test_a_server_of_another_kind_is_refused_at_once(fault, said):
    with serve(always=fault) as server, pytest.raises(ModelError, match=said):
        measure_server(server.url, {"text": [TEXT]}, **SMALL)
    assert len(server.seen) == 1


@pytest.mark.parametrize("fault", ["echo-error", "echo-other", "echo-cut:280"])
def test_a_key_that_a_server_repeats_is_not_said(monkeypatch, fault):
    key = "sk-nobody-may-read-this"
    monkeypatch.setenv("TOKEXT_API_KEY", key)
    with serve(always=fault) as server, pytest.raises(ModelError) as refused:
        measure_server(server.url, {"text": [TEXT]}, n_tries=1, **SMALL)
    assert key[:8] not in str(refused.value)


def test_empty_answers_are_counted_as_such():
    with serve(always="null") as server:
        (row,) = measure_server(server.url, {"text": [TEXT]}, concurrency=[1], **SMALL)
    assert row.n_empty == 6
    assert row.chars_per_second == 0


def test_rows_survive_their_file():
    with serve() as server:
        (row,) = measure_server(server.url, {"text": [TEXT]}, concurrency=[1], **SMALL)
    fields = json.loads(json.dumps(row.as_dict()))
    assert ServedRow.from_dict(fields) == row
    low, high = fields["first_chunk_seconds_spread"]
    assert low <= fields["first_chunk_seconds"] <= high
    with pytest.raises(InputError, match="throughput URL"):
        ServedRow.from_dict({"model": "m"})


def test_that_a_request_is_tried_again_is_seen(monkeypatch, capsys):
    monkeypatch.setenv("TOKEXT_API_KEY", "sk-nobody-may-read-this")
    token = progress.shown.set(True)
    try:
        with serve(faults={asked(0): ["500", "429:0.1"]}) as server:
            (row,) = measure_server(server.url, {"text": [TEXT]}, concurrency=[1], **SMALL)
    finally:
        progress.shown.reset(token)
    said = capsys.readouterr().err
    assert row.n_retries == said.count("trying again in") == 2
    assert "sk-" not in said


def test_nobody_at_the_address_is_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ModelError, match="nobody answers at"):
        measure_server(url, {"text": [TEXT]}, **SMALL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"concurrency": [0]}, "concurrency is 0"),
        ({"new_tokens": 0}, "new_tokens is 0"),
        ({"n_requests": -1}, "n_requests is -1"),
        ({"api": "smoke"}, "no api 'smoke'"),
        ({"model": ""}, "has no name"),
        ({"prefill_chars": 10**6}, "and a sequence takes"),
        ({"timeout_seconds": 0}, "timeout_seconds is 0"),
    ],
)
def test_options_that_cannot_be_are_refused(change, said):
    with serve() as server, pytest.raises(InputError, match=said):
        measure_server(server.url, {"text": [TEXT]}, **{**SMALL, **change})


def say_no_bytes(folder: Path) -> None:
    """Random bytes are no UTF-8, at which that server's stream breaks off."""
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"][:259] = 0
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.slow
def test_transformers_serve_is_measured(tmp_path: Path):
    folder = write_model(tmp_path / "model")
    say_no_bytes(folder)
    with transformers_serve(folder, tmp_path / "serve.log") as url:
        for api in ("completions", "chat"):
            (row,) = measure_server(
                url, {"text": ["東京の駅を出た電車は、静かな町を通り抜けた。" * 9]}, api=api,
                model=str(folder), concurrency=[2], n_requests=3, prefill_chars=20, new_tokens=8,
            )  # fmt: skip
            assert sum(row.n_chars) > 0
            assert all(0 < n <= 8 for n in row.n_tokens or ())
            assert max(row.first_chunk_seconds) <= max(row.request_seconds)
