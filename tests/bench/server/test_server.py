"""Sampling from servers: one on loopback that fails in every way, and `transformers serve`."""

from __future__ import annotations

import _thread
import email.utils
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import loopback
import pytest
from loopback import answer_to, serve
from serving import transformers_serve
from tiny_models import ZEPHYR, write_model

from tokext import progress
from tokext.bench.sampling.prompts import Prompt
from tokext.bench.sampling.sample import sample_model
from tokext.bench.server.address import KEY_VARIABLES
from tokext.bench.server.endpoint import open_endpoint
from tokext.bench.server.sample import sample_server
from tokext.errors import InputError, ModelError, OutputError

ASKED = ["一", "二", "三", "四", "五", "六"]
KEY = "sk-nobody-may-read-this"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_answer_arrives_once_from_a_server_that_fails_in_every_way(tmp_path):
    faults = {
        "一": ["stall"], "二": ["drop", "cut"], "三": ["429:1"],
        "四": ["500", "503"], "五": ["broken"], "六": ["trickle"],
    }  # fmt: skip
    with serve(faults=faults) as server:
        done = sample_server(
            server.url, ASKED, tmp_path / "out.jsonl", model="m", timeout_seconds=1
        )
    written = lines(tmp_path / "out.jsonl")
    assert done.n_made == len(written) == 6
    assert {line["prompt"]: line["text"] for line in written} == {a: answer_to(a) for a in ASKED}
    assert {prompt: len(times) for prompt, times in server.at.items()} == {
        prompt: len(told) + 1 for prompt, told in faults.items()
    }


def test_no_more_requests_run_at_a_time_than_asked_for(tmp_path):
    with serve(seconds=0.05) as server:
        sample_server(server.url, ASKED, tmp_path / "out", model="m", n=4, concurrency=3)
    assert server.most_at_once == 3


@pytest.mark.parametrize("form", ["number", "date"])
def test_the_wait_that_a_server_asks_for_is_kept(tmp_path, form):
    wanted = "2" if form == "number" else email.utils.formatdate(time.time() + 3, usegmt=True)
    with serve(faults={"一": [f"429:{wanted}"]}) as server:
        sample_server(server.url, ["一"], tmp_path / "out", model="m")
    first, second = server.at["一"]
    assert second - first >= 1.9


def test_waits_grow_and_end_with_a_stated_failure(tmp_path):
    with serve(always="500") as server, pytest.raises(ModelError, match="failed 3 times") as failed:
        sample_server(server.url, ["一"], tmp_path / "out", model="m", n_tries=3)
    first, second, third = server.at["一"]
    assert second - first >= 0.24
    assert third - second >= 0.49
    assert "500 Internal Server Error" in str(failed.value)


def test_after_a_failure_the_same_call_makes_only_what_is_missing(tmp_path):
    out = tmp_path / "out.jsonl"
    with serve(faults={"六": ["500", "500"]}) as server, pytest.raises(ModelError):
        sample_server(server.url, ASKED, out, model="m", n_tries=2, concurrency=1)
    assert len(lines(out)) == 5
    # It may come back at another address.
    with serve() as server:
        assert sample_server(server.url, ASKED, out, model="m").n_made == 1
        assert len(server.seen) == 1
    ids = [line["id"] for line in lines(out)]
    assert len(ids) == len(set(ids)) == 6


TWENTY = [f"問{number}" for number in range(20)]


@pytest.mark.parametrize("fault", ["400", "422", "500", "broken", "other"])
def test_one_prompt_that_gets_no_answer_is_named_and_all_others_are_answered(tmp_path, fault):
    out, asked = tmp_path / "out.jsonl", {"model": "m", "concurrency": 4, "n": 2, "n_tries": 2}
    with serve(faults={"問6": [fault] * 99}, seconds=0.02) as server:
        for _ in range(2):
            with pytest.raises(ModelError, match="the prompt 'prompt-7' was not answered: ") as bad:
                sample_server(server.url, TWENTY, out, **asked)
            assert "what is missing alone" in bad.value.hint
            assert {line["prompt"] for line in lines(out)} == {*TWENTY} - {"問6"}
            assert len(lines(out)) == 38
        assert {prompt for prompt, times in server.at.items() if len(times) > 2} <= {"問6", "Hello"}
    with serve() as server:
        assert sample_server(server.url, TWENTY, out, **asked).n_made == 2


def test_several_prompts_without_an_answer_are_named_together(tmp_path):
    with (
        serve(faults={"問0": ["400"], "問1": ["400"]}) as server,
        pytest.raises(ModelError, match=r"2 prompts were not .* \('prompt-1', 'prompt-2'\); the f"),
    ):
        sample_server(server.url, TWENTY, tmp_path / "out", model="m")
    assert len(lines(tmp_path / "out")) == 18


@pytest.mark.parametrize("fault", ["400", "401", "404", "422", "500", "other"])
def test_a_server_that_answers_nothing_is_not_asked_everything(tmp_path, fault):
    with serve(always=fault) as server, pytest.raises(ModelError, match=fault):
        sample_server(server.url, TWENTY, tmp_path / "out", model="m", concurrency=4, n_tries=1)
    assert len(server.seen) <= 2 * 4 + 1


def test_a_failure_does_not_drop_answers_that_are_under_way(tmp_path):
    with serve(faults={"問3": ["404"]}, seconds=0.2) as server, pytest.raises(ModelError):
        sample_server(server.url, TWENTY, tmp_path / "out", model="m", concurrency=4)
    assert len(lines(tmp_path / "out")) == len(server.seen) - 1 > 0


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_does_not_drop_answers_that_are_under_way(tmp_path):
    threading.Timer(0.3, _thread.interrupt_main).start()
    with serve(seconds=0.5) as server, pytest.raises(KeyboardInterrupt):
        sample_server(server.url, TWENTY, tmp_path / "out", model="m", concurrency=4)
    assert len(lines(tmp_path / "out")) == len(server.seen) > 0
    with serve() as server:
        n_missing = 20 - len(lines(tmp_path / "out"))
        assert sample_server(server.url, TWENTY, tmp_path / "out", model="m").n_made == n_missing


def test_another_models_samples_are_not_mixed_in(tmp_path):
    with serve() as server:
        sample_server(server.url, ASKED, tmp_path / "out", model="m")
        with pytest.raises(OutputError, match="its model is 'm', not 'n'"):
            sample_server(server.url, ASKED, tmp_path / "out", model="n")


@pytest.mark.parametrize("variable", KEY_VARIABLES)
def test_a_key_comes_from_the_environment_and_goes_nowhere_else(
    tmp_path, monkeypatch, capsys, variable
):
    monkeypatch.setenv(variable, KEY)
    token = progress.shown.set(True)
    try:
        with serve(faults={"一": ["500"], "二": ["echo"]}) as server:
            with pytest.raises(ModelError) as refused:
                sample_server(server.url, ["一", "二"], tmp_path / "out", model="m", concurrency=1)
            assert {h["Authorization"] for h in server.headers} == {f"Bearer {KEY}"}
    finally:
        progress.shown.reset(token)
    assert "[key]" in str(refused.value)
    said = capsys.readouterr()
    assert "500 Internal Server Error: " in said.err
    assert "trying again in" in said.err
    everything = [str(refused.value), refused.value.hint, said.out, said.err]
    everything += [(tmp_path / "out").read_text("utf-8"), repr(open_endpoint(server.url))]
    assert not any(KEY in text for text in everything)


@pytest.mark.parametrize("key", [KEY, 'sk-"quoted"/and\\slashed'])
@pytest.mark.parametrize(
    "fault",
    ["echo200", *(f"echo-{kind}:{n}" for kind in ("cut", "broken") for n in range(230, 300, 6)),
     "echo-cut:1950", "echo-cut:1990"],
)  # fmt: skip
def test_a_key_that_a_server_repeats_is_not_said_not_even_its_head(
    tmp_path, monkeypatch, capsys, key, fault
):
    monkeypatch.setenv("TOKEXT_API_KEY", key)
    token = progress.shown.set(True)
    try:
        with serve(always=fault) as server, pytest.raises(ModelError) as refused:
            sample_server(server.url, ["一"], tmp_path / "out", model="m", n_tries=1)
    finally:
        progress.shown.reset(token)
    said = capsys.readouterr()
    cause = str(refused.value.__cause__)
    for text in (str(refused.value), refused.value.hint, said.out, said.err):
        assert key[:8] not in text
        assert json.dumps(key)[1:9] not in text
    assert fault == "echo200" or key not in cause


def test_a_key_in_an_answer_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEXT_API_KEY", KEY)
    with serve() as server:
        sample_server(server.url, [f"鍵は {KEY} か"], tmp_path / "out", model="m")
    (line,) = lines(tmp_path / "out")
    assert KEY not in line["text"]


@pytest.mark.parametrize(
    ("key", "answers"),
    [
        ("x", {"The box": "The box"}),
        ("EMPTY", {"The list is EMPTY": "The list is EMPTY"}),
        (
            "token-abc123",
            {"the end token": "the end token", "a token-abc123 b": "a [key] b"},
        ),
    ],
)
def test_an_answer_loses_the_whole_key_alone_and_a_placeholder_is_no_key(
    tmp_path, monkeypatch, capsys, key, answers
):
    monkeypatch.setenv("TOKEXT_API_KEY", key)
    monkeypatch.setattr(loopback, "answer_to", lambda prompt: prompt)
    token = progress.shown.set(True)
    try:
        with serve() as server:
            sample_server(server.url, [*answers], tmp_path / "out", model="m", n=2)
    finally:
        progress.shown.reset(token)
    assert {line["prompt"]: line["text"] for line in lines(tmp_path / "out")} == answers
    n_said = capsys.readouterr().err.count("repeats the key")
    assert n_said == ("[key]" in str(answers))


def test_samples_of_another_template_file_are_not_mixed_in(tmp_path):
    path, out = tmp_path / "mine.txt", tmp_path / "out"
    path.write_text("{user}\n答え: ", "utf-8")
    with serve() as server:
        sample_server(server.url, ["一"], out, model="m", template=path)
        path.write_text("{user}\n回答: ", "utf-8")
        with pytest.raises(OutputError, match=r"its template is 'mine\.txt@"):
            sample_server(server.url, ["一"], out, model="m", template=path)


@pytest.mark.parametrize("bad", ["\nsecond", "\u3042", " x", "\x7f", "é", "\r\nX-Other: 1"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_said(monkeypatch, bad):
    monkeypatch.setenv("TOKEXT_API_KEY", KEY + bad + "end")
    with pytest.raises(InputError, match="TOKEXT_API_KEY") as refused:
        open_endpoint("http://localhost:8000/v1")
    assert "sk-" not in str(refused.value) + refused.value.hint


def test_without_a_key_none_is_sent(tmp_path):
    with serve() as server:
        sample_server(server.url, ["一"], tmp_path / "out", model="m")
    assert "Authorization" not in server.headers[0]


def test_a_redirect_to_another_server_does_not_get_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEXT_API_KEY", KEY)
    with serve() as other, serve(always="redirect", redirect=other.url) as server:
        with pytest.raises(ModelError):
            sample_server(server.url, ["一"], tmp_path / "out", model="m")
        assert "Authorization" not in other.headers[0]


@pytest.mark.parametrize(
    ("fault", "hint"), [("401", "TOKEXT_API_KEY"), ("404", "--model"), ("400", "settings")]
)
def test_a_refusal_is_final_and_says_what_to_do(tmp_path, fault, hint):
    with serve(always=fault) as server, pytest.raises(ModelError, match=fault) as refused:
        sample_server(server.url, ["一"], tmp_path / "out", model="m")
    # A 400 may be for what is asked, so something plain is asked once.
    assert len(server.seen) == (2 if fault == "400" else 1)
    assert "so it is" in str(refused.value)
    assert hint in refused.value.hint


def test_an_answer_of_another_form_is_refused(tmp_path):
    with serve(always="other") as server, pytest.raises(ModelError, match=r"another form.*world"):
        sample_server(server.url, ["一"], tmp_path / "out", model="m")


def test_an_answer_of_null_is_an_empty_one(tmp_path):
    with serve(always="null") as server:
        done = sample_server(server.url, ["一"], tmp_path / "out", model="m")
    assert done.n_empty == 1
    assert lines(tmp_path / "out")[0]["text"] == ""


def test_temperature_and_what_is_named_are_sent_and_nothing_else(tmp_path):
    with serve() as server:
        sample_server(
            server.url, [Prompt("p", "問", system="指示")], tmp_path / "out", model="m",
            temperature=[0.2], min_p=[0.1], max_new_tokens=9,
        )  # fmt: skip
    (sent,) = server.seen
    assert sent.pop("seed") == lines(tmp_path / "out")[0]["sampling"]["seed"]
    assert sent == {
        "path": "/v1/chat/completions",
        "model": "m",
        "temperature": 0.2,
        "min_p": 0.1,
        "max_tokens": 9,
        "messages": [
            {"role": "system", "content": "指示"},
            {"role": "user", "content": "問"},
        ],
    }


@pytest.fixture
def shown() -> Iterator[None]:
    token = progress.shown.set(True)
    yield
    progress.shown.reset(token)


def test_a_sample_states_no_setting_that_was_not_sent(tmp_path, shown, capsys):
    with serve() as server:
        sample_server(
            server.url, ASKED, tmp_path / "out", model="m", min_p=[0.0], repetition_penalty=[1.0]
        )
    for sent, line in zip(server.seen, lines(tmp_path / "out"), strict=True):
        stated = {k: v for k, v in line["sampling"].items() if k not in ("seed", "max_new_tokens")}
        assert stated.keys() == {"temperature", "top_p", "top_k", "min_p", "repetition_penalty"}
        assert stated["top_p"] is stated["top_k"] is None
        assert {k: v for k, v in sent.items() if k in stated} == {
            k: v for k, v in stated.items() if v is not None
        }
    assert capsys.readouterr().err.count("decides about top_p, top_k: ") == 1


@pytest.mark.parametrize("top_p", [0.9, 1.0])
def test_a_top_p_that_is_named_is_sent(tmp_path, top_p):
    with serve() as server:
        sample_server(server.url, ["一"], tmp_path / "out", model="m", top_p=[top_p])
    assert server.seen[0]["top_p"] == lines(tmp_path / "out")[0]["sampling"]["top_p"] == top_p


def test_a_setting_that_is_named_is_not_mixed_with_the_servers_own(tmp_path):
    with serve() as server:
        sample_server(server.url, ["一"], tmp_path / "out", model="m")
        with pytest.raises(OutputError, match="its sampling is"):
            sample_server(server.url, ["一"], tmp_path / "out", model="m", top_k=[0])


@pytest.mark.parametrize(
    ("options", "is_said"),
    [
        ({"n": 2}, True),
        ({"temperature": [0.5, 1.0]}, True),
        ({"n": 2, "temperature": [0]}, False),
        ({"n": 1}, False),
    ],
)
def test_one_answer_under_all_seeds_is_said_where_it_was_to_be_drawn(
    tmp_path, shown, capsys, options, is_said
):
    with serve() as server:
        sample_server(server.url, ["一", "二"], tmp_path / "out", model="m", **options)
    said = "2 of 2 prompts got the same answer from all seeds" in capsys.readouterr().err
    assert said == is_said


def test_a_named_format_is_made_here_and_sent_as_text(tmp_path):
    with serve() as server:
        prompts = [Prompt("p", "問", system="指示")]
        sample_server(server.url, prompts, tmp_path / "out", model="m", template="zephyr")
    assert server.seen[0]["path"] == "/v1/completions"
    assert server.seen[0]["prompt"] == "<|system|>\n指示</s>\n<|user|>\n問</s>\n<|assistant|>\n"


def test_nobody_at_the_address_is_said_before_anything_is_written(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ModelError, match="nobody answers at"):
        sample_server(url, ["一"], tmp_path / "out", model="m")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000",
        "ftp://a/v1",
        "http://",
        "http://user:pass@a/v1",
        "http://a/v1?key=x",
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1:abc/v1",
        "http://[::1/v1",
        "http://[x]:1/v1",
        "http://127.0.0.1:0/v1",
        "http://a/日本",
        "http://user:pass@[::1/v1",
        "user:pass@a",
    ],
)
def test_an_address_that_is_none_or_holds_a_key_is_refused(url):
    with pytest.raises(InputError, match="address") as refused:
        open_endpoint(url)
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"concurrency": 0}, {"timeout_seconds": 0}, {"n_tries": 0}])
def test_a_limit_of_nothing_is_refused_by_name(tmp_path, wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=f"{name} is 0"):
        sample_server("http://127.0.0.1:9/v1", ["一"], tmp_path / "out", model="m", **wrong)


@pytest.mark.slow
def test_transformers_serve_answers(tmp_path):
    folder = write_model(tmp_path / "model")
    with transformers_serve(folder, tmp_path / "serve.log") as url:
        for template in ("own", "zephyr"):
            out = tmp_path / f"{template}.jsonl"
            done = sample_server(
                url, ASKED[:2], out, model=str(folder), template=template, max_new_tokens=5,
                concurrency=2,
            )  # fmt: skip
            assert done.n_made == 2
            assert all(line["n_tokens"] <= 5 for line in lines(out))


@pytest.mark.slow
def test_transformers_serve_heeds_every_setting(tmp_path, shown, capsys):
    folder = write_model(tmp_path / "model", chat_template="{{ bos_token }}" + ZEPHYR)
    options: dict[str, Any] = {"max_new_tokens": 12, "n": 3, "force": True}

    def texts(**settings: Any) -> list[str]:
        out = tmp_path / "out.jsonl"
        sample_server(url, ["東京の駅"], out, model=str(folder), **options, **settings)
        assert None not in lines(out)[0]["sampling"].values()
        return [line["text"] for line in lines(out)]

    with transformers_serve(folder, tmp_path / "serve.log") as url:
        greedy = texts(temperature=[0.0])
        drawn = texts(temperature=[1.5])
        assert len(set(greedy)) == 1
        assert len({*greedy, *drawn}) == 4
        assert "the same answer from all seeds" not in capsys.readouterr().err
        assert texts(temperature=[1.5]) == drawn
        # Each of these leaves but the likeliest token to draw.
        assert texts(temperature=[1.5], top_k=[1]) == greedy
        assert texts(temperature=[1.5], min_p=[1.0]) == greedy
        assert texts(temperature=[1.5], top_p=[1e-6]) == greedy
        penalized = texts(temperature=[0.0], repetition_penalty=[1.5])
    own = tmp_path / "own.jsonl"
    given = {"temperature": [0.0], "repetition_penalty": [1.0, 1.5], "device": "cpu"}
    sample_model(folder, ["東京の駅"], own, **options, **given)
    assert [line["text"] for line in lines(own)] == greedy + penalized
