"""The digest of a checkpoint: of what it holds, and of nothing else."""

from __future__ import annotations

import os
import shutil

import pytest
import torch
from safetensors.torch import save_file

from tokext.model.digest import checkpoint_digest


@pytest.fixture
def folder(tmp_path):
    """Files of a checkpoint, its weights longer than what is read whole."""
    made = tmp_path / "made"
    made.mkdir()
    weights = {name: torch.full((1 << 22,), float(n)) for n, name in enumerate("abc")}
    save_file(weights, made / "model.safetensors")
    (made / "config.json").write_text("{}", "utf-8")
    (made / "tokenizer.json").write_text("{}", "utf-8")
    return made


def test_a_copy_at_another_time_has_the_same_digest(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for path in copy.iterdir():
        os.utime(path, (1, 1))
    (copy / "README.md").write_text("a page", "utf-8")
    assert checkpoint_digest(copy, copy) == checkpoint_digest(folder, folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_another_config_or_tokenizer_has_another_digest(folder, name):
    before = checkpoint_digest(folder, folder)
    (folder / name).write_text("[]", "utf-8")
    assert checkpoint_digest(folder, folder) != before


@pytest.mark.parametrize("changed", "abc")
def test_one_other_matrix_of_the_same_size_has_another_digest(folder, changed):
    before = checkpoint_digest(folder, folder)
    weights = {n: torch.full((1 << 22,), float(i)) for i, n in enumerate("abc")}
    save_file(weights | {changed: torch.full((1 << 22,), 9.0)}, folder / "model.safetensors")
    assert checkpoint_digest(folder, folder) != before
