"""`tokext run` as a person types it: what is typed goes before what the recipe says."""

import json

import pyarrow as pa
import pyarrow.parquet
import pytest


@pytest.fixture
def recipe(tmp_path, tiny_base, text):
    """A recipe of one small stage; gives what its record says after a run."""
    path = tmp_path / "r.toml"
    path.write_text(
        f'base = "{tiny_base}"\nseed = 3\n'
        f'[train-vocab]\ninputs = ["{text.name}"]\nsize = 20\nworkers = 1\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def run(tokext, recipe, tmp_path):
    def recorded(*arguments):
        ended = tokext("run", recipe, "-o", tmp_path / "run", "-q", *arguments)
        assert (ended.status, ended.err) == (0, "")
        return json.loads((tmp_path / "run" / "added" / "tokext.json").read_text("utf-8"))

    return recorded


def test_a_seed_that_is_typed_goes_before_the_recipe_s_and_one_that_is_not_does_not(run):
    assert run()["options"]["seed"] == 3
    assert run("--seed", 0)["options"]["seed"] == 0


def test_the_hints_at_how_to_read_a_text_are_options_of_run_too(tokext, run, recipe, tmp_path):
    dump = tmp_path / "dump.data"
    dump.write_text('{"body": "猫が縁側で眠っている。"}\n' * 30, encoding="utf-8")
    given = ["run", recipe, "-o", tmp_path / "run", "-q", "--input", dump]
    assert "--format" in tokext(*given).error()[1]
    assert "--text-field body" in tokext(*given, "--format", "jsonl").error()[1]
    record = run("--input", dump, "--format", "jsonl", "--text-field", "body", "--size", 5)
    assert record["result"]["corpus"]["n_documents"] == 30


def test_the_hint_at_another_split_is_an_option(tokext, run, recipe, tmp_path):
    (tmp_path / "set").mkdir()
    table = pa.table({"text": ["猫が縁側で眠っている。"] * 30})
    pa.parquet.write_table(table, tmp_path / "set" / "test-00000-of-00001.parquet")
    given = ["run", recipe, "-o", tmp_path / "run", "-q", "--input", f"hf:{tmp_path / 'set'}"]
    assert "--split test" in tokext(*given).error()[1]
    record = run("--input", f"hf:{tmp_path / 'set'}", "--split", "test", "--size", 5)
    assert record["result"]["corpus"]["n_documents"] == 30
