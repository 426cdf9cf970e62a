"""A recipe with a model: extended, sampled and timed before and after, and only what has to be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from bench_sentences import JAPANESE
from tiny_models import write_model

from tokext.errors import InputError
from tokext.recipe import run_recipe

pytestmark = pytest.mark.slow

RECIPE = """
base = "{model}"
model = "{model}"

[train-vocab]
inputs = ["text.txt"]
size = 20

[merge]
[resize]
init = "align"
sample = ["text.txt"]

[bench.throughput]
texts = ["text.txt"]
batch_size = [1, 2]
device = "cpu"
new_tokens = 4
prefill_chars = 20
repeats = 2
machine = "h200"

[sample]
prompts = ["asked.jsonl"]
template = "plain"
temperature = [0.5, 1.0]
max_new_tokens = 3
device = "cpu"

[sweep]
prompts = ["asked.jsonl"]
template = "plain"
temperature = [1.0, 0.5]
min_p = [0.0, 0.2]
max_new_tokens = 3
device = "cpu"

[report]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipe")
    model = write_model(folder / "base-model")
    (folder / "r.toml").write_text(RECIPE.format(model=model), "utf-8")
    (folder / "text.txt").write_text("\n".join(JAPANESE * 5), "utf-8")
    (folder / "asked.jsonl").write_text('{"prompt": "駅は？"}\n{"prompt": "東京"}\n', "utf-8")
    return folder


@pytest.fixture(scope="module")
def first(folder):
    return run_recipe(folder / "r.toml", folder / "run")


def test_both_models_are_timed_on_the_same_text(folder, first):
    rows = json.loads((folder / "run/throughput.json").read_text("utf-8"))
    assert [(Path(row["model"]).name, row["batch_size"]) for row in rows] == [
        ("base-model", 1), ("model", 1), ("base-model", 2), ("model", 2),
    ]  # fmt: skip
    assert rows[1]["chars_per_token"] > rows[0]["chars_per_token"]


def test_new_rows_are_aligned_with_the_recipes_sample(folder, first):
    told = json.loads((folder / "run/model/rows.json").read_text("utf-8"))
    assert told["init"] == "align"
    assert "align" in told["formulas"]


def samples(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_both_models_are_asked_the_same(folder, first):
    before, after = (
        list(
            map(json.loads, (folder / f"run/samples/{name}.jsonl").read_text("utf-8").splitlines())
        )
        for name in ("before", "after")
    )
    assert [line["id"] for line in before] == [line["id"] for line in after]
    assert len(before) == 4
    assert {line["model"] for line in before} != {line["model"] for line in after}


def test_other_prompts_of_the_same_ids_are_sampled_without_timing_anything_again(folder, first):
    (folder / "asked.jsonl").write_text('{"prompt": "京都"}\n{"prompt": "東京"}\n', "utf-8")
    again = run_recipe(folder / "r.toml", folder / "run")
    assert [stage for stage, outcome in again.items() if outcome == "done"] == [
        "sample",
        "sweep",
        "report",
    ]
    for stage in ("samples", "sweep"):
        assert {line["prompt"] for line in samples(folder / f"run/{stage}/after.jsonl")} == {
            "京都",
            "東京",
        }


SWEPT = """
model = "{model}"

[sweep]
prompts = ["asked.jsonl"]
template = "plain"
temperature = [1.0]
min_p = [0.0]
max_new_tokens = 3
device = "cpu"
"""


def test_a_sweep_is_drawn_anew_by_force_whatever_its_samples_have_become(tmp_path):
    model = write_model(tmp_path / "base-model")
    (tmp_path / "r.toml").write_text(SWEPT.format(model=model), "utf-8")
    (tmp_path / "asked.jsonl").write_text('{"prompt": "駅は？"}\n', "utf-8")
    run_recipe(tmp_path / "r.toml", tmp_path / "run")
    drawn = (tmp_path / "run/sweep/before.jsonl").read_bytes()
    (tmp_path / "run/sweep/before.jsonl").write_text("no JSON\n", "utf-8")
    run_recipe(tmp_path / "r.toml", tmp_path / "run", force=True)
    assert len(samples(tmp_path / "run/sweep/before.jsonl")) == len(drawn.splitlines())


def test_a_stage_without_what_it_needs_is_refused_before_anything_is_done(folder):
    (folder / "bad.toml").write_text("[merge]\n[bench.throughput]\n", "utf-8")
    with pytest.raises(InputError, match="bench throughput of bad has no texts"):
        run_recipe(folder / "bad.toml", folder / "bad")
    assert not (folder / "bad").exists()


def test_a_sweep_compares_both_models_under_every_setting_and_is_reported(folder, first):
    result = json.loads((folder / "run/sweep/tokext.json").read_text("utf-8"))["result"]
    settings = [(cell["which"], *cell["setting"].values()) for cell in result["cells"]]
    assert len(set(settings)) == len(settings) == 2 * 4
    page = (folder / "run/report/report.html").read_text("utf-8")
    assert "Which sampler settings keep a model in its language" in page


KILLED = (
    RECIPE.partition("[bench.throughput]")[0]
    + """
[sample]
prompts = ["asked.jsonl"]
template = "plain"
n = 20
batch_size = 1
max_new_tokens = 6
device = "cpu"
"""
)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A recipe and its run, killed while it sampled."""
    folder = tmp_path_factory.mktemp("killed")
    model = write_model(folder / "base-model")
    (folder / "r.toml").write_text(KILLED.format(model=model), "utf-8")
    (folder / "text.txt").write_text("\n".join(JAPANESE * 5), "utf-8")
    (folder / "asked.jsonl").write_text('{"prompt": "駅は？"}\n{"prompt": "東京"}\n', "utf-8")
    command = [sys.executable, "-m", "tokext", "run", folder / "r.toml", "-o", folder / "run"]
    run = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
    first = folder / "run/samples/before.jsonl"
    deadline = time.monotonic() + 120
    while not (first.exists() and first.stat().st_size > 2000) and time.monotonic() < deadline:
        time.sleep(0.01)
    run.kill()
    run.wait()
    assert 0 < first.read_bytes().count(b"\n") < 40
    return folder


def test_a_killed_sampling_goes_on_where_it_stopped(killed, tmp_path):
    shutil.copytree(killed / "run", tmp_path / "run")
    kept = (killed / "run/samples/before.jsonl").read_bytes().rpartition(b"\n")[0]
    run_recipe(killed / "r.toml", tmp_path / "run")
    assert (tmp_path / "run/samples/before.jsonl").read_bytes().startswith(kept)
    for name in ("before", "after"):
        ids = [line["id"] for line in samples(tmp_path / f"run/samples/{name}.jsonl")]
        assert len(ids) == len(set(ids)) == 40


def test_a_killed_sampling_under_other_settings_begins_anew(killed, tmp_path):
    shutil.copytree(killed / "run", tmp_path / "run")
    other = (killed / "r.toml").read_text("utf-8") + "temperature = [0.5]\n"
    (killed / "other.toml").write_text(other, "utf-8")
    run_recipe(killed / "other.toml", tmp_path / "run")
    for name in ("before", "after"):
        found = samples(tmp_path / f"run/samples/{name}.jsonl")
        assert [line["sampling"]["temperature"] for line in found] == [0.5] * 40
