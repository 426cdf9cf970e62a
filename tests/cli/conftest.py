"""The command line inside this process, a tiny base, and what a stated failure looks like."""

import contextlib
import contextvars
import io
import tempfile
from dataclasses import dataclass

import pytest
from small_models import train_sentencepiece

from tokext.cli.main import main
from tokext.corpus.embedded import embedded_lines


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    def error(self):
        """The one line and the hint of a stated failure, checked to be no more than that."""
        lines = self.err.splitlines()
        assert (self.status, self.out) == (1, ""), self
        assert len(lines) == 2, self.err
        assert lines[0].startswith("Error: ")
        assert lines[1].startswith("Hint: ")
        assert len(lines[0]) < 400
        return lines[0].removeprefix("Error: "), lines[1].removeprefix("Hint: ")


@pytest.fixture
def tokext(capsys, tmp_path, monkeypatch):
    """Run a command; whatever it puts into the folder for temporary files has to be gone after."""
    scratch = tmp_path / ".scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            contextvars.copy_context().run(main, [str(a) for a in arguments])
        assert list(scratch.iterdir()) == []
        return Ended(end.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    """A SentencePiece BPE model of Mistral's kind with 500 pieces."""
    return train_sentencepiece(
        tmp_path_factory.mktemp("base") / "tokenizer.model",
        [*embedded_lines("en")[:300], *embedded_lines("code"), "、。「」"],
        model_type="bpe",
        vocab_size=500,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        character_coverage=1.0,
    )


@pytest.fixture(scope="session")
def tiny_added(tmp_path_factory, tiny_base):
    """A hundred Japanese pieces for the tiny base."""
    place = tmp_path_factory.mktemp("added")
    (place / "ja.txt").write_text("\n".join(embedded_lines("ja")[:200]), encoding="utf-8")
    arguments = ["train-vocab", place / "ja.txt", "--base", tiny_base, "-o", place / "added"]
    arguments += ["--size", 100, "--workers", 1, "-q"]
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as end:
        contextvars.copy_context().run(main, [str(a) for a in arguments])
    assert not end.value.code
    return place / "added"


@pytest.fixture
def text(tmp_path):
    """Two hundred lines of real Japanese in a file."""
    path = tmp_path / "ja.txt"
    path.write_text("\n".join(embedded_lines("ja")[:200]), encoding="utf-8")
    return path
