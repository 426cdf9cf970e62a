"""Checkpoints that bring code, and such that transformers cannot run: edited, and never obeyed."""

import contextlib
import json
import subprocess
import sys

import pytest
from picos import mistral, save_model

from tokext import progress
from tokext.errors import ModelError
from tokext.model.load import load_model
from tokext.model.resize import resize_checkpoint

CODE = """
open({mark!r}, "w").write("ran")
from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast
class C(MistralConfig):
    model_type = "mine"
class M(MistralForCausalLM):
    config_class = C
class T(PreTrainedTokenizerFast):
    pass
"""
OWN_CODE = {"AutoConfig": "mine.C", "AutoModelForCausalLM": "mine.M"}


@pytest.fixture
def checkpoint(pair, tmp_path):
    """A checkpoint that brings code of its own, for model and tokenizer; the code leaves a mark."""
    folder = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    change(folder / "config.json", model_type="mine", auto_map=OWN_CODE)
    change(folder / "tokenizer_config.json", tokenizer_class="T",
           auto_map={"AutoTokenizer": [None, "mine.T"]})  # fmt: skip
    (folder / "mine.py").write_text(CODE.format(mark=str(tmp_path / "mark")))
    return folder


def change(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def resize(checkpoint, pair, out, answer):
    command = [sys.executable, "-m", "tokext", "resize", checkpoint]
    given = {"stdin": subprocess.DEVNULL} if answer is None else {"input": answer}
    return subprocess.run(
        [*command, "--tokenizer", pair.folder, "-o", out],
        capture_output=True,
        encoding="utf-8",
        **given,
    )


@pytest.mark.parametrize("answer", [None, "y\n" * 8])
def test_code_of_a_checkpoint_neither_runs_nor_is_asked_about(checkpoint, pair, tmp_path, answer):
    done = resize(checkpoint, pair, tmp_path / "out", answer)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "mark").exists()
    assert "y/N" not in done.stdout + done.stderr
    assert "not run before and after" in done.stderr
    assert "tokext runs none" in done.stderr
    assert (tmp_path / "out" / "model.safetensors").exists()


def test_to_run_such_a_model_is_refused_by_name(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(ModelError, match="code that comes with the checkpoint, and tokext runs"):
        load_model(checkpoint, device="cpu")
    assert not (tmp_path / "mark").exists()


def test_a_tokenizer_that_brings_code_is_opened_without_it(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    change(checkpoint / "config.json", model_type="mistral", auto_map={})
    load_model(checkpoint, device="cpu")
    assert not (tmp_path / "mark").exists()


def test_to_check_such_a_model_is_refused_by_name(checkpoint, pair, tmp_path, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    out = tmp_path / "out"
    with pytest.raises(ModelError, match="code that comes with the checkpoint, and tokext runs"):
        resize_checkpoint(checkpoint, tokenizer=pair.folder, output=out, check_logits=True)
    assert not (tmp_path / "mark").exists()
    assert not out.exists()


def test_an_architecture_that_transformers_does_not_know_is_extended_and_not_run(
    pair, tmp_path, capsys
):
    folder = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    change(folder / "config.json", model_type="unheard-of", architectures=["X"])
    token = progress.shown.set(True)
    try:
        done = resize_checkpoint(folder, tokenizer=pair.folder, output=tmp_path / "out")
    finally:
        progress.shown.reset(token)
    assert (done.n_rows, done.check) == (pair.extension.padded_size, None)
    assert "not run before and after" in capsys.readouterr().err
    with pytest.raises(ModelError, match=r"cannot be run: .*unheard-of") as error:
        resize_checkpoint(
            folder, tokenizer=pair.folder, output=tmp_path / "asked", check_logits=True
        )
    assert "--no-check-logits" in error.value.hint
    assert not (tmp_path / "asked").exists()


def test_a_quantized_checkpoint_without_its_loader_says_what_is_missing(pair, tmp_path):
    folder = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    change(folder / "config.json", quantization_config={"quant_method": "gptq", "bits": 4})
    with pytest.raises(ModelError, match="cannot be run: ") as error:
        resize_checkpoint(folder, tokenizer=pair.folder, output=tmp_path / "out", check_logits=True)
    assert "install what is missing" in error.value.hint
    assert not (tmp_path / "out").exists()
    done = resize_checkpoint(folder, tokenizer=pair.folder, output=tmp_path / "out")
    assert done.check is None


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("value", [None, 7, ["x"]])
def test_a_file_that_transformers_stumbles_over_is_no_bare_error(pair, tmp_path, file, value):
    folder = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    change(folder / file, auto_map=value)
    with contextlib.suppress(ModelError):
        load_model(folder, device="cpu")


def test_a_config_whose_auto_map_is_null_is_refused_and_edited_all_the_same(pair, tmp_path):
    folder = save_model(tmp_path / "base", mistral(pair.base.size), pair.base_folder)
    change(folder / "config.json", auto_map=None)
    with pytest.raises(ModelError, match=r"cannot be loaded: transformers stumbles .*TypeError"):
        load_model(folder, device="cpu")
    done = resize_checkpoint(folder, tokenizer=pair.folder, output=tmp_path / "out")
    assert done.n_rows == pair.extension.padded_size
