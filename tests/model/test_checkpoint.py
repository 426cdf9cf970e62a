import json
import shutil
from pathlib import Path

import pytest
import torch
from picos import TokenizerPair, mistral, save_model
from safetensors.torch import save_file

from tokext.errors import ModelError, TokextError
from tokext.model.checkpoint import INDEX_FILE, open_checkpoint
from tokext.model.resize import resize_checkpoint


@pytest.fixture
def sharded(tmp_path: Path, pair: TokenizerPair) -> Path:
    model = mistral(pair.base.size)
    return save_model(tmp_path / "base", model, pair.base_folder, max_shard_size="20KB")


def edit_index(folder: Path, edit) -> None:
    index = json.loads((folder / INDEX_FILE).read_text())
    edit(index)
    (folder / INDEX_FILE).write_text(json.dumps(index))


def refused(folder: Path, pair: TokenizerPair, message: str) -> None:
    """One clear line, from reading alone and from a whole resize, and nothing written."""
    with pytest.raises(TokextError, match=message):
        open_checkpoint(folder)
    with pytest.raises(TokextError, match=message) as error:
        resize_checkpoint(folder, tokenizer=pair.folder, output=folder.parent / "out")
    assert "\n" not in str(error.value)
    assert error.value.hint
    assert sorted(p.name for p in folder.parent.iterdir()) == [folder.name]


def test_a_truncated_shard_is_refused(sharded, pair):
    path = sorted(sharded.glob("*.safetensors"))[1]
    path.write_bytes(path.read_bytes()[:-1])
    refused(sharded, pair, f"{path.name} is not a whole safetensors file")


def test_a_missing_shard_is_refused_by_name(sharded, pair):
    path = sorted(sharded.glob("*.safetensors"))[1]
    path.unlink()
    refused(sharded, pair, f"names '{path.name}', and .* has no such file")


@pytest.mark.parametrize(
    "name", ["../other.safetensors", "/etc/passwd", "sub/x.safetensors", "..", "a\\b", "c:x", ""]
)
def test_a_file_outside_the_folder_is_refused(sharded, pair, name):
    edit_index(sharded, lambda index: index["weight_map"].update({"lm_head.weight": name}))
    refused(sharded, pair, "lies outside the checkpoint's folder")


def test_a_tensor_that_is_not_where_the_index_says_is_refused(sharded, pair):
    names = sorted(p.name for p in sharded.glob("*.safetensors"))
    held = open_checkpoint(sharded).tensors["lm_head.weight"][0]
    other = next(name for name in names if name != held)
    edit_index(sharded, lambda index: index["weight_map"].update({"lm_head.weight": other}))
    refused(sharded, pair, "says that 'lm_head.weight' is in")


def test_a_tensor_in_two_files_is_refused(sharded, pair):
    save_file({"lm_head.weight": torch.zeros(2, 2)}, sharded / "extra.safetensors")
    edit_index(sharded, lambda i: i["weight_map"].update({"other": "extra.safetensors"}))
    refused(sharded, pair, "'lm_head.weight' is in ")


@pytest.mark.parametrize("index", ["[]", "{}", '{"weight_map": {}}', '{"weight_map": 5}'])
def test_an_index_without_a_map_is_refused(sharded, pair, index):
    (sharded / INDEX_FILE).write_text(index)
    refused(sharded, pair, "has no weight_map")


def test_an_index_that_is_not_json_is_refused(sharded, pair):
    (sharded / INDEX_FILE).write_text("{")
    refused(sharded, pair, "is not valid JSON")


def test_shards_without_an_index_are_refused(sharded, pair):
    (sharded / INDEX_FILE).unlink()
    refused(sharded, pair, "safetensors files and no model.safetensors.index.json")


def test_a_pickle_is_refused_with_the_command_that_converts_it(pico, pair, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(pico, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x02")
    refused(folder, pair, "pytorch_model.bin is a pickle")
    with pytest.raises(ModelError) as error:
        open_checkpoint(folder)
    assert "AutoModelForCausalLM" in error.value.hint
    assert "save_pretrained" in error.value.hint


def test_a_folder_without_weights_is_refused(pico, pair, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(pico, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    refused(folder, pair, "holds no safetensors file")


@pytest.mark.parametrize(
    ("config", "message"), [(None, "has no config.json"), ("[]", "not a table")]
)
def test_a_folder_without_a_config_is_refused(pico, pair, tmp_path, config, message):
    folder = tmp_path / "base"
    shutil.copytree(pico, folder, ignore=shutil.ignore_patterns("config.json"))
    if config:
        (folder / "config.json").write_text(config)
    refused(folder, pair, message)


def test_one_file_under_a_name_of_its_own_is_taken(pico, tmp_path):
    """Some quantizers name it after themselves."""
    folder = tmp_path / "base"
    shutil.copytree(pico, folder)
    (folder / "model.safetensors").rename(folder / "gptq_model-4bit-128g.safetensors")
    assert list(open_checkpoint(folder).headers) == ["gptq_model-4bit-128g.safetensors"]


def test_one_file_beside_an_index_of_others_is_refused(sharded, pair, tmp_path):
    """transformers loads the one file, which may be another model."""
    save_file({"lm_head.weight": torch.zeros(2, 2)}, sharded / "model.safetensors")
    refused(sharded, pair, "holds model.safetensors and, by its .*, a model in other files")


def test_an_index_of_one_file_is_taken(pico, tmp_path):
    folder = tmp_path / "base"
    shutil.copytree(pico, folder)
    names = dict.fromkeys(open_checkpoint(folder).tensors, "model.safetensors")
    (folder / INDEX_FILE).write_text(json.dumps({"weight_map": names}))
    assert list(open_checkpoint(folder).headers) == ["model.safetensors"]


@pytest.mark.parametrize("name", ["no-such-folder", "../x/y", "a/b/c"])
def test_a_name_that_is_no_checkpoint_is_refused(pair, tmp_path, name):
    with pytest.raises(ModelError, match="there is no checkpoint"):
        resize_checkpoint(name, tokenizer=pair.folder, output=tmp_path / "out")


def test_a_file_is_not_a_checkpoint(pico, pair, tmp_path):
    with pytest.raises(ModelError, match=r"config\.json is a file"):
        resize_checkpoint(pico / "config.json", tokenizer=pair.folder, output=tmp_path / "out")
