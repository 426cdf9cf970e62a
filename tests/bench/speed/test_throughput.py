"""Characters per second: the same text for all, honest counts, and what can go wrong."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from bench_sentences import JAPANESE
from tiny_models import random_mistral, write_model, write_tokenizer
from transformers import MixtralConfig, MixtralForCausalLM

from tokext.bench.machines import Machine
from tokext.bench.shapes import SHAPES, find_shape
from tokext.bench.speed.memory import PeakMemory
from tokext.bench.speed.random_models import random_model
from tokext.bench.speed.rows import Passes, reached
from tokext.bench.speed.subject import Subject, open_subject
from tokext.bench.speed.team import join_rows
from tokext.bench.speed.throughput import measure_subjects, measure_throughput
from tokext.bench.speed.timed import Runner, Timing
from tokext.bench.speed.windows import cut_windows
from tokext.bench.speed.work import deal, make_work
from tokext.errors import InputError, ModelError
from tokext.model.load import load_model, run_device
from tokext.records import ThroughputRow, read_throughput
from tokext.tokenizer.load import load_tokenizer

TEXT = "".join(JAPANESE) * 30
SMALL: dict[str, Any] = {
    "device": "cpu", "new_tokens": 6, "prefill_chars": 20, "repeats": 2, "machine": "h200",
}  # fmt: skip


@pytest.fixture(scope="module")
def coarse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("t") / "coarse", size=345)


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("t") / "fine", size=460)


@pytest.fixture(scope="module")
def rows(coarse: Path, fine: Path) -> list[ThroughputRow]:
    return measure_throughput(
        [coarse, fine], {"text": [TEXT]}, shape="mistral-tiny", batch_size=[1, 3], **SMALL
    )


def test_every_model_reads_and_writes_the_same_characters(rows):
    assert [(row.batch_size, Path(row.model).name) for row in rows] == [
        (1, "coarse"), (1, "fine"), (3, "coarse"), (3, "fine"),
    ]  # fmt: skip
    for first, second in (rows[:2], rows[2:]):
        assert first.n_prefill_chars == second.n_prefill_chars == 20 * first.batch_size
        assert first.n_decode_chars == second.n_decode_chars
        assert first.n_decode_tokens > second.n_decode_tokens


def test_rates_are_characters_over_seconds(rows):
    for row in rows:
        assert row.repeats == 2
        assert row.decode_chars_per_second[1] == row.n_decode_chars[1] / row.decode_seconds[1]
        assert row.prefill_chars_per_second[0] == row.n_prefill_chars / row.prefill_seconds[0]
        assert row.time_to_first_token_seconds[0] >= row.prefill_seconds[0]
        assert row.n_steps == -(-row.n_decode_tokens // row.batch_size)


def test_ratios_compare_passes_that_stood_side_by_side(rows):
    first, second = rows[:2]
    assert first.decode_ratios == ()
    for at, ratio in enumerate(second.decode_ratios):
        rates = second.decode_chars_per_second[at], first.decode_chars_per_second[at]
        assert ratio == pytest.approx(rates[0] / rates[1])


def test_cache_and_window_are_said_in_characters(rows):
    first, second = rows[:2]
    assert first.kv_bytes_per_token == 2 * 2 * 2 * 16 * 4
    assert first.kv_bytes_per_char > second.kv_bytes_per_char
    assert second.context_chars == 4096 * second.chars_per_token


def test_the_prediction_stands_beside_the_measurement(rows):
    assert rows[0].predicted_ratio is None
    assert rows[1].predicted_ratio > 1
    assert rows[1].prediction.machine == "h200"
    assert 0 < rows[1].bandwidth_share < 1


def test_peak_memory_is_at_least_the_weights(rows):
    if rows[0].peak_memory_bytes is None:
        pytest.skip("this system does not say how much memory a process took at most")
    assert rows[0].peak_memory_bytes >= rows[0].n_parameters * 4


def test_rows_survive_their_file(rows, tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps([row.as_dict() for row in rows]), "utf-8")
    assert read_throughput(path) == rows
    fields = json.loads(path.read_text("utf-8"))[1]
    low, high = fields["decode_chars_per_second_spread"]
    assert low <= fields["decode_chars_per_second"] <= high
    assert fields["kv_bytes_per_char"] > 0


def test_a_file_of_something_else_is_refused(tmp_path):
    for content in ("{}", '[{"model": "m"}]'):
        (tmp_path / "t.json").write_text(content, "utf-8")
        with pytest.raises(InputError, match="throughput"):
            read_throughput(tmp_path / "t.json")


def test_windows_come_from_all_over_the_text():
    first, second = "あ" * 1000, "い" * 1000
    texts = cut_windows(first + second, 4, 30, 17).texts
    assert [text[0] for text in texts] == ["あ", "あ", "い", "い"]
    assert len(set(cut_windows(TEXT[:500], 10, 30, 17).texts)) == 10


@pytest.mark.parametrize(("batch_size", "n_repeated"), [(1, 0), (10, 0), (11, 1), (25, 15)])
def test_how_much_of_the_text_is_used_is_said_and_how_much_repeats(batch_size, n_repeated):
    windows = cut_windows("".join(map(chr, range(300, 400))), batch_size, 6, 4)
    assert len(windows.texts) == batch_size
    assert batch_size - len(set(windows.texts)) == windows.n_repeated == n_repeated
    assert f"{10 * (batch_size - n_repeated)} of the text's 100 characters" in windows.told
    assert (f"{n_repeated} of {batch_size} sequences repeat" in windows.told) == (n_repeated > 0)


def test_a_share_of_the_bandwidth_is_a_share(fine):
    options = {**SMALL, "machine": "auto", "batch_size": [1, 2]}
    rows = measure_throughput([fine], {"t": [TEXT]}, shape="mistral-tiny", **options)
    assert all(0 < row.bandwidth_share <= 1 for row in rows)


def test_a_deal_leaves_no_slot_idle_and_drops_no_token(fine):
    windows = cut_windows(TEXT, 4, 30, 17)
    work = make_work(windows, load_tokenizer(fine))
    whole = [load_tokenizer(fine).encode(text) for text in windows.texts]
    assert work.n_prefill_tokens + work.n_decode_tokens == sum(map(len, whole))
    for dealt, n_tokens in (
        (work.prefill, work.n_prefill_tokens),
        (work.decode, work.n_decode_tokens),
    ):
        assert dealt.shape[0] == 4
        assert 0 <= dealt.numel() - n_tokens < 4


def test_dealing_keeps_the_order():
    assert deal(range(7), 3).flatten().tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1]


def subject(folder: Path, *, context: int = 512) -> Subject:
    tokenizer = load_tokenizer(folder)
    return Subject("tiny", random_mistral(tokenizer.size, context=context), tokenizer)


def test_writing_with_the_cache_is_reading_the_whole_text_at_once(fine):
    one = subject(fine)
    work = make_work(cut_windows(TEXT, 2, 30, 12), one.tokenizer)
    runner = Runner(one.model, work)
    seen = []
    step = runner.next_ids
    runner.next_ids = lambda *given: seen.append(step(*given)) or seen[-1]
    timing = runner.replay()
    assert torch.equal(timing.chosen, work.decode)
    whole = torch.cat([work.prefill, work.decode], dim=1)
    with torch.no_grad():
        wanted = one.model(input_ids=whole).logits[:, work.prefill.shape[1] :]
    got = torch.stack([logits for logits, _ in seen], dim=1)
    assert torch.allclose(got, wanted, atol=1e-4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_cache_of_fixed_size_says_the_same_and_can_be_used_again(fine):
    one = subject(fine)
    work = make_work(cut_windows(TEXT, 2, 30, 12), one.tokenizer)
    fixed = Runner(one.model, work, compiled=True)
    # What is compiled is left out here: it takes minutes, and the cache is what differs.
    fixed.next_ids = fixed._next_ids
    wanted = last_ids(Runner(one.model, work))
    assert last_ids(fixed) == last_ids(fixed) == wanted


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="compiling takes a C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_compiled_step_is_compiled_and_says_the_same(fine):
    one = subject(fine)
    work = make_work(cut_windows(TEXT, 2, 30, 12), one.tokenizer)
    wanted = last_ids(Runner(one.model, work))
    compiled = Runner(one.model, work, compiled=True)
    torch._dynamo.utils.counters.clear()
    assert last_ids(compiled) == last_ids(compiled) == wanted
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0


def last_ids(runner: Runner) -> list[list[int]]:
    """The likeliest ids after each step of one pass."""
    step, seen = runner.next_ids, []

    def seen_step(*given: Any) -> tuple[torch.Tensor, torch.Tensor]:
        logits, likeliest = step(*given)
        seen.append(likeliest.flatten().tolist())
        return logits, likeliest

    runner.next_ids = seen_step
    runner.replay()
    runner.next_ids = step
    return seen


def test_shapes_have_the_sizes_that_they_are_named_for():
    def n_parameters(name: str) -> int:
        cost = find_shape(name).cost(32_000)
        return cost.n_body_parameters + 2 * cost.n_rows * cost.width

    assert n_parameters("mistral-7b") == 7_241_732_096
    assert n_parameters("llama-2-7b") == 6_738_415_616
    assert 0.95e9 < n_parameters("mistral-1b") < 1.05e9


def random_mixtral() -> Any:
    """A mixture of 32 experts, of which a token goes through two."""
    torch.manual_seed(0)
    config = MixtralConfig(
        vocab_size=460, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, num_local_experts=32, num_experts_per_tok=2,
    )  # fmt: skip
    return MixtralForCausalLM(config).eval()


def test_of_a_mixture_the_experts_count_that_a_token_goes_through():
    cost = Subject("mixture", random_mixtral(), tokenizer=None).cost()
    expert = 3 * 32 * 64
    attention = 2 * 32 * 32 + 2 * 32 * 16
    layer = attention + 32 * 32 + 2 * 32  # with the router and two norms
    assert cost.n_body_parameters == 2 * (layer + 32 * expert) + 32
    assert cost.n_active_parameters == 2 * (layer + 2 * expert) + 32
    read = 4 * (cost.n_active_parameters + (460 + 1) * 32)
    assert cost.step_bytes(1, context=0) - cost.kv_bytes_per_token == read


def test_a_mixture_of_experts_does_not_raise_what_a_machine_can_do(fine):
    mixture = Subject("mixture", random_mixtral(), load_tokenizer(fine))
    work = make_work(cut_windows(TEXT, 2, 10, 6), mixture.tokenizer)
    passes = Passes(mixture, work, None, PeakMemory(mixture.model), counts_own_words=False)
    passes.timings.append(Timing(1.0, 1.0, 1e-9, work.decode))
    slow = Machine("slow", 1e6, 1e9, measured=True)
    assert reached(slow, [passes]) == slow
    one = replace(passes, subject=subject(fine))
    assert reached(slow, [one]).bytes_per_second > 1e12


def test_what_a_shape_costs_is_what_its_random_model_has():
    shape = SHAPES["mistral-tiny"]
    tiny = random_model(shape, 50, device=torch.device("cpu"), dtype=torch.bfloat16)
    assert all(p.dtype == torch.bfloat16 and p.isfinite().all() for p in tiny.parameters())
    subject = Subject("tiny", tiny, tokenizer=None)
    assert subject.cost() == shape.cost(50)


def test_what_a_model_says_is_counted_in_characters(tmp_path):
    folder = write_model(tmp_path / "model")
    (row,) = measure_throughput(
        [folder], {"text": [TEXT]}, mode="free", batch_size=[2], **SMALL, seed=3
    )
    assert row.mode == "free"
    assert row.n_decode_tokens == 2 * row.n_steps
    assert all(0 < n <= 20 * row.n_decode_tokens for n in row.n_decode_chars)
    again = measure_throughput(
        [folder], {"text": [TEXT]}, mode="free", batch_size=[2], **SMALL, seed=3
    )
    assert again[0].n_decode_chars == row.n_decode_chars


def test_what_is_foretold_of_a_model_that_talks_is_of_the_characters_that_came_out(tmp_path):
    folder = write_model(tmp_path / "model")
    (row,) = measure_throughput([folder], {"t": [TEXT]}, mode="free", batch_size=[2], **SMALL)
    (given,) = measure_throughput([folder], {"t": [TEXT]}, batch_size=[2], **SMALL)
    mean = sum(row.n_decode_chars) / len(row.n_decode_chars)
    assert mean != given.n_decode_chars[0]
    foretold = 2 * mean / row.n_decode_tokens / row.prediction.step_seconds
    assert row.prediction.decode_chars_per_second == pytest.approx(foretold)
    n_tokens = row.n_prefill_tokens + row.n_decode_tokens
    assert row.chars_per_token == pytest.approx((row.n_prefill_chars + mean) / n_tokens)


def test_special_tokens_that_a_model_says_are_no_characters(tmp_path):
    folder = write_model(tmp_path / "model")
    one = open_subject(folder, shape=None, device=torch.device("cpu"), dtype="auto")
    said = one.decoder("駅", add_special_tokens=False)["input_ids"]
    chosen = torch.tensor([[0, *said, 0], [0] * (len(said) + 2)])
    work = make_work(cut_windows(TEXT, 2, 10, 6), one.tokenizer)
    passes = Passes(one, work, None, PeakMemory(one.model), counts_own_words=True)
    passes.timings.append(Timing(1.0, 1.0, 1.0, chosen))
    assert passes.n_decode_chars() == (len(one.decoder.decode(said)),)
    one.model.generation_config.suppress_tokens = list(range(1, len(one.decoder)))
    with pytest.raises(ModelError, match="wrote no character in"):
        measure_subjects(
            [one], TEXT, mode="free", new_tokens=6, prefill_chars=20, machine="h200", repeats=1
        )


def test_a_packed_checkpoint_costs_the_bytes_that_it_takes(tmp_path):
    pytest.importorskip("bitsandbytes")
    folder = write_model(tmp_path / "model", width=128)
    whole, packed = (load_model(folder, device="cpu", load_in_4bit=is_4) for is_4 in (False, True))
    costs = [Subject("m", m.model, None).cost() for m in (whole, packed)]
    assert costs[1].n_body_parameters == costs[0].n_body_parameters
    rows = packed.model.get_input_embeddings().weight
    # 4 bits a number, a scale of 4 bytes to 64 of them, and norms left as they are.
    expected = costs[1].n_body_parameters * (0.5 + 4 / 64)
    assert costs[1].body_bytes == pytest.approx(expected, rel=0.05)
    step = costs[1].step_bytes(1, 0) - costs[1].kv_bytes_per_token
    read = costs[1].body_bytes + (rows.shape[0] + 1) * rows.shape[1] * rows.element_size()
    assert step == read


def test_ends_of_sequence_are_not_drawn(tmp_path):
    folder = write_model(tmp_path / "model")
    one = open_subject(folder, shape=None, device=torch.device("cpu"), dtype="auto")
    never = one.never_drawn()
    assert never.tolist() == [2]
    work = make_work(cut_windows(TEXT, 8, 10, 60), one.tokenizer)
    assert 2 not in Runner(one.model, work).free(0, never).chosen


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_what_a_model_says_in_logits_that_are_no_numbers_is_not_timed(tmp_path, broken):
    folder = write_model(tmp_path / "model")
    one = open_subject(folder, shape=None, device=torch.device("cpu"), dtype="bfloat16")
    one.model.get_output_embeddings().weight.data[7] = broken
    given = {name: value for name, value in SMALL.items() if name != "device"}
    with pytest.raises(ModelError, match=r"logits for its token 1 are not finite in bfloat16\."):
        measure_subjects([one], TEXT, mode="free", **given)


def test_out_of_memory_at_a_batch_steps_down_and_goes_on(fine, capsys):
    from tokext import progress

    one = subject(fine)

    def take_memory(module: Any, given: tuple[torch.Tensor]) -> None:
        if given[0].shape[0] > 2:
            torch.empty(1 << 60, dtype=torch.uint8)

    one.model.get_input_embeddings().register_forward_pre_hook(take_memory)
    token = progress.shown.set(True)
    options = {name: SMALL[name] for name in ("new_tokens", "prefill_chars", "repeats", "machine")}
    try:
        rows = measure_subjects([one], TEXT, batch_size=[8, 1], **options)
    finally:
        progress.shown.reset(token)
    assert [row.batch_size for row in rows] == [2, 1]
    said = capsys.readouterr().err
    assert "out of memory at batch 8: going on with 4." in said
    assert "out of memory at batch 4: going on with 2." in said


def test_one_sequence_that_does_not_fit_is_a_stated_failure(fine):
    one = subject(fine)
    one.model.get_input_embeddings().register_forward_pre_hook(
        lambda module, given: torch.empty(1 << 60, dtype=torch.uint8) and None
    )
    with pytest.raises(ModelError, match="one sequence alone"):
        measure_subjects([one], TEXT, new_tokens=4, prefill_chars=10, machine="h200")


def test_a_shape_that_memory_has_no_room_for_is_refused_before_it_is_made(fine):
    if psutil.virtual_memory().available > 270e9:
        pytest.skip("this machine has room for 70 billion numbers of 32 bits")
    options = {**SMALL, "shape": "llama-2-70b"}
    with pytest.raises(ModelError, match=r"takes 27\d\.\d GB in float32, and .* are free") as bad:
        measure_throughput([fine], {"text": [TEXT]}, **options)
    assert "--dtype bfloat16" in bad.value.hint


def test_a_model_and_a_tokenizer_of_different_sizes_are_refused(tmp_path):
    folder = write_model(tmp_path / "model", rows=2000)
    with pytest.raises(ModelError, match="has 2,000 rows, and its tokenizer"):
        measure_throughput([folder], {"text": [TEXT]}, **SMALL)


def test_text_beyond_the_context_is_refused(fine):
    with pytest.raises(InputError, match="its context has 16"):
        measure_subjects(
            [subject(fine, context=16)], TEXT, new_tokens=4, prefill_chars=60, machine="h200"
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "fast"}, "no mode 'fast'"),
        ({"mode": "free"}, "random weights"),
        ({"shape": "gpt-9"}, "no shape 'gpt-9'"),
        ({"batch_size": [0]}, "batch_size is 0"),
        ({"repeats": 0}, "repeats is 0"),
        ({"new_tokens": 0}, "new_tokens is 0"),
        ({"warmup": -1}, "warmup is -1"),
        ({"machine": "abacus"}, "no machine 'abacus'"),
        ({"max_memory": "1KB"}, "max_memory 1KB has no meaning for a shape"),
        ({"prefill_chars": 10**6}, "and a sequence takes"),
    ],
)
def test_options_that_cannot_be_are_refused(fine, change, said):
    given = {**SMALL, "shape": "mistral-tiny", **change}
    with pytest.raises(InputError, match=said):
        measure_throughput([fine], {"text": [TEXT]}, **given)


def test_no_model_is_refused():
    with pytest.raises(InputError, match="no model"):
        measure_throughput([], {"text": [TEXT]}, **SMALL)


def test_a_device_that_is_not_there_is_refused(fine):
    given = {**SMALL, "device": "cuda:99"}
    with pytest.raises(ModelError, match="cuda:99"):
        measure_throughput([fine], {"text": [TEXT]}, shape="mistral-tiny", **given)


def test_the_cpu_is_tried_out_where_no_machine_is_named(fine):
    given = {**SMALL, "machine": "auto", "repeats": 1}
    (row,) = measure_throughput([fine], {"text": [TEXT]}, shape="mistral-tiny", **given)
    assert row.prediction.is_measured_machine
    assert 1e8 < row.prediction.bytes_per_second < 1e13
    assert row.device == "cpu"


def no_room(*given: Any) -> Machine:
    raise torch.OutOfMemoryError("CUDA out of memory.")


def test_a_device_without_room_to_be_tried_out_is_a_stated_failure(fine, monkeypatch):
    monkeypatch.setattr("tokext.bench.speed.subject.measured_machine", no_room)
    with pytest.raises(ModelError, match="memory of cpu has no room to try out") as refused:
        measure_subjects([subject(fine)], TEXT, new_tokens=4, prefill_chars=10, repeats=1)
    assert "--machine" in refused.value.hint


def test_a_device_that_has_no_room_for_it_any_more_is_as_it_was_found(fine, monkeypatch):
    tries = iter([lambda *given: Machine("here", 1e9, 1e9, measured=True), no_room])
    monkeypatch.setattr(
        "tokext.bench.speed.subject.measured_machine", lambda *given: next(tries)(*given)
    )
    (row,) = measure_subjects([subject(fine)], TEXT, new_tokens=4, prefill_chars=10, repeats=1)
    assert row.prediction.is_measured_machine
    assert not list(tries)


def test_all_batches_are_predicted_for_one_machine_each_after_its_own_passes(fine):
    rows = measure_subjects(
        [subject(fine)], TEXT, batch_size=[1, 2, 3], new_tokens=4, prefill_chars=10,
        repeats=1, repeats_at={1: 3, 2: 2},
    )  # fmt: skip
    assert [(row.batch_size, row.repeats) for row in rows] == [(1, 3), (2, 2), (3, 1)]
    assert rows[0].prediction.is_measured_machine
    assert len({row.prediction.bytes_per_second for row in rows}) == 1
    assert len({row.prediction.operations_per_second for row in rows}) == 1
    assert all(row.bandwidth_share <= 1 for row in rows)


def test_weights_that_wait_on_the_disk_change_nothing_that_is_said(tmp_path):
    folder = write_model(tmp_path / "model")
    options = {"mode": "free", "batch_size": [2], **SMALL, "seed": 3}
    (whole,) = measure_throughput([folder], {"text": [TEXT]}, **options)
    (spread,) = measure_throughput([folder], {"text": [TEXT]}, max_memory="90KB", **options)
    assert spread.n_decode_chars == whole.n_decode_chars
    assert spread.n_parameters == whole.n_parameters
    assert spread.device == "cpu"


def test_weights_beyond_the_memory_that_is_allowed_are_on_the_disk(tmp_path):
    loaded = load_model(write_model(tmp_path / "model"), device="cpu", max_memory="90KB")
    assert "disk" in loaded.model.hf_device_map.values()
    assert run_device(loaded.model) == torch.device("cpu")
    with pytest.raises(InputError, match="no size of memory"):
        load_model(tmp_path / "model", device="cpu", max_memory="much")


def test_what_processes_did_together_is_added_up_and_takes_the_slowest_ones_time(rows):
    first, second = rows[0], replace(rows[0], decode_seconds=(9.0, 8.0), n_decode_tokens=5)
    joined = join_rows([first, second])
    assert joined.n_processes == joined.batch_size == 2
    assert joined.decode_seconds == (9.0, 8.0)
    assert joined.n_decode_chars == tuple(2 * n for n in first.n_decode_chars)
    assert joined.n_decode_tokens == first.n_decode_tokens + 5
    assert joined.prediction.step_seconds == first.prediction.step_seconds


@pytest.mark.slow
def test_two_processes_share_the_documents_and_leave_one_result(coarse, fine, tmp_path):
    text, out = tmp_path / "t.txt", tmp_path / "speed.json"
    text.write_text(TEXT, "utf-8")
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
        "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
        "--main_process_port", str(free_port()), "--module", "tokext", "bench", "throughput",
        coarse, fine, "--shape", "mistral-tiny", "--text", text, "--device", "cpu",
        "--new-tokens", "6", "--prefill-chars", "20", "--repeats", "2", "--machine", "h200",
        "-o", out, "--json",
    ]  # fmt: skip
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == json.loads(out.read_text("utf-8"))
    alone = measure_throughput(
        [coarse, fine], {"text": [TEXT]}, shape="mistral-tiny", batch_size=[2], **SMALL
    )
    for together, one in zip(read_throughput(out), alone, strict=True):
        assert (together.n_processes, together.batch_size) == (2, 2)
        assert together.n_decode_chars == one.n_decode_chars
        assert together.n_decode_tokens == one.n_decode_tokens
        assert len(together.decode_ratios) == len(one.decode_ratios)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
