"""What is said before learning, against what learning then takes."""

import pytest

from tokext.corpus.counts import RunCounts
from tokext.errors import InputError
from tokext.vocab import forecast as forecast_module
from tokext.vocab.added import train_vocab
from tokext.vocab.forecast import forecast, refuse_beyond
from tokext.vocab.spelled import spell_runs


def test_places_are_about_those_that_the_trainer_lays_out(counts, base):
    laid_out = len(spell_runs(counts, base.model).symbols)
    assert forecast(counts, base.model, 300, "continue")[1].n_places == pytest.approx(
        laid_out, rel=0.05
    )


def test_rarer_runs_left_out_cost_less_and_less(counts, base):
    forecasts = forecast(counts, base.model, 300, "continue")
    n_bytes = [cost.n_bytes for cost in forecasts.values()]
    assert n_bytes == sorted(n_bytes, reverse=True)
    for least, cost in forecasts.items():
        kept = counts.at_least(least)
        assert forecast(kept, base.model, 300, "continue")[1].n_places == pytest.approx(
            cost.n_places, rel=0.15, abs=20
        )


def test_over_the_limit_it_says_which_option_brings_it_under(counts, base):
    forecasts = forecast(counts, base.model, 300, "continue")
    limit = (forecasts[1].n_bytes + forecasts[2].n_bytes) // 2
    with pytest.raises(InputError, match="more than --max-memory") as caught:
        refuse_beyond(forecasts, limit, counts)
    assert "--min-run-count 2 brings it to" in caught.value.hint
    refuse_beyond(forecasts, forecasts[1].n_bytes, counts)


def test_where_nothing_brings_it_under_it_says_how_much_it_takes(counts, base):
    with pytest.raises(InputError, match="more than --max-memory 1 MB") as caught:
        refuse_beyond(forecast(counts, base.model, 300, "continue"), 10**6, counts)
    assert caught.value.hint.startswith("give --max-memory")


def test_training_is_refused_before_it_begins(text, base, tmp_path, monkeypatch):
    costly = forecast_module.Cost(10**9, 1.0, 0.0, 0.0)
    monkeypatch.setitem(forecast_module.COSTS, "continue", costly)
    with pytest.raises(InputError, match=r"distinct runs would take about 1 s and 1\.0 GB"):
        train_vocab(text, tmp_path / "out", base=base.name, size=50, max_memory="900MB")
    assert not (tmp_path / "out").exists()
    train_vocab(text, tmp_path / "out", base=base.name, size=50, max_memory="1.1GB")


def test_runs_that_are_rare_can_be_left_out(text, base, tmp_path):
    train_vocab(text, tmp_path / "all", base=base.name, size=50, boundary="punctuation")
    train_vocab(
        text, tmp_path / "few", base=base.name, size=50, boundary="punctuation", min_run_count=2
    )
    names = [(tmp_path / n / "added.tsv").read_text(encoding="utf-8") for n in ("all", "few")]
    assert names[0] != names[1]


def test_runs_left_out_are_those_of_a_filter():
    mapping = {"い": 1, "ろ": 2, "は": 3}
    for least in (1, 2, 3, 4):
        kept = RunCounts.of(mapping).at_least(least)
        assert kept == {run: n for run, n in mapping.items() if n >= least}
