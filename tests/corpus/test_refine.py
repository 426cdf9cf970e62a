"""Runs cut by words and scripts: decided characters, laws, and a dictionary that is not there."""

import csv
import sys
from collections import Counter
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext import progress
from tokext.corpus import morphemes, refine
from tokext.corpus.boundaries import BOUNDARIES, runs_of, script_cutter
from tokext.corpus.count import count_runs
from tokext.corpus.counts import BLOCK_ROWS, RunCounts, write_table
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.morphemes import identity_of, word_cutter
from tokext.corpus.refine import refine_runs, thin_runs
from tokext.corpus.shards import ShardsInFolder
from tokext.errors import InputError
from tokext.languages import find_language

JA = find_language("ja")
with (Path(__file__).parents[1] / "data" / "boundaries.tsv").open(encoding="utf-8") as file:
    DECIDED = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("line", DECIDED, ids=lambda d: f"{d['kind']}-{d['boundary']}")
def test_decided_characters(line):
    boundary, apart = line["boundary"], line["boundary"] == "apart"
    boundary = "punctuation" if apart else boundary
    runs = []
    for run in runs_of(JA, boundary)(line["text"]):  # each by itself, to see them in their order
        parts = [run]
        if boundary in ("phrase", "morpheme"):
            parts = word_cutter(boundary)(run)
        runs += [p for part in parts for p in (script_cutter(JA)(part) if apart else [part])]
    assert "|".join(runs) == line["runs"]
    counts = RunCounts.of(Counter(runs_of(JA, boundary)(line["text"])))
    refined = refine_runs(counts, "ja", boundary, keep_scripts_apart=apart)
    assert refined == RunCounts.of(Counter(runs))


CHARACTERS = st.sampled_from("食べる人々ラーメンーと、。」〆か\u3099ｱﾟ゛學😀\"'\\%") | st.characters(
    codec="utf-8", exclude_categories=["Z", "Cc"]
)


@pytest.mark.parametrize("boundary", ["phrase", "morpheme"])
@settings(deadline=None)
@given(st.text(CHARACTERS, min_size=1, max_size=60))
def test_words_put_together_are_the_run(boundary, run):
    assert "".join(word_cutter(boundary)(run)) == run


@settings(deadline=None)
@given(st.text(CHARACTERS, min_size=1, max_size=60))
def test_stretches_put_together_are_the_run_and_hold_one_script_each(run):
    stretches = script_cutter(JA)(run)
    assert "".join(stretches) == run
    for stretch in stretches:
        scripts = [s for s in JA.scripts if regex.search(rf"\p{{sc={s}}}", stretch)]
        assert len(scripts) <= 1


def test_every_phrase_is_whole_morphemes():
    for line in embedded_lines("ja")[:100]:
        for run in runs_of(JA, "phrase")(line):
            ends = {sum(map(len, word_cutter("morpheme")(run)[:n])) for n in range(len(run) + 1)}
            phrases = word_cutter("phrase")(run)
            assert {sum(map(len, phrases[:n])) for n in range(len(phrases) + 1)} <= ends


def test_words_are_those_of_fugashis_own_objects():
    import fugashi

    tagger = fugashi.Tagger()
    for line in embedded_lines("ja")[:100]:
        for run in runs_of(JA, "morpheme")(line):
            assert word_cutter("morpheme")(run) == [word.surface for word in tagger(run)]


@pytest.mark.parametrize("boundary", ["phrase", "morpheme"])
def test_counts_do_not_depend_on_the_number_of_workers(boundary, monkeypatch):
    monkeypatch.setattr("tokext.corpus.counts.BLOCK_ROWS", 200)
    counts = count_runs([list(embedded_lines("ja")[:300])], boundary=boundary)
    expected = Counter()
    for run, times in counts:
        for word in word_cutter(boundary)(run):
            expected[word] += times
    for workers in (1, 2):
        assert refine_runs(counts, "ja", boundary, workers=workers) == expected


@pytest.mark.parametrize("boundary", sorted({*BOUNDARIES} - {"phrase", "morpheme"}))
def test_other_boundaries_leave_the_counts_alone(boundary):
    counts = RunCounts.of({"猫は": 2})
    assert refine_runs(counts, "ja", boundary) is counts


def test_words_of_another_language_are_refused_by_name():
    with pytest.raises(InputError, match="knows Japanese words, and the language is ko"):
        refine_runs(RunCounts.of({"한국": 1}), "ko", "phrase")


@pytest.mark.parametrize("package", ["fugashi", "unidic_lite"])
def test_fugashi_without_a_dictionary_is_one_line_with_a_way_out(monkeypatch, package):
    morphemes.tagger_of.cache_clear()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError) as caught:
        word_cutter("phrase")
    assert "\n" not in str(caught.value)
    assert "pip install fugashi unidic-lite" in caught.value.hint


def test_a_folder_without_a_dictionary_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=f"{tmp_path} holds no dictionary"):
        word_cutter("phrase", str(tmp_path))
    (tmp_path / "dicrc").write_text("; empty\n")
    with pytest.raises(InputError, match="words cannot be told apart"):
        word_cutter("phrase", str(tmp_path))


def test_cut_counts_come_in_several_files_and_go_on_from_them(tmp_path):
    text = "".join(embedded_lines("ja"))
    counts = RunCounts.of(Counter(text[at : at + 5] for at in range(len(text))))
    assert len(counts) > BLOCK_ROWS
    write_table(tmp_path / "counts.parquet", [counts.place])
    shards, options = ShardsInFolder(tmp_path / "shards"), {"keep_scripts_apart": True}
    in_file = RunCounts.in_file(tmp_path / "counts.parquet")
    expected = refine_runs(counts, "ja", "none", **options)
    first = refine_runs(in_file, "ja", "none", shards=shards, **options)
    assert first == expected
    written = {path: path.stat().st_mtime_ns for path in shards.folder.iterdir()}
    assert len(written) >= 3  # two blocks, and what they add up to
    assert refine_runs(in_file, "ja", "none", shards=shards, **options) == expected
    assert {path: path.stat().st_mtime_ns for path in shards.folder.iterdir()} == written


def watched_bars(monkeypatch):
    """The progress bars of cutting, and how far each came, step by step."""
    bars, make = [], progress.bar

    def watched(description, total, unit):
        made = make(description, total, unit)
        steps = []
        made.update = steps.append
        bars.append((description, total, steps))
        return made

    monkeypatch.setattr(refine, "bar", watched)
    return bars


def test_cutting_shows_how_far_it_is_in_characters_of_distinct_runs(tmp_path, monkeypatch):
    """Block by block, and those that an earlier start has cut at once."""
    text = "".join(embedded_lines("ja"))
    counts = RunCounts.of(Counter(text[at : at + 5] for at in range(len(text))))
    write_table(tmp_path / "counts.parquet", [counts.place])
    shards = ShardsInFolder(tmp_path / "shards")
    in_file = RunCounts.in_file(tmp_path / "counts.parquet")
    bars = watched_bars(monkeypatch)
    for _ in range(2):
        refine_runs(in_file, "ja", "none", keep_scripts_apart=True, shards=shards)
    n_chars = sum(len(run) for run, _ in counts)
    for description, total, steps in bars:
        assert (description, total, sum(steps)) == ("cutting", n_chars, n_chars)
        assert len(steps) >= 2
    assert len(bars) == 2


@pytest.mark.parametrize("boundary", ["phrase", "morpheme"])
def test_how_long_a_dictionary_takes_is_said_before_it_is_asked(boundary, monkeypatch, capsys):
    counts = count_runs([list(embedded_lines("ja")[:300])], boundary=boundary)
    n_chars = sum(len(run) for run, _ in counts)
    token = progress.shown.set(True)
    refine_runs(counts, "ja", boundary)
    assert capsys.readouterr().err == ""  # a moment's work
    monkeypatch.setattr(refine, "_CHARS_A_SECOND", n_chars / 300)
    refine_runs(counts, "ja", boundary)
    progress.shown.reset(token)
    said = f"cutting {len(counts):,} distinct runs into {boundary}s takes about 5 min\n"
    assert capsys.readouterr().err == said


def test_another_dictionary_in_the_same_place_is_another_one(tmp_path):
    (tmp_path / "dicrc").touch()
    seen = set()
    for content in (b"old", b"newer"):
        (tmp_path / "sys.dic").write_bytes(content)
        seen.add(identity_of(str(tmp_path)))
    assert len(seen) == 2


def test_a_sample_of_runs_that_are_in_a_file_is_in_a_file_too(tmp_path):
    """However many there are: they are looked at a block at a time."""
    counts = RunCounts.of({f"{n:06}": 1 + n % 7 // 5 for n in range(2 * BLOCK_ROWS + 99)})
    write_table(tmp_path / "counts.parquet", [counts.place])
    in_file, shards = RunCounts.in_file(tmp_path / "counts.parquet"), ShardsInFolder(tmp_path)
    thinned = thin_runs(in_file, shards=shards)
    assert isinstance(thinned.place, Path)
    assert thinned == thin_runs(counts) != thin_runs(in_file.at_least(2), shards=shards)
    assert thin_runs(in_file.at_least(2), shards=shards) == counts.at_least(2)
    assert thin_runs(in_file, shards=shards).place == thinned.place
