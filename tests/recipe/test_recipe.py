"""A recipe does its stages in order, and does again only what something has changed for."""

import inspect
import json
import shutil

import pytest

from tokext.errors import InputError, OutputError
from tokext.progress import shown
from tokext.recipe import read_recipe, run_recipe
from tokext.recipe.fingerprint import Fingerprints
from tokext.recipe.resolve import resolve
from tokext.recipe.stage import CHECKPOINT, FILE, TEXTS, TOKENIZER, TOKENIZERS
from tokext.recipe.stages import STAGES
from tokext.tokenizer.base import find_base
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel
from tokext.vocab.added import train_vocab

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
    card = (folder_of_recipe / "run/report/report.md").read_text("utf-8")
    assert "hf upload YOUR-NAME/small tokenizer" in card
    assert str(folder_of_recipe) not in card
    report = json.loads((folder_of_recipe / "run/report/report.json").read_text("utf-8"))
    assert report["charts"]["compression"]["series"] == ["Mistral-7B-v0.1", "small"]


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


@pytest.fixture
def tiny(folder_of_recipe, tmp_path):
    """A recipe whose every name is relative to it, in a folder of its own."""
    shutil.copytree(folder_of_recipe / "text", tmp_path / "text")
    base = find_base("mistralai/Mistral-7B-v0.1").files["tokenizer.model"]
    (tmp_path / "base").mkdir()
    shutil.copyfile(base, tmp_path / "base" / "tokenizer.model")
    recipe = 'base = "base"\n[train-vocab]\ninputs = ["text/*.txt"]\nsize = 20\nworkers = 1\n'
    (tmp_path / "tiny.toml").write_text(recipe, encoding="utf-8")
    assert run_recipe(tmp_path / "tiny.toml", tmp_path / "run") == {"train-vocab": "done"}
    return tmp_path


def add_a_text(folder):
    shutil.copyfile(folder / "text" / "one.txt", folder / "text" / "two.txt")


def change_a_text(folder):
    with (folder / "text" / "one.txt").open("a", encoding="utf-8") as file:
        file.write("\n猫が庭で眠っている。")


def replace_the_base(folder):
    model = SentencePieceModel.read(folder / "base" / "tokenizer.model")
    pieces = [*model.pieces, Piece("qzx", -40_000.0, PieceType.NORMAL)]
    other = SentencePieceModel.build(pieces, like=model)
    (folder / "base" / "tokenizer.model").write_bytes(other.data)


def write_a_licence(folder):
    (folder / "base" / "LICENSE").write_text("terms")


@pytest.mark.parametrize(
    "change",
    [add_a_text, change_a_text, replace_the_base, write_a_licence],
    ids=lambda c: c.__name__,
)
def test_a_stage_is_done_again_when_any_file_that_it_reads_has_changed(tiny, change):
    assert run_recipe(tiny / "tiny.toml", tiny / "run") == {"train-vocab": "unchanged"}
    change(tiny)
    assert run_recipe(tiny / "tiny.toml", tiny / "run") == {"train-vocab": "done"}
    assert run_recipe(tiny / "tiny.toml", tiny / "run") == {"train-vocab": "unchanged"}


def test_a_base_that_was_only_touched_is_the_same(tiny):
    (tiny / "base" / "tokenizer.model").touch()
    assert run_recipe(tiny / "tiny.toml", tiny / "run") == {"train-vocab": "unchanged"}


def test_a_seed_goes_before_that_of_the_recipe(tiny):
    again = run_recipe(tiny / "tiny.toml", tiny / "run", seed=7)
    record = json.loads((tiny / "run/added/tokext.json").read_text("utf-8"))
    assert (again, record["options"]["seed"]) == ({"train-vocab": "done"}, 7)


def test_a_text_in_place_of_the_recipe_s_is_read_as_its_caller_says(tiny, monkeypatch):
    (tiny / "dump").write_text('{"body": "猫が縁側で眠っている。"}\n' * 9, encoding="utf-8")
    monkeypatch.chdir(tiny)
    reading = {"format": "jsonl", "text_field": "body"}
    run_recipe("tiny.toml", "run", inputs=["dump"], size=5, reading=reading)
    record = json.loads((tiny / "run/added/tokext.json").read_text("utf-8"))
    assert record["result"]["corpus"]["n_documents"] == 9


def write_recipe(folder, name, stages):
    text = f'base = "base"\n{stages}'
    (folder / name).write_text(text, encoding="utf-8")
    return run_recipe(folder / name, folder / "run")


def test_a_stage_is_done_again_when_another_recipe_has_made_its_input_anew(tiny):
    learn = '[train-vocab]\ninputs = ["text/*.txt"]\nworkers = 1\nsize = '
    assert write_recipe(tiny, "merge.toml", "[merge]\n") == {"merge": "done"}
    assert write_recipe(tiny, "merge.toml", "[merge]\n") == {"merge": "unchanged"}
    assert write_recipe(tiny, "other.toml", learn + "12\n") == {"train-vocab": "done"}
    assert write_recipe(tiny, "merge.toml", "[merge]\n") == {"merge": "done"}
    extension = json.loads((tiny / "run/tokenizer/extension.json").read_text("utf-8"))
    assert len(extension["added"]) == 12


def reported(folder):
    report = json.loads((folder / "run/report/report.json").read_text("utf-8"))
    return set(report["sources"])


def test_a_report_is_of_its_recipe_s_stages_and_of_what_it_names(tiny, capsys):
    learn = '[train-vocab]\ninputs = ["text/*.txt"]\nworkers = 1\nsize = 20\n'
    write_recipe(tiny, "one.toml", "[merge]\n")
    capsys.readouterr()
    token = shown.set(True)
    write_recipe(tiny, "two.toml", learn + "[report]\n")
    shown.reset(token)
    assert reported(tiny) == {"added/tokext.json"}
    assert "run/tokenizer is left out of the report: this recipe has no stage merge." in (
        capsys.readouterr().err
    )
    write_recipe(tiny, "two.toml", learn + '[report]\nresults = ["run/tokenizer"]\n')
    assert len(reported(tiny)) == 2
    assert "left out" not in capsys.readouterr().err


def test_a_recipe_can_say_of_train_vocab_what_its_caller_can():
    places = {"output", "force"}  # which the run decides
    stage = next(stage for stage in STAGES if stage.name == "train-vocab")
    assert set(stage.takes) == set(inspect.signature(train_vocab).parameters) - places


def test_what_a_recipe_says_of_learning_reaches_train_vocab(tiny):
    (tiny / "veto.txt").write_text("眠っている\n", encoding="utf-8")
    said = """inputs = ["text/*.txt"]
size = 10
weight = ["*.txt=2"]
veto = "veto.txt"
preset = "fast"
drop_duplicates = "lines"
min_run_count = 1
min_count = 1
keep_all = true
max_memory = "8GB"
engine = "local"
"""
    write_recipe(tiny, "all.toml", "[train-vocab]\n" + said)
    options = json.loads((tiny / "run/added/tokext.json").read_text("utf-8"))["options"]
    assert options["veto"] == ["眠っている"]
    assert (options["preset"], options["drop_duplicates"]) == ("fast", "lines")
    assert write_recipe(tiny, "all.toml", "[train-vocab]\n" + said.replace("8GB", "9GB")) == {
        "train-vocab": "unchanged"
    }


def test_what_a_recipe_says_of_reading_and_counting_reaches_compression(tiny):
    (tiny / "dump").write_text('{"body": "猫が縁側で眠っている。"}\n' * 9, encoding="utf-8")
    said = """texts = ["dump"]
format = "jsonl"
text_field = "body"
document = "line"
split = "train"
max_bad_share = 0.5
word_sample_chars = 0
engine = "local"
"""
    stages = "[merge]\n[bench.compression]\n" + said
    write_recipe(tiny, "counted.toml", stages)
    rows = json.loads((tiny / "run/compression.json").read_text("utf-8"))
    assert [row["n_documents"] for row in rows] == [9, 9]
    again = write_recipe(tiny, "counted.toml", stages + "workers = 1\n")
    assert again == {"merge": "unchanged", "bench compression": "unchanged"}


STAGES_BY_NAME = {stage.name: stage for stage in STAGES}


def fingerprint(name, options, revisions=()):
    return Fingerprints(dict(revisions)).of(STAGES_BY_NAME[name], options, ())


def test_another_revision_of_a_data_set_is_another_text(tmp_path):
    options = {"inputs": ["hf:someone/texts"]}
    one, again, other = (
        fingerprint("train-vocab", options, {"hf:someone/texts": commit}) for commit in "aab"
    )
    assert one == again != other
    with pytest.raises(InputError, match="someone/texts cannot be read"):  # and none is known
        fingerprint("train-vocab", options)


def test_a_pipe_is_read_again_for_nobody_knows_what_it_holds():
    options = {"inputs": ["-"]}
    assert fingerprint("train-vocab", options) != fingerprint("train-vocab", options)


def test_a_data_set_in_a_folder_is_looked_at(tmp_path):
    options = {"inputs": [f"hf:{tmp_path}"]}
    empty = fingerprint("train-vocab", options)
    (tmp_path / "a.jsonl").write_text("{}")
    assert fingerprint("train-vocab", options) != empty


@pytest.mark.parametrize("stage", ["resize", "bench throughput", "sample", "sweep"])
def test_another_model_of_the_same_name_is_another_model(tmp_path, stage):
    (tmp_path / "config.json").write_text("{}")
    options = {"model": str(tmp_path)}
    before = fingerprint(stage, options)
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert fingerprint(stage, options) != before


@pytest.mark.parametrize(
    ("name", "kind", "meant"),
    [
        ("base", TOKENIZER, "HERE/base"),
        ("mistralai/Mistral-7B-v0.1", TOKENIZER, "mistralai/Mistral-7B-v0.1"),
        ("./not-there", TOKENIZER, "HERE/not-there"),
        (["base", "owner/name"], TOKENIZERS, ["HERE/base", "owner/name"]),
        ("base", CHECKPOINT, "HERE/base"),
        ("zephyr", FILE, "zephyr"),
        ("asked.toml", FILE, "HERE/asked.toml"),
        (["a.txt", "hf:someone/texts"], TEXTS, ["HERE/a.txt", "hf:someone/texts"]),
    ],
)
def test_a_name_in_a_recipe_is_relative_to_it_and_a_hub_id_stays_one(tmp_path, name, kind, meant):
    (tmp_path / "base").mkdir()
    (tmp_path / "asked.toml").touch()
    as_written = json.dumps(resolve(name, kind, tmp_path)).replace(str(tmp_path), "HERE")
    assert json.loads(as_written) == meant


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
