"""SentencePiece's trainer in a process of its own: what comes back, and how it fails."""

import tempfile

import pytest

from tokext.corpus.count import count_runs
from tokext.corpus.counts import by_count
from tokext.corpus.embedded import embedded_lines
from tokext.errors import InputError, TokextError
from tokext.vocab import trainer
from tokext.vocab.trainer import train_bpe


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch):
    """The folder for temporary files: empty again after every test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield
    assert list(tmp_path.iterdir()) == []


def test_the_most_frequent_pair_is_learned_first():
    model = train_bpe([("ababab", 10), ("cd", 5)], 10)
    assert model.pieces[1].text == "ab"
    assert model.is_bpe
    assert model.normalization == "identity"


def test_fewer_pieces_come_where_the_runs_give_no_more():
    assert train_bpe([("ab", 3)], 1000).size < 10


def test_nothing_to_learn_from_is_said():
    with pytest.raises(InputError, match="nothing to learn from"):
        train_bpe([], 100)


def test_a_trainer_that_refuses_is_one_line_with_its_last_words():
    with pytest.raises(TokextError, match=r"^SentencePiece's trainer failed: .*4") as caught:
        train_bpe([("abcdefghij", 3)], 4, character_coverage=1.0)
    assert "\n" not in str(caught.value)
    assert "--size" in caught.value.hint


def test_a_trainer_that_is_killed_is_said_to_be(monkeypatch):
    monkeypatch.setattr(trainer, "_CHILD", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(TokextError, match="it was killed, most likely for want of memory"):
        train_bpe([("ab", 3)], 100)


def test_a_trainer_dies_with_whoever_stops_waiting_for_it(monkeypatch):
    import os

    started = []

    class Popen(trainer.subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self.pid)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer.subprocess, "Popen", Popen)
    monkeypatch.setattr(trainer, "bar", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train_bpe([("ab", 3)], 100)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_the_bar_follows_the_trainers_own_log(monkeypatch):
    """Over the very log of the SentencePiece that is installed, whose words have changed before."""
    seen = []

    class Bar:
        n = 0

        def __enter__(self):
            return self

        def __exit__(self, *failure):
            return None

        def update(self, n):
            self.n += n
            seen.append(self.n)

    monkeypatch.setattr(trainer, "bar", lambda *_: Bar())
    runs = by_count(count_runs([list(embedded_lines("ja"))], boundary="script"))
    train_bpe(runs, 4000)
    assert len(seen) >= 5
    assert seen == sorted(seen)
    assert 500 <= seen[-1] <= 4000
