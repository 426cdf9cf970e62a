"""Results as the stages leave them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from report_data import (
    ENGLISH,
    JAPANESE,
    LEARNED,
    extended_model,
    row,
    write_run,
    write_tokenizer,
)
from traced import untraced

from tokext.report import write_report
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel


@pytest.fixture(autouse=True)
def every_number_is_traceable(tmp_path: Path) -> Iterator[None]:
    """Whatever kind of result a test reports on: report.md has no number of its own."""
    yield
    for markdown in tmp_path.rglob("report.md"):
        assert untraced(markdown.parent) == []


@pytest.fixture(scope="session")
def base() -> Tokenizer:
    return load_tokenizer("mistralai/Mistral-7B-v0.1")


@pytest.fixture(scope="session")
def extended(base: Tokenizer) -> SentencePieceModel:
    return extended_model(base, len(LEARNED))


@pytest.fixture(scope="session")
def rows(base: Tokenizer, extended: SentencePieceModel) -> list[dict[str, Any]]:
    return [
        row(base, model, name, corpus, text)
        for corpus, text in (("corpora/森.txt", JAPANESE), ("english.txt", ENGLISH))
        for name, model in (("mistralai/Mistral-7B-v0.1", base.model), ("ja/tokenizer", extended))
    ]


@pytest.fixture
def tokenizer_folder(base: Tokenizer, tmp_path: Path) -> Callable[..., Path]:
    """Write a tokenizer folder with the learned pieces and more."""
    return lambda *more: write_tokenizer(tmp_path / "run" / "tokenizer", base, more)


@pytest.fixture
def run_folder(rows: list[dict[str, Any]], base: Tokenizer, tmp_path: Path) -> Path:
    """A run's folder: a tokenizer, a compression result, and a file that is no result."""
    return write_run(tmp_path / "run", base, rows)


@pytest.fixture(scope="session")
def report_folder(
    rows: list[dict[str, Any]], base: Tokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A report on such a folder, written once for all that only read it."""
    folder = tmp_path_factory.mktemp("report")
    write_report([write_run(folder / "run", base, rows)], folder / "report")
    return folder / "report"
