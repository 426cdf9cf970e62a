"""A tiny base for training on, and the counted runs of real text."""

import io

import pytest
import sentencepiece

from tokext.corpus.boundaries import runs_of
from tokext.corpus.count import count_runs
from tokext.corpus.embedded import embedded_lines
from tokext.languages import find_language
from tokext.tokenizer.load import load_tokenizer

JAPANESE = embedded_lines("ja")[:200]


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """A SentencePiece BPE model of Mistral's kind with some Japanese in it: 1,500 pieces."""
    data = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*embedded_lines("en")[:200], *JAPANESE[::4]]),
        model_writer=data,
        model_type="bpe",
        vocab_size=1500,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        character_coverage=0.98,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    path = tmp_path_factory.mktemp("base") / "tokenizer.model"
    path.write_bytes(data.getvalue())
    return load_tokenizer(path)


@pytest.fixture(scope="session")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "ja.txt"
    path.write_text("\n".join(JAPANESE), encoding="utf-8")
    return path


@pytest.fixture(scope="session", params=["none", "punctuation"])
def boundary(request):
    """The default of the method and that of the fast preset."""
    return request.param


@pytest.fixture(scope="session")
def counts(boundary):
    return count_runs([list(JAPANESE)], boundary=boundary)


@pytest.fixture(scope="session")
def runs(boundary):
    """Every run of the text, as often as it stands there."""
    find = runs_of(find_language("ja"), boundary)
    return [run for line in JAPANESE for run in find(line)]
