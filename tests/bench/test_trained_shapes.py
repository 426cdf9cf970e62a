"""What benchmarks train: its size, and where it runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

from trained import SHAPES, Setup, train_new_rows

from tokext.errors import ModelError
from tokext.model.tiny import TinyOptions, build_tiny
from tokext.records import BaseInfo, Extension


class Letters:
    """A tokenizer of letters."""

    def encode(self, text: str) -> list[int]:
        return [ord(letter) - 90 for letter in text]


SMALL = Setup(TinyOptions(width=16, n_layers=1, n_heads=2, batch_size=2, window=8, steps=2))


def test_the_larger_shape_has_fifty_to_a_hundred_million_parameters():
    with torch.device("meta"):
        model = build_tiny(32_000, SHAPES["100m"])
    assert 50e6 < model.num_parameters() < 100e6


def test_a_model_is_built_saved_loaded_and_measured_on_its_device(tmp_path):
    model = SMALL.build(40)
    model.save_pretrained(tmp_path)
    held_out = {"en": ["abcabcabc"], "ja": ["xyz"]}
    expected = SMALL.measure(model, Letters(), held_out)
    assert SMALL.measure(SMALL.load(tmp_path), Letters(), held_out) == pytest.approx(expected)
    with pytest.raises(ModelError, match="there is no device 'abacus'"):
        Setup(SMALL.shape, "abacus").build(40)


def test_only_new_rows_are_trained():
    model = SMALL.build(40)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    stream = torch.randint(0, 36, (200,), generator=torch.Generator().manual_seed(0))
    extension = Extension(BaseInfo("letters", "", "", 30), 36, 40, (), (36, 37, 38, 39))
    train_new_rows(model, stream, SMALL.shape, extension, lambda done: None)
    changed = model.get_input_embeddings().weight.ne(before.pop("model.embed_tokens.weight"))
    assert changed.any(1).nonzero()[:, 0].tolist() == list(range(30, 36))
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters() if n in before)
