"""A tiny real base tokenizer, an extension of it, and a tiny Mistral around it."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings
from picos import TokenizerPair, mistral, save_model, train_base, write_extended, write_tokenizer

from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel

# Tensors here are tiny: a second thread costs more than it brings.
torch.set_num_threads(1)
settings.register_profile("tensors", deadline=None, max_examples=40)
settings.load_profile("tensors")


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> TokenizerPair:
    root = tmp_path_factory.mktemp("tokenizers")
    write_tokenizer(root / "base", SentencePieceModel(train_base()))
    base = load_tokenizer(root / "base")
    return TokenizerPair(
        root / "base", root / "extended", base, write_extended(root / "extended", base)
    )


@pytest.fixture(scope="session")
def pico(tmp_path_factory: pytest.TempPathFactory, pair: TokenizerPair) -> Path:
    """A tiny Mistral with its base tokenizer, untied, bfloat16, in one file."""
    folder = tmp_path_factory.mktemp("pico") / "model"
    return save_model(folder, mistral(pair.base.size), pair.base_folder)
