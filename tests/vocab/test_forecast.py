"""What is said before learning, against what learning then takes."""

import os
import re
import subprocess
import sys
from fractions import Fraction

import pytest

from tokext.corpus.count import count_runs
from tokext.corpus.counts import RunCounts, write_table
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.refine import thin_runs
from tokext.errors import InputError
from tokext.languages import find_language
from tokext.progress import shown
from tokext.vocab import forecast as forecast_module
from tokext.vocab import independent
from tokext.vocab.added import train_vocab
from tokext.vocab.forecast import forecast, in_a_hurry, refuse_beyond, say_forecast
from tokext.vocab.rules import Rules
from tokext.vocab.spelled import spell_runs
from tokext.vocab.train import learn

JA = find_language("ja")


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


def test_pieces_take_memory_too_but_never_more_than_the_text_can_give(counts, base):
    few, many, most = (
        forecast(counts, base.model, size, "continue")[1].n_bytes for size in (10, 1000, 10**12)
    )
    assert few < many < most < 10**9


def test_over_the_limit_it_says_which_option_brings_it_under(counts, base):
    forecasts = forecast(counts, base.model, 300, "continue")
    limit = (forecasts[1].n_bytes + forecasts[2].n_bytes) // 2
    with pytest.raises(InputError, match="more than --max-memory") as caught:
        refuse_beyond(forecasts, limit, counts)
    assert caught.value.hint.startswith("--preset fast takes about")
    refuse_beyond(forecasts, forecasts[1].n_bytes, counts)


@pytest.mark.parametrize(("n_long", "says"), [(10, "keeps 23% of the text"), (100, None)])
def test_a_least_count_is_named_by_the_characters_it_keeps_and_where_they_are_many(
    base, n_long, says
):
    """A short run that recurs is most of the runs and little of the text: 300 characters here."""
    text = "".join(embedded_lines("ja"))
    once = {text[at * 100 : (at + 1) * 100]: 1 for at in range(n_long)}
    counts = RunCounts.of({**once, "日本語": 100})
    forecasts = forecast(counts, base.model, 300, "continue")
    assert forecasts[2].share == pytest.approx(300 / (300 + 100 * n_long))
    with pytest.raises(InputError) as caught:
        refuse_beyond(forecasts, forecasts[2].n_bytes, counts)
    if says:
        assert says in caught.value.hint
    else:
        assert "--min-run-count" not in caught.value.hint


def test_where_nothing_brings_it_under_it_says_how_much_it_takes(counts, base):
    with pytest.raises(InputError, match="more than --max-memory 1 MB") as caught:
        refuse_beyond(forecast(counts, base.model, 300, "continue"), 10**6, counts)
    assert caught.value.hint.startswith("give --max-memory")


def test_training_is_refused_before_it_begins(text, base, tmp_path, monkeypatch):
    costly = forecast_module.Cost(10**9, 1.0, 0.0, 0.0, 0.0)
    monkeypatch.setitem(forecast_module.COSTS, "continue", costly)
    with pytest.raises(InputError, match=r"distinct runs would take about 1 s and 1\.0 GB"):
        train_vocab(text, tmp_path / "out", base=base.name, size=50, max_memory="900MB")
    assert not (tmp_path / "out").exists()
    train_vocab(text, tmp_path / "out", base=base.name, size=50, max_memory="1.1GB")


@pytest.mark.parametrize("weight", [{}, {"ja.txt": 0.25}, {"ja.txt": 2.5}], ids=str)
def test_what_a_hint_says_brings_it_under(text, base, tmp_path, monkeypatch, capsys, weight):
    """Whatever one is in the counts: those of weighted inputs are in smaller units."""
    rare, repeated = tmp_path / "rare.txt", tmp_path / "repeated.txt"
    rare.write_text("\n".join(embedded_lines("ja")[200:260]), encoding="utf-8")
    repeated.write_text("\n".join(30 * embedded_lines("ja")[260:280]), encoding="utf-8")
    monkeypatch.setitem(
        forecast_module.COSTS, "continue", forecast_module.Cost(10**8, 10**5, 0.0, 0.0, 0.0)
    )
    options = {"base": base.name, "size": 9, "boundary": "punctuation", "workers": 1}
    options |= {"weight": weight, "max_memory": "500MB"}
    inputs, output = [text, rare, repeated], tmp_path / "out"
    with pytest.raises(InputError, match="more than --max-memory 500 MB") as caught:
        train_vocab(inputs, output, **options)
    said = re.search(r"--min-run-count (\d+) brings it to ([\d.]+) MB", caught.value.hint)
    token = shown.set(True)
    train_vocab(inputs, output, min_run_count=int(said[1]), **options)
    shown.reset(token)
    taken = re.search(r"takes about \d+ s and ([\d.]+) MB", capsys.readouterr().err)
    assert float(taken[1]) == pytest.approx(float(said[2]), rel=0.15)


@pytest.mark.parametrize("weight", ["1", "1.2", "1.5", "2.5"])
def test_runs_read_once_are_forecast_as_the_fast_preset_takes_them(weight, base):
    times, unit = Fraction(weight).numerator, Fraction(weight).denominator
    runs = {f"森の{n}家": times for n in range(3000)} | {"日本": 9 * times}
    counts = RunCounts.of(runs)
    hurried = in_a_hurry(forecast(counts, base.model, 9, "continue", unit))
    taken = forecast(thin_runs(counts, unit), base.model, 9, "continue", unit)[1]
    assert hurried.n_places == pytest.approx(taken.n_places, rel=0.15)


def test_with_the_fast_preset_the_share_that_is_kept_is_still_one_of_the_text(base, monkeypatch):
    monkeypatch.setitem(
        forecast_module.COSTS, "continue", forecast_module.Cost(0, 10**6, 0.0, 0.0, 0.0)
    )
    counts = RunCounts.of({chr(0x4E00 + n): 40 if n % 17 == 0 else 1 for n in range(340)})
    thinned = thin_runs(counts)
    repeated = forecast(counts, base.model, 9, "continue")[2].n_bytes
    sampled = forecast(thinned, base.model, 9, "continue")[1].n_bytes
    with pytest.raises(InputError) as caught:
        say_forecast(counts, base.model, 9, "continue", (repeated + sampled) // 2, thinned=thinned)
    share = counts.at_least(2).total() / counts.total()
    assert f"--min-run-count 2 brings it to {repeated / 10**6:.0f} MB" in caught.value.hint
    assert f"keeps {share:.0%} of the text" in caught.value.hint


def test_the_fast_preset_is_not_named_to_who_has_it(counts, base):
    forecasts = forecast(counts, base.model, 300, "continue")
    limit = forecasts[1].n_bytes - 1
    for preset in ("full", "fast"):
        with pytest.raises(InputError) as caught:
            refuse_beyond(forecasts, limit, counts, preset)
        assert ("--preset" in caught.value.hint) <= (preset == "full")


def test_the_fast_preset_is_named_where_it_brings_it_under(
    text, base, tmp_path, monkeypatch, capsys
):
    costly = forecast_module.Cost(10**9, 10**6, 0.0, 0.1, 0.0)
    monkeypatch.setitem(forecast_module.COSTS, "continue", costly)
    counts = count_runs([text.read_text(encoding="utf-8").split("\n")], boundary="punctuation")
    forecasts = forecast(counts, base.model, 9, "continue")
    options = {"base": base.name, "size": 9, "boundary": "punctuation", "workers": 1}
    options["max_memory"] = (in_a_hurry(forecasts).n_bytes + forecasts[1].n_bytes) // 2
    token = shown.set(True)
    with pytest.raises(InputError) as caught:
        train_vocab(text, tmp_path / "out", **options)
    train_vocab(text, tmp_path / "out", preset="fast", **options)
    shown.reset(token)
    hinted = re.search(r"--preset fast takes about ([\d.]+) GB", caught.value.hint)
    said = re.findall(r"takes about (\d+) min and ([\d.]+) GB", capsys.readouterr().err)
    assert float(hinted[1]) == float(said[1][1]) < float(said[0][1])
    assert [float(x) for x in said[2]] == pytest.approx([float(x) for x in said[1]], rel=0.15)
    assert len(said) == 3  # of the full run, of the fast one as it is named, and as it is then


def test_the_fast_preset_is_not_named_where_it_helps_little(counts, base):
    for given in (counts, counts.at_least(2)):
        forecasts = forecast(given, base.model, 300, "continue")
        limit = in_a_hurry(forecasts).n_bytes - 1
        with pytest.raises(InputError) as caught:
            refuse_beyond(forecasts, limit, given)
        assert "--preset" not in caught.value.hint


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


def counting_trainings(monkeypatch):
    """The sizes of vocabulary that SentencePiece's trainer is asked for, one by one."""
    asked, train = [], independent.train_bpe

    def counted(runs, vocab_size, **options):
        asked.append(vocab_size)
        return train(runs, vocab_size, **options)

    monkeypatch.setattr(independent, "train_bpe", counted)
    return asked


@pytest.fixture(scope="module")
def mostly_english():
    """Lines of which most is Latin, with no space that would end a run before it."""
    english = ["_".join(line.split()) for line in embedded_lines("en")]
    lines = [
        ja + "".join(english[(n * 7 + m) % len(english)] for m in range(6))
        for n, ja in enumerate(embedded_lines("ja")[:400])
    ]
    return count_runs([lines], boundary="none")


def test_the_less_of_a_text_may_enter_the_more_is_learned_at_once(
    mostly_english, counts, base, monkeypatch
):
    """So that the one training that is forecast is the only one."""
    asked = counting_trainings(monkeypatch)
    for given in (counts, mostly_english):
        learn(given, base, 1000, "independent", Rules(JA))
    learn(mostly_english, base, 1000, "independent", Rules(JA, keep_all=True))
    n_chars = [
        len({char for run, _ in given for char in run}) for given in (counts, mostly_english)
    ]
    japanese, mixed, everything = asked
    assert mixed - n_chars[1] > 1.3 * (japanese - n_chars[0])
    assert everything < mixed


def test_a_second_training_gives_what_one_that_is_large_enough_gives(
    mostly_english, base, monkeypatch
):
    once = learn(mostly_english, base, 2500, "independent", Rules(JA))
    monkeypatch.setattr(independent, "_SLACK", 0.01)
    asked = counting_trainings(monkeypatch)
    assert learn(mostly_english, base, 2500, "independent", Rules(JA)) == once
    assert len(asked) > 1


PEAK = """
import re, resource, sys
from pathlib import Path
from tokext.corpus.counts import RunCounts
from tokext.languages import find_language
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.forecast import forecast
from tokext.vocab.rules import Rules
from tokext.vocab.train import learn

counts, base = RunCounts.in_file(Path(sys.argv[1])), load_tokenizer(sys.argv[2])
expected = forecast(counts, base.model, 5000, sys.argv[3])[1].n_bytes
learn(counts, base, 5000, sys.argv[3], Rules(find_language("ja")))
unit = 1 if sys.platform == "darwin" else 1024
peaks = [resource.getrusage(who).ru_maxrss * unit
         for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
status = Path("/proc/self/status")
if status.exists():  # Linux counts for a process what its parent held when it was started, too
    peaks[0] = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024
print(expected / sum(peaks))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="asks POSIX for the peak of a process")
@pytest.mark.parametrize("method", ["continue", "independent"])
def test_the_memory_that_is_said_is_about_what_is_then_taken(base, tmp_path, method):
    """Five million places; within a third, as `Forecast` says."""
    lines = embedded_lines("ja")
    texts = [f"{a}{b}" for n in range(1, 35) for a, b in zip(lines, lines[n * 7 :], strict=False)]
    counts = count_runs([texts], boundary="none")
    write_table(tmp_path / "counts.parquet", [counts.place])
    command = [sys.executable, "-c", PEAK, str(tmp_path / "counts.parquet"), base.name, method]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert 0.67 < float(done.stdout) < 1.5
