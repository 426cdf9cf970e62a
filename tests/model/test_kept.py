"""What is kept of a base, damaged in every way: one clear line, and no base that is none."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from picos import mistral, save_model

from tokext.cli.main import cli
from tokext.errors import ModelError, TokextError
from tokext.model.resize import resize_checkpoint
from tokext.model.revert import revert_checkpoint


@pytest.fixture(scope="module")
def resized(pair, tmp_path_factory):
    folder = tmp_path_factory.mktemp("resized")
    base = save_model(folder / "base", mistral(pair.base.size), pair.base_folder)
    (base / "quantize_config.json").write_text('{"bits": 4}')
    (base / "NOTICE").write_text("whose it is")
    resize_checkpoint(base, tokenizer=pair.folder, output=folder / "out", check_logits=False)
    return folder / "out"


@pytest.fixture
def out(resized, tmp_path) -> Path:
    return shutil.copytree(resized, tmp_path / "out")


def refused(out: Path, message: str) -> None:
    with pytest.raises(TokextError, match=message) as error:
        revert_checkpoint(out, output=out.parent / "back")
    assert "\n" not in str(error.value)
    assert error.value.hint
    assert not (out.parent / "back").exists()


def edit(path: Path, change) -> None:
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("files", ["model.safetensors"]),
        ("files", {"model.safetensors": "yes"}),
        ("tensors", []),
        ("tensors", {"lm_head.weight": {"shape": "x", "sha256": ""}}),
        ("tensors", {"lm_head.weight": {"shape": [], "sha256": ""}}),
        ("tensors", {"lm_head.weight": {"shape": [-1, 32], "sha256": ""}}),
        ("tensors", {"lm_head.weight": {"shape": [400, 32]}}),
        ("tensors", {"lm_head.weight": 3}),
        ("carried", 3),
        ("carried", [3]),
        ("converted", "no"),
        ("small", ["NOTICE"]),
    ],
)
def test_a_value_of_another_kind_is_named(out, key, value):
    edit(out / "base" / "base.json", lambda fields: fields.update({key: value}))
    refused(out, rf"base/base\.json is damaged: '{key}' is not what resize writes there")


def test_more_rows_than_there_are_were_never_the_bases(out):
    def change(fields):
        fields["tensors"]["lm_head.weight"]["shape"] = [10**9, 32]

    edit(out / "base" / "base.json", change)
    refused(out, r"base/base\.json is damaged: 'lm_head.weight' never had 1,000,000,000 rows")


@pytest.mark.parametrize("text", ["[]", "7", "{"])
@pytest.mark.parametrize("name", ["base.json", "digests.json"])
def test_what_is_no_table_is_named(out, name, text):
    (out / "base" / name).write_text(text)
    refused(out, rf"{name} is (damaged: it is not a table|not valid JSON)")


@pytest.mark.parametrize("name", ["model.safetensors.header", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("known", [True, False])
def test_a_part_that_was_cut_is_named(out, name, known):
    """Folders of before there were digests keep none; a header then has to be one."""
    if not known:
        edit(out / "base" / "base.json", lambda fields: fields.pop("small"))
    path = out / "base" / name
    path.write_bytes(path.read_bytes()[:50])
    if known or name.endswith(".header"):
        refused(out, rf"base/{name} is damaged: it is no")
    else:
        revert_checkpoint(out, output=out.parent / "back")


def test_a_header_of_other_tensors_is_named(out):
    edit(out / "base" / "base.json", lambda fields: fields.pop("small"))
    (out / "base" / "model.safetensors.header").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    refused(out, r"model\.safetensors\.header is damaged: it names other tensors")


def test_small_files_that_were_edited_or_removed_are_named(out):
    assert revert_checkpoint(out, output=out.parent / "one").changed == ()
    (out / "quantize_config.json").write_text('{"bits": 8}')
    (out / "NOTICE").unlink()
    back, told = out.parent / "back", out.parent / "told"
    ran = CliRunner().invoke(cli, ["revert", str(out), "-o", str(told)])
    assert ran.output.endswith("since the resize: NOTICE, quantize_config.json\n")
    assert "byte for byte" not in ran.output
    assert revert_checkpoint(out, output=back).changed == ("NOTICE", "quantize_config.json")
    assert (back / "quantize_config.json").read_text() == '{"bits": 8}'
    assert not (back / "NOTICE").exists()


def test_the_wrong_digest_of_rows_is_a_change(out):
    def change(fields):
        fields["tensors"]["lm_head.weight"]["sha256"] = "0"

    edit(out / "base" / "base.json", change)
    with pytest.raises(ModelError, match=r"the base rows of 'lm_head\.weight' are no longer"):
        revert_checkpoint(out, output=out.parent / "back")
