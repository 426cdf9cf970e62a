"""What all tests share: no network, and one small vocabulary of each kind, made once a session."""

import os
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything asks the hub's client, which reads it once

from tokext.corpus.embedded import embedded_files
from tokext.merge.extension import merge_vocab
from tokext.vocab.added import train_vocab


@pytest.fixture(scope="session")
def added_folder(tmp_path_factory) -> Path:
    """1,500 pieces that continue Mistral's merges, learned from the embedded Japanese corpora."""
    folder = tmp_path_factory.mktemp("shared") / "added"
    train_vocab(embedded_files("ja", held_out=False), folder, size=1500, workers=1)
    return folder


@pytest.fixture(scope="session")
def extended_folder(added_folder) -> Path:
    """Mistral's tokenizer with the pieces of `added_folder`, every guarantee proved."""
    folder = added_folder.with_name("extended")
    merge_vocab(added_folder, folder)
    return folder
