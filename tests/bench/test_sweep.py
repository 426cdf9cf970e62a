"""A sweep over sampler settings on a tiny model: every cell, taken up again, compared in pairs."""

from __future__ import annotations

import json
import os
import shutil

import pytest

pytest.importorskip("torch")

from tiny_models import write_model

from tokext.bench.leakage.stats import mcnemar
from tokext.bench.sweep import sweep_models
from tokext.bench.sweep_cells import AXES, SweptAnswer, compare_cells
from tokext.errors import OutputError
from tokext.records import Sweep, read_record

ASKED = ["日本の駅はどこですか。", "東京", "なぜ？"]
GRID = {
    "temperature": [1.0, 0.5],
    "min_p": [0.0, 0.2],
    "top_p": [1.0, 0.9],
    "repetition_penalty": [1.0, 1.3],
}
SMALL = {name: values[:1] for name, values in GRID.items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return write_model(folder / "base"), write_model(folder / "extended", seed=1)


def swept(models, folder, **changes):
    options = {"prompts": ASKED, "max_new_tokens": 6, "device": "cpu", "batch_size": 12}
    return sweep_models(*models, folder, **(options | GRID | changes))


@pytest.fixture(scope="module")
def whole(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    return folder, swept(models, folder)


def test_both_models_have_a_cell_for_every_combination(whole):
    _, found = whole
    settings = [tuple(cell.setting.values()) for cell in found.of("before")]
    assert len(set(settings)) == len(settings) == 2 * 2 * 2 * 2
    assert settings == [tuple(cell.setting.values()) for cell in found.of("after")]
    assert all(cell.n == len(ASKED) for cell in found.cells)


def test_the_first_setting_of_each_model_is_its_reference(whole):
    _, found = whole
    for which in ("before", "after"):
        first, *others = found.of(which)
        assert first.p_value is None
        assert all(cell.p_value is not None for cell in others)
    assert all(cell.p_extension is not None for cell in found.of("after"))


def test_every_cell_has_all_proxies_with_their_intervals(whole):
    _, found = whole
    for cell in found.cells:
        for name, proxy in cell.proxies.items():
            assert proxy.low <= proxy.value <= proxy.high, name


def test_the_record_is_read_back_as_it_was_written(whole):
    folder, found = whole
    record = read_record(folder)
    assert record["kind"] == "sweep"
    assert Sweep.from_dict(json.loads(json.dumps(record["result"]))).cells == found.cells


def test_a_second_start_goes_on_with_the_samples_that_are_there(models, whole, tmp_path):
    folder, found = whole
    lines = (folder / "before.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "before.jsonl").write_text("".join(lines[:20]) + lines[20][:40], "utf-8")
    (tmp_path / "plan.json").write_bytes((folder / "plan.json").read_bytes())
    again = swept(models, tmp_path)
    assert (tmp_path / "before.jsonl").read_text("utf-8").startswith("".join(lines[:20]))
    assert again.cells == found.cells


def test_a_folder_with_another_sweep_is_kept_unless_forced(models, whole, tmp_path):
    swept(models, tmp_path, **SMALL)
    with pytest.raises(OutputError, match="other models, prompts or settings"):
        swept(models, tmp_path, **SMALL | {"max_new_tokens": 5})
    assert len(swept(models, tmp_path, **SMALL, max_new_tokens=5, force=True).cells) == 2


def prompts_drawn(folder):
    lines = (folder / "after.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["prompt"] for line in lines]


@pytest.mark.parametrize("change", ["prompt", "template", "chat template"])
def test_another_text_of_the_same_name_makes_another_sweep(models, tmp_path, change):
    base = shutil.copytree(models[0], tmp_path / "base")
    file = tmp_path / "mine.txt"
    file.write_text("{user}", "utf-8")
    given = {**SMALL, "template": "own" if change == "chat template" else file}
    swept((base, models[1]), tmp_path / "out", **given)
    asked = ASKED
    if change == "prompt":
        asked = given["prompts"] = ["大阪", *ASKED[1:]]
    elif change == "template":
        file.write_text("問い：{user}", "utf-8")
    else:
        config = base / "tokenizer_config.json"
        config.write_text(config.read_text("utf-8").replace("<|assistant|>", "<|model|>"), "utf-8")
    with pytest.raises(OutputError, match="other models, prompts or settings"):
        swept((base, models[1]), tmp_path / "out", **given)
    swept((base, models[1]), tmp_path / "out", **given, force=True)
    assert prompts_drawn(tmp_path / "out") == asked


def test_a_copy_of_a_model_at_another_time_goes_on_with_its_sweep(models, tmp_path):
    base = shutil.copytree(models[0], tmp_path / "base")
    swept((base, models[1]), tmp_path / "out", **SMALL)
    before = (tmp_path / "out/before.jsonl").read_bytes()
    for file in base.iterdir():
        os.utime(file, (1, 1))
    swept((base, models[1]), tmp_path / "out", **SMALL)
    assert (tmp_path / "out/before.jsonl").read_bytes() == before


def test_a_folder_of_something_else_is_never_written_to(models, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(OutputError, match="something else"):
        swept(models, tmp_path, force=True)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def answers(leaks, setting, repetition=0.1):
    return [
        SweptAnswer("before", setting, f"p{at}", 1, "あ", leak, False, {"repetition": repetition})
        for at, leak in enumerate(leaks)
    ]


REFERENCE, OTHER, THIRD = (tuple(float(v) for v in (t, 1, 0, 1)) for t in (1.0, 0.7, 0.4))


def test_a_setting_that_cuts_leakage_is_recommended():
    leaks = [True] * 15 + [False] * 15
    _, other = compare_cells([*answers(leaks, REFERENCE), *answers([False] * 30, OTHER)])
    assert other.cuts
    assert other.is_recommended
    assert other.p_value == mcnemar(15, 0)
    assert dict(other.setting) == dict(zip(AXES, OTHER, strict=True))


def test_a_setting_that_cuts_leakage_at_a_cost_is_not_recommended():
    leaks = [True] * 15 + [False] * 15
    loops = answers([False] * 30, OTHER, repetition=0.6)
    _, other = compare_cells([*answers(leaks, REFERENCE), *loops])
    assert other.cuts
    assert not other.is_recommended
    assert other.harms == ("repetition",)


def test_a_small_difference_is_noise_and_says_how_many_answers_would_tell():
    few = answers([True, True, *[False] * 28], REFERENCE)
    _, other = compare_cells([*few, *answers([False] * 30, OTHER)])
    assert not other.cuts
    assert other.pairs_needed > 30


def test_more_leakage_is_never_said_to_be_less():
    _, other = compare_cells([*answers([False] * 30, REFERENCE), *answers([True] * 30, OTHER)])
    assert other.p_value < 0.001
    assert not other.cuts
    assert other.raises
    assert other.pairs_needed is None


def test_many_settings_are_held_to_a_stricter_level():
    """Six to none is p = 0.031: enough alone, not enough as one of two."""
    leaks = [True] * 6 + [False] * 24
    clean = [False] * 30
    alone = compare_cells([*answers(leaks, REFERENCE), *answers(clean, OTHER)])
    both = compare_cells(
        [*answers(leaks, REFERENCE), *answers(clean, OTHER), *answers(leaks, THIRD)]
    )
    assert alone[1].cuts
    assert not both[1].cuts
