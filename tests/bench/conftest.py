"""Tiny tokenizers of every kind that can be counted with, trained in-process."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
import sentencepiece
import tokenizers
from bench_sentences import ADDED, ENGLISH, JAPANESE
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from tokext.records import AddedPiece, Extension
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel


@pytest.fixture(scope="session")
def mistral() -> Tokenizer:
    return load_tokenizer("mistralai/Mistral-7B-v0.1")


@pytest.fixture(scope="session")
def extended_folder(tmp_path_factory: pytest.TempPathFactory, mistral: Tokenizer) -> Path:
    """Mistral with a few pieces and padding, and the record of what was added."""
    folder = tmp_path_factory.mktemp("extended")
    model = mistral.model
    known = [piece for piece in ADDED if piece not in model.ids]
    score = model.lowest_learned_score - 1000
    pieces = [Piece(t, score - 4 * i, PieceType.NORMAL) for i, t in enumerate(known)]
    padding = Piece("<|extra_0|>", 0.0, PieceType.CONTROL)
    (folder / "tokenizer.model").write_bytes(model.extended([*pieces, padding]).data)
    added = tuple(
        AddedPiece(text, 1, model.size + i, tuple(model.spell(text)))
        for i, text in enumerate(known)
    )
    size = model.size + len(added)
    Extension(mistral.info(), size, size + 1, added, (size,)).write(folder)
    return folder


@pytest.fixture(scope="session")
def extended(extended_folder: Path) -> Tokenizer:
    return load_tokenizer(extended_folder)


def _save(tokenizer: tokenizers.Tokenizer, folder: Path) -> Tokenizer:
    tokenizer.save(str(folder / "tokenizer.json"))
    return load_tokenizer(folder)


@pytest.fixture(scope="session")
def byte_level(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|終|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator([*JAPANESE, *ENGLISH], trainer)
    return _save(tokenizer, tmp_path_factory.mktemp("byte-level"))


@pytest.fixture(scope="session")
def word_piece(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """It drops spaces and newlines, so no line shows in its tokens."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=200, special_tokens=["[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator([*JAPANESE, *ENGLISH], trainer)
    return _save(tokenizer, tmp_path_factory.mktemp("word-piece"))


@pytest.fixture(scope="session")
def unigram(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """A SentencePiece model whose normalization turns newlines into spaces."""
    sentences, trained = [*JAPANESE, *ENGLISH], io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=trained,
        vocab_size=400,
        hard_vocab_limit=False,
        byte_fallback=True,
        minloglevel=2,
    )
    folder = tmp_path_factory.mktemp("unigram")
    (folder / "tiny.model").write_bytes(SentencePieceModel(trained.getvalue()).data)
    return load_tokenizer(folder / "tiny.model")


@pytest.fixture
def shared_data() -> Path:
    if "TOKEXT_DATA" not in os.environ:
        pytest.skip("TOKEXT_DATA is unset: it names a folder with peers/ and corpora/")
    return Path(os.environ["TOKEXT_DATA"])
