"""A recipe does its stages in order, and does again only what something has changed for."""

import json

import pytest

from tokext.errors import InputError, OutputError
from tokext.recipe import read_recipe, run_recipe

RECIPE = """
base = "mistralai/Mistral-7B-v0.1"
language = "ja"

[train-vocab]
inputs = ["text"]
size = 30

[merge]

[bench.compression]
texts = ["held-out.txt"]
word_sample_chars = 0

[report]
"""


@pytest.fixture(scope="module")
def folder_of_recipe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "text").mkdir()
    lines = ["猫が縁側で眠っている。", "犬は庭を駆けまわっている。", "魚を焼く匂いがしている。"]
    (folder / "text" / "one.txt").write_text("\n".join(lines * 5), encoding="utf-8")
    (folder / "held-out.txt").write_text("猫と犬が庭で眠っている。\n", encoding="utf-8")
    (folder / "small.toml").write_text(RECIPE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def first(folder_of_recipe):
    return run_recipe(folder_of_recipe / "small.toml", folder_of_recipe / "run")


pytestmark = pytest.mark.slow


def test_the_first_run_does_every_stage_and_leaves_its_results(folder_of_recipe, first):
    assert list(first.items()) == [
        ("train-vocab", "done"),
        ("merge", "done"),
        ("bench compression", "done"),
        ("report", "done"),
    ]
    extension = json.loads((folder_of_recipe / "run/tokenizer/extension.json").read_text("utf-8"))
    assert len(extension["added"]) == 30
    rows = json.loads((folder_of_recipe / "run/compression.json").read_text("utf-8"))
    assert rows[1]["n_tokens"] < rows[0]["n_tokens"]
    assert (folder_of_recipe / "run/report/report.html").is_file()


def test_a_second_run_does_nothing(folder_of_recipe, first):
    assert set(run_recipe(folder_of_recipe / "small.toml", folder_of_recipe / "run").values()) == {
        "unchanged"
    }


def test_only_what_depends_on_a_change_is_done_again(folder_of_recipe, first):
    held_out = folder_of_recipe / "held-out.txt"
    held_out.write_text("魚と猫がいる。庭に犬がいる。\n", encoding="utf-8")
    again = run_recipe(folder_of_recipe / "small.toml", folder_of_recipe / "run")
    assert [stage for stage, outcome in again.items() if outcome == "done"] == [
        "bench compression",
        "report",
    ]


def test_a_lost_output_is_made_again(folder_of_recipe, first):
    (folder_of_recipe / "run/report/report.html").unlink()
    again = run_recipe(folder_of_recipe / "small.toml", folder_of_recipe / "run")
    assert [stage for stage, outcome in again.items() if outcome == "done"] == ["report"]


def test_a_folder_that_is_no_run_is_left_alone(folder_of_recipe):
    strange = folder_of_recipe / "strange"
    (strange / "added").mkdir(parents=True)
    with pytest.raises(OutputError, match="not the folder of a run"):
        run_recipe(folder_of_recipe / "small.toml", strange, force=True)
    assert list(strange.iterdir()) == [strange / "added"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[merge]\npadto = 64", "unknown merge option 'padto'", "pad_to"),
        ("[marge]\n", "unknown stage 'marge'", "merge"),
        ("langauge = 'ja'", "unknown option 'langauge'", "language"),
        ("[merge", "is not TOML", "mend"),
        ("", "has no stage", "train-vocab"),
        ("base = 5\n[merge]", "base = 5 is of the wrong type", 'base = "text"'),
        ("language = true\n[merge]", "language = True is of the wrong type", '"text"'),
        ("[train-vocab]\ninputs = 'a.txt'", "option inputs = 'a.txt' is of the", r'["one", "two"]'),
        ("[bench.compression]\ntexts = ['a', 5]", "texts = .* is of the wrong type", '["one"'),
        ("[train-vocab]\nsize = '30'", "size = '30' is of the wrong type", "size = 64"),
        ("[train-vocab]\nsize = true", "size = True is of the wrong type", "size = 64"),
        ("[merge]\nkeep_all = 1", "keep_all = 1 is of the wrong type", "keep_all = true"),
        ("bench = 5\n[merge]", "unknown option 'bench'", "base"),
    ],
)
def test_a_mistake_in_a_recipe_is_named_with_the_way_out(tmp_path, text, message, hint):
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as raised:
        read_recipe(path)
    assert hint in raised.value.hint


def test_an_unknown_recipe_names_those_there_are():
    with pytest.raises(InputError, match="no recipe") as raised:
        read_recipe("mistral-jp")
    assert "mistral-ja" in raised.value.hint
