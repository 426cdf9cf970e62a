"""Sampling from a checkpoint: seeds, resuming, settings, and what can go wrong."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import random_mistral, write_model

from tokext.bench.leakage.samples import read_samples
from tokext.bench.sampling.draw import DrawByRow
from tokext.bench.sampling.jobs import Answer, SampleRecord, Sampling, plan_jobs, sweep
from tokext.bench.sampling.log import SampleLog
from tokext.bench.sampling.prompts import Prompt
from tokext.bench.sampling.sample import sample_model
from tokext.errors import InputError, ModelError, OutputError
from tokext.model.load import LoadedModel, is_out_of_memory, load_model

ASKED = ["日本の駅はどこですか。", "Open the file.", "東京", "なぜ？", "Hello"]
SHORT: dict[str, Any] = {"max_new_tokens": 6, "device": "cpu"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("checkpoint") / "model")


@pytest.fixture(scope="module")
def loaded(folder: Path) -> LoadedModel:
    return load_model(folder, device="cpu")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def texts(path: Path) -> dict[str, str]:
    return {line["id"]: line["text"] for line in lines(path)}


def test_every_prompt_and_setting_is_sampled_n_times(loaded, tmp_path):
    out = tmp_path / "out.jsonl"
    done = sample_model(loaded, ASKED, out, temperature=[0.5, 1.0], min_p=[0, 0.1], n=2, **SHORT)
    written = lines(out)
    assert done.n_samples == done.n_made == len(written) == 5 * 4 * 2
    assert len({line["id"] for line in written}) == len(written)
    assert len({line["sampling"]["seed"] for line in written}) == len(written)


def test_a_line_holds_what_the_interface_promises(loaded, tmp_path):
    prompt = Prompt("p", "駅は？", system="日本語で。", kind="trap", language="ja", allowed=("en",))
    sample_model(loaded, [prompt], tmp_path / "out.jsonl", **SHORT)
    (line,) = lines(tmp_path / "out.jsonl")
    assert line["prompt"] == "駅は？"
    assert line["sampling"].keys() == {
        "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed", "max_new_tokens",
    }  # fmt: skip
    assert line["model"] == loaded.name
    assert line["n_tokens"] <= 6
    assert line["seconds"] > 0
    assert line["finish_reason"] in ("stop", "length")
    assert line["allowed"] == ["en"]


def test_what_was_sampled_can_be_read_for_leaks(loaded, tmp_path):
    sample_model(loaded, ASKED, tmp_path / "out.jsonl", temperature=[0.3], **SHORT)
    read = read_samples(tmp_path / "out.jsonl").samples
    assert [s.prompt for s in read] == ASKED
    assert read[0].key("temperature") == "0.3"


def test_neither_batch_size_nor_order_changes_what_is_drawn(loaded, tmp_path):
    options = {**SHORT, "n": 2, "temperature": [1.0], "repetition_penalty": [1.3]}
    prompts = [Prompt(f"p{at}", text) for at, text in enumerate(ASKED)]
    for name, size, given in (("a", 1, prompts), ("b", 4, prompts), ("c", 3, prompts[::-1])):
        sample_model(loaded, given, tmp_path / name, batch_size=size, **options)
    assert texts(tmp_path / "a") == texts(tmp_path / "b") == texts(tmp_path / "c")


def test_another_seed_draws_otherwise(loaded, tmp_path):
    for seed in (0, 1):
        sample_model(loaded, ASKED, tmp_path / str(seed), seed=seed, temperature=[1.5], **SHORT)
    assert texts(tmp_path / "0") != texts(tmp_path / "1")


def test_temperature_zero_is_the_greedy_answer_of_transformers(loaded, tmp_path):
    sample_model(loaded, ASKED[:2], tmp_path / "out", template="plain", temperature=[0], **SHORT)
    for line in lines(tmp_path / "out"):
        given = loaded.tokenizer(line["prompt"], return_tensors="pt")
        out = loaded.model.generate(
            input_ids=given["input_ids"], attention_mask=given["attention_mask"],
            max_new_tokens=6, do_sample=False, pad_token_id=2,
        )  # fmt: skip
        new = out[0, given["input_ids"].shape[1] :]
        assert line["text"] == loaded.tokenizer.decode(new, skip_special_tokens=True)


def test_what_is_drawn_follows_the_shares():
    n = 4000
    draw = DrawByRow(range(n), 1, torch.device("cpu"))
    shares = torch.tensor([0.5, 0.0, 0.3, 0.2])
    scores = shares.log().expand(n, -1)
    chosen = draw(torch.zeros(n, 1, dtype=torch.int64), scores).argmax(-1)
    found = torch.bincount(chosen, minlength=4) / n
    assert found[1] == 0
    assert torch.allclose(found, shares, atol=0.03)


def test_a_row_beyond_the_tokenizer_is_never_drawn(tmp_path):
    folder = write_model(tmp_path / "padded", rows=900)
    out = tmp_path / "out.jsonl"
    loaded = load_model(folder, device="cpu")
    weight = loaded.model.get_output_embeddings().weight
    weight.data[len(loaded.tokenizer) :] = 50 * weight.data[5]
    drawn = []
    decode = loaded.tokenizer.decode
    loaded.tokenizer.decode = lambda ids, **options: drawn.extend(ids) or decode(ids, **options)
    for temperature in (0.0, 2.0):
        sample_model(loaded, ASKED, out, temperature=[temperature], force=True, **SHORT)
    assert drawn
    assert max(drawn) < len(loaded.tokenizer)


def test_a_finished_file_is_left_as_it_is(loaded, tmp_path):
    out = tmp_path / "out.jsonl"
    sample_model(loaded, ASKED, out, **SHORT)
    before = out.read_bytes()
    assert sample_model(loaded, ASKED, out, **SHORT).n_made == 0
    assert out.read_bytes() == before


def test_a_larger_n_keeps_what_is_there(loaded, tmp_path):
    out = tmp_path / "out.jsonl"
    sample_model(loaded, ASKED, out, **SHORT)
    first = out.read_bytes()
    assert sample_model(loaded, ASKED, out, n=2, **SHORT).n_made == 5
    assert out.read_bytes().startswith(first)


@pytest.mark.parametrize("cut", [1, 30, 200, -1, -20])
def test_a_last_line_that_was_cut_off_is_made_again(loaded, tmp_path, cut):
    out = tmp_path / "out.jsonl"
    sample_model(loaded, ASKED, out, **SHORT)
    whole = texts(out)
    *_, last = out.read_bytes().splitlines(keepends=True)
    kept = len(last) - cut if cut > 0 else -cut
    out.write_bytes(out.read_bytes().removesuffix(last) + last[:kept])
    assert sample_model(loaded, ASKED, out, **SHORT).n_made == 1
    assert texts(out) == whole
    assert len(lines(out)) == 5


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a kill that leaves no time is POSIX's")
def test_a_killed_run_goes_on_without_duplicate_or_gap(loaded, folder, tmp_path):
    out, wanted = tmp_path / "out.jsonl", tmp_path / "wanted.jsonl"
    options = {**SHORT, "n": 40, "batch_size": 2, "temperature": [1.0]}
    program = f"""
        from tokext.bench.sampling.sample import sample_model
        sample_model({str(folder)!r}, {ASKED!r}, {str(out)!r}, **{options!r})
    """
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    deadline = time.monotonic() + 120
    while not (out.exists() and out.stat().st_size > 2000) and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    n_before = out.read_bytes().count(b"\n")
    assert 0 < n_before < 200
    sample_model(load_model(folder, device="cpu"), ASKED, out, **options)
    ids = [line["id"] for line in lines(out)]
    assert len(ids) == len(set(ids)) == 200
    sample_model(load_model(folder, device="cpu"), ASKED, wanted, **options)
    assert texts(out) == texts(wanted)


def test_in_sixteen_bits_a_kill_anywhere_changes_no_answer(folder, tmp_path):
    rounded = load_model(folder, device="cpu", dtype="bfloat16")
    options = {**SHORT, "max_new_tokens": 24, "n": 4, "batch_size": 4, "temperature": [1.0, 2.0]}
    whole = tmp_path / "whole"
    sample_model(rounded, ASKED, whole, **options)
    written = whole.read_bytes().splitlines(keepends=True)
    assert len(written) == 40
    for n_kept in (1, 7, 18, 22, 39):
        cut = tmp_path / str(n_kept)
        cut.write_bytes(b"".join(written[:n_kept]) + written[n_kept][:50])
        assert sample_model(rounded, ASKED, cut, **options).n_made == 40 - n_kept
        assert len(lines(cut)) == 40
        assert texts(cut) == texts(whole)
    # That batches are kept is what does it: with others, answers differ.
    sample_model(rounded, ASKED, tmp_path / "other", **{**options, "batch_size": 3})
    assert texts(tmp_path / "other") != texts(whole)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"temperature": [0.9]}, "would not make"),
        ({"seed": 5}, "its sampling is"),
        ({"max_new_tokens": 5}, "its sampling is"),
        ({"template": "plain"}, "its template is 'own', not 'plain'"),
    ],
)
def test_samples_of_another_run_are_not_mixed_in(loaded, tmp_path, change, said):
    out = tmp_path / "out.jsonl"
    sample_model(loaded, ASKED, out, **SHORT)
    before = out.read_bytes()
    with pytest.raises(OutputError, match=said) as refused:
        sample_model(loaded, ASKED, out, **{**SHORT, **change})
    assert "--force" in refused.value.hint
    assert out.read_bytes() == before
    sample_model(loaded, ASKED, out, force=True, **{**SHORT, **change})
    assert len(lines(out)) == 5


def test_samples_of_another_dtype_are_not_mixed_in(loaded, folder, tmp_path):
    out = tmp_path / "out.jsonl"
    sample_model(loaded, ASKED, out, **SHORT)
    line = lines(out)[0]
    assert (line["dtype"], line["device"], line["load_in_4bit"]) == ("float32", "cpu", False)
    with pytest.raises(OutputError, match="its dtype is 'float32', not 'bfloat16'"):
        sample_model(folder, ASKED, out, dtype="bfloat16", **SHORT)
    # As a machine with another device would have left it.
    out.write_text(out.read_text("utf-8").replace('"device": "cpu"', '"device": "cuda"'), "utf-8")
    with pytest.raises(OutputError, match="its device is 'cuda', not 'cpu'"):
        sample_model(loaded, ASKED, out, **SHORT)


def test_samples_of_other_weights_in_the_same_folder_are_not_mixed_in(folder, tmp_path):
    own, out = tmp_path / "model", tmp_path / "out.jsonl"
    shutil.copytree(folder, own)
    sample_model(own, ASKED, out, **SHORT)
    # A copy of the same files, at another time, is the same checkpoint.
    shutil.rmtree(own)
    shutil.copytree(folder, own, copy_function=shutil.copyfile)
    assert sample_model(own, ASKED, out, **SHORT).n_made == 0
    random_mistral(len(load_model(own, device="cpu").tokenizer), seed=1).save_pretrained(own)
    with pytest.raises(OutputError, match=r"its checkpoint is '[0-9a-f]{16}', not "):
        sample_model(own, ASKED, out, **SHORT)


def test_samples_of_another_revision_are_not_mixed_in(loaded, tmp_path):
    out = tmp_path / "out.jsonl"
    sample_model(replace(loaded, revision="v1"), ASKED, out, **SHORT)
    with pytest.raises(OutputError, match="its revision is 'v1', not 'v2'"):
        sample_model(replace(loaded, revision="v2"), ASKED, out, **SHORT)


def test_samples_of_another_chat_template_are_not_mixed_in(folder, tmp_path):
    own, out = tmp_path / "model", tmp_path / "out.jsonl"
    shutil.copytree(folder, own)
    sample_model(own, ASKED, out, **SHORT)
    config = json.loads((own / "tokenizer_config.json").read_text("utf-8"))
    config["chat_template"] = config["chat_template"].replace("<|assistant|>", "<|bot|>")
    (own / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(OutputError, match="its chat_template is"):
        sample_model(own, ASKED, out, **SHORT)


def test_samples_that_do_not_say_their_checkpoint_are_refused_in_one_line(loaded, tmp_path):
    out = tmp_path / "out.jsonl"
    sample_model(loaded, ASKED, out, **SHORT)
    old = [{k: v for k, v in line.items() if k != "checkpoint"} for line in lines(out)]
    out.write_text("".join(json.dumps(line) + "\n" for line in old), "utf-8")
    with pytest.raises(OutputError, match="line 1 does not say its checkpoint, as an older tokext"):
        sample_model(loaded, ASKED, out, **SHORT)


@pytest.mark.parametrize(
    "content", [b"not JSON\n", b"[1]\n", b'{"text": "a"}\n', b'{"id": [1]}\n', b'{"id": {}}\n']
)
def test_a_file_of_something_else_is_refused_and_untouched(loaded, tmp_path, content):
    out = tmp_path / "notes.jsonl"
    out.write_bytes(content)
    with pytest.raises(OutputError, match="line 1"):
        sample_model(loaded, ASKED, out, **SHORT)
    assert out.read_bytes() == content


@pytest.mark.parametrize(
    "rest", [b'{"my":"only copy"}', b"notes", b'{"id": "x", "text": "a"}', b'{"id": "0/', b"\0"]
)
@pytest.mark.parametrize("has_lines", [False, True])
def test_a_last_line_of_something_else_is_refused_and_untouched(loaded, tmp_path, rest, has_lines):
    out = tmp_path / "notes.json"
    if has_lines:
        sample_model(loaded, ASKED, out, **SHORT)
    content = (out.read_bytes() if has_lines else b"") + rest
    out.write_bytes(content)
    with pytest.raises(OutputError, match="did not write") as refused:
        sample_model(loaded, ASKED, out, **SHORT)
    assert "--force" in refused.value.hint
    assert out.read_bytes() == content


def test_a_repeated_line_is_refused(loaded, tmp_path):
    out = tmp_path / "out.jsonl"
    sample_model(loaded, ASKED, out, **SHORT)
    first = out.read_bytes().split(b"\n")[0]
    out.write_bytes(out.read_bytes() + first + b"\n")
    with pytest.raises(OutputError, match="repeats the sample"):
        sample_model(loaded, ASKED, out, **SHORT)


def test_two_processes_do_not_write_one_file(tmp_path):
    pytest.importorskip("fcntl")
    jobs = plan_jobs([Prompt("p", "x")], [Sampling()])
    with (
        SampleLog(tmp_path / "a", jobs, made_by={}),
        pytest.raises(OutputError, match="another process"),
    ):
        SampleLog(tmp_path / "a", jobs, made_by={})


def test_half_a_surrogate_pair_in_an_answer_does_not_stop_the_writing(tmp_path):
    (job,) = plan_jobs([Prompt("p", "x")], [Sampling()])
    with SampleLog(tmp_path / "a", [job], made_by={"model": "m"}) as log:
        log.append([SampleRecord(job, Answer("a\ud83d", 1, 0.1, "stop"), "m", "m", "own")])
    assert lines(tmp_path / "a")[0]["text"] == "a?"


def test_an_empty_answer_is_written_and_counted(loaded, folder, tmp_path):
    silent = load_model(folder, device="cpu")
    # All ids end the answer, so the first drawn token does.
    silent.model.generation_config.eos_token_id = list(range(len(silent.tokenizer)))
    done = sample_model(silent, ASKED, tmp_path / "out.jsonl", **SHORT)
    assert done.n_empty == 5
    assert {
        (s["text"], s["n_tokens"], s["finish_reason"]) for s in lines(tmp_path / "out.jsonl")
    } == {("", 0, "stop")}


def refuse_more_than(n_rows: int, model: Any) -> None:
    """Let the allocator say that it has no memory, as it does: by being asked for too much."""

    def take_memory(module: Any, given: tuple[torch.Tensor]) -> None:
        if given[0].shape[0] > n_rows:
            torch.empty(1 << 60, dtype=torch.uint8)

    model.get_input_embeddings().register_forward_pre_hook(take_memory)


def test_out_of_memory_steps_down_and_goes_on(folder, tmp_path, capsys):
    from tokext import progress

    small = load_model(folder, device="cpu")
    refuse_more_than(2, small.model)
    token = progress.shown.set(True)
    try:
        done = sample_model(small, ASKED, tmp_path / "out.jsonl", batch_size=5, **SHORT)
    finally:
        progress.shown.reset(token)
    assert (done.n_made, done.batch_size) == (5, 2)
    assert "out of memory with 5 samples at a time: going on with 2." in capsys.readouterr().err


def test_a_sample_that_does_not_fit_alone_is_a_stated_failure(folder, tmp_path):
    small = load_model(folder, device="cpu")
    refuse_more_than(0, small.model)
    with pytest.raises(ModelError, match="a single sample does not fit"):
        sample_model(small, ASKED, tmp_path / "out.jsonl", **SHORT)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("dtype", "hint"),
    [
        ("float16", "try --dtype bfloat16 or float32; if they stay so, its weights are broken."),
        ("bfloat16", "try --dtype float32; if they stay so, its weights are broken."),
        ("float32", "its weights are broken: make or download them again."),
    ],
)
def test_logits_that_are_no_numbers_are_no_answer(
    folder, tmp_path, temperature, broken, dtype, hint
):
    model = load_model(folder, device="cpu", dtype=dtype)
    model.model.get_output_embeddings().weight.data[7] = broken
    said = rf"logits for the prompt 'prompt-1' are not finite in {dtype}\."
    with pytest.raises(ModelError, match=said) as refused:
        sample_model(model, ASKED, tmp_path / "out", temperature=[temperature], **SHORT)
    assert refused.value.hint == hint
    assert not (tmp_path / "out").read_bytes()


def test_a_checkpoint_too_large_for_its_device_is_a_stated_failure(folder, monkeypatch):
    def has_no_room(*given: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.nn.Module, "to", has_no_room)
    with pytest.raises(ModelError, match="does not fit into the memory of cpu") as refused:
        load_model(folder, device="cpu")
    assert "--load-in-4bit" in refused.value.hint
    assert "--max-memory" in refused.value.hint


@pytest.mark.parametrize(
    "said",
    ["CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
     "Invalid buffer size: 64.00 GiB", "MPS backend out of memory (MPS allocated: 9 GB)"],
)  # fmt: skip
def test_what_libraries_say_of_missing_memory_is_known(said):
    assert is_out_of_memory(RuntimeError(said))
    assert not is_out_of_memory(ValueError(said))


def test_another_error_of_the_model_is_not_taken_for_missing_memory(folder, tmp_path):
    broken = load_model(folder, device="cpu")
    broken.model.get_input_embeddings().register_forward_pre_hook(
        lambda module, given: torch.zeros(2) @ torch.zeros(3)
    )
    with pytest.raises(RuntimeError, match="size"):
        sample_model(broken, ASKED, tmp_path / "out.jsonl", **SHORT)


def test_a_prompt_longer_than_the_context_is_refused_before_anything_is_sampled(loaded, tmp_path):
    with pytest.raises(InputError, match=r"'prompt-2' has .* context of 512"):
        sample_model(loaded, ["短い", "駅" * 600], tmp_path / "out.jsonl", **SHORT)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("rows", [64, 2000])
def test_a_model_and_a_tokenizer_of_different_sizes_are_refused(tmp_path, rows):
    with pytest.raises(ModelError, match=rf"has {rows:,} rows, and its tokenizer"):
        load_model(write_model(tmp_path / "m", rows=rows), device="cpu")


@pytest.mark.parametrize("device", ["cuda:99", "mps:7", "warp"])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(folder, device):
    with pytest.raises(ModelError, match="device") as refused:
        load_model(folder, device=device)
    assert "cpu" in refused.value.hint


def test_a_folder_without_weights_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("{}", "utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(tmp_path, device="cpu")


@pytest.mark.skipif(
    importlib.util.find_spec("bitsandbytes") is not None, reason="bitsandbytes is installed"
)
def test_four_bits_without_bitsandbytes_are_refused(folder):
    with pytest.raises(ModelError, match="needs bitsandbytes"):
        load_model(folder, device="cpu", load_in_4bit=True)


@pytest.mark.slow
def test_four_bits_are_sampled_where_bitsandbytes_is_installed(tmp_path):
    pytest.importorskip("bitsandbytes")
    # Blocks of 64 numbers are quantized together.
    folder = write_model(tmp_path / "model", width=128)
    small = load_model(folder, device="cpu", load_in_4bit=True)
    assert small.model.is_loaded_in_4bit
    assert sample_model(small, ASKED, tmp_path / "out.jsonl", max_new_tokens=3).n_made == 5
    assert lines(tmp_path / "out.jsonl")[0]["load_in_4bit"]


@pytest.mark.slow
def test_layers_that_this_cpu_cannot_run_in_four_bits_are_refused(folder, tmp_path):
    modules = pytest.importorskip("bitsandbytes.nn.modules")
    if not modules.has_avx512bf16():
        pytest.skip("this CPU lays no weights in 4 bits out anew")
    with pytest.raises(ModelError, match=r"in 4 bits on this CPU: .* of 32 numbers") as refused:
        sample_model(folder, ASKED, tmp_path / "out.jsonl", load_in_4bit=True, **SHORT)
    assert "--load-in-4bit" in refused.value.hint


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": -1}, {"top_p": 0}, {"top_p": 1.5}, {"top_k": -3}, {"min_p": 2},
     {"repetition_penalty": 0}, {"temperature": float("nan")}],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_refused_by_name(wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=name):
        Sampling(**wrong)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"max_new_tokens": 0}, {"batch_size": 0}])
def test_a_count_of_nothing_is_refused_by_name(loaded, tmp_path, wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=f"{name} is 0"):
        sample_model(loaded, ASKED, tmp_path / "out.jsonl", **{**SHORT, **wrong})


def test_values_that_differ_in_late_digits_alone_are_both_sampled(loaded, tmp_path):
    close = [0.1234561, 0.1234562]
    done = sample_model(loaded, ASKED, tmp_path / "out", temperature=close, **SHORT)
    assert done.n_samples == len(lines(tmp_path / "out")) == 10
    assert {line["sampling"]["temperature"] for line in lines(tmp_path / "out")} == {*close}


def test_a_sweep_has_every_combination_once():
    settings = sweep(temperature=[0.2, 1, 0.2], top_k=[0, 40], min_p=[0.05])
    assert len(settings) == len(set(settings)) == 4
    assert len({s.label for s in settings}) == 4
