"""Two results held against each other, as CI does."""

from __future__ import annotations

import copy

import pytest
from report_data import write_rows

from tokext.errors import InputError
from tokext.report.gate import compare_results


@pytest.fixture
def given(rows, tmp_path):
    """Write changed copies of the rows of the base and of the extended tokenizer."""

    def write(name, *, change=lambda row: None, tokenizers=(0, 1)):
        found = [copy.deepcopy(row) for n, row in enumerate(rows) if n % 2 in tokenizers]
        for row in found:
            change(row)
        return write_rows(tmp_path / f"{name}.json", found)

    return write


def test_gain_is_new_against_the_first_of_old(given, rows):
    verdict = compare_results(given("old", tokenizers=(0,)), given("new"), min_gain=1.2)
    main = verdict.changes[0]
    assert main.gain == rows[1]["chars_per_token"] / rows[0]["chars_per_token"] > 1.2
    assert (main.corpus, main.base, main.old) == ("森", rows[0]["chars_per_token"], main.base)
    assert verdict.passed


def test_too_little_gain_is_said_with_both_numbers(given):
    verdict = compare_results(given("old"), given("new"), min_gain=9)
    assert not verdict.passed
    assert "at least 9 times" in verdict.failures[0]


def test_one_changed_english_line_is_too_much_and_japanese_lines_are_not_counted(given):
    def harm(row):
        if row["corpus"] == "english.txt" and row["n_added"]:
            row["n_lines_changed"] = 1

    kept = compare_results(given("old"), given("new"), max_english_change=0)
    assert kept.passed
    assert [change.is_english for change in kept.changes] == [False, True]
    assert kept.changes[0].n_lines_changed > 0
    harmed = compare_results(given("old"), given("harmed", change=harm), max_english_change=0)
    assert "1 of 6 lines of english changed with ja, a share" in harmed.failures[0]
    assert compare_results(
        given("old"), given("harmed", change=harm), max_english_change=0.2
    ).passed


def test_what_was_not_measured_is_no_pass(given, rows, tmp_path):
    japanese = write_rows(tmp_path / "ja.json", rows[:2])
    with pytest.raises(InputError, match="measured no English corpus"):
        compare_results(given("old"), japanese, max_english_change=0)
    alone = given("base", tokenizers=(0,), change=lambda row: row.update(n_lines_changed=None))
    with pytest.raises(InputError, match="counts no changed lines"):
        compare_results(given("old"), alone, max_english_change=0)
    with pytest.raises(InputError, match="did not measure"):
        compare_results(write_rows(tmp_path / "en.json", rows[2:]), given("new"), min_gain=1)


def test_another_text_under_the_same_name_is_refused(given):
    other = given("other", change=lambda row: row.update(corpus_sha256="0" * 64))
    with pytest.raises(InputError, match="not the same text"):
        compare_results(given("old"), other)


@pytest.mark.parametrize("demand", [float("nan"), float("inf"), -1.0])
def test_a_demand_that_is_no_number_is_refused(given, demand):
    for name in ("max_english_change", "min_gain"):
        with pytest.raises(InputError, match="nothing to judge by"):
            compare_results(given("old"), given("new"), **{name: demand})


def test_another_base_is_refused(given):
    def move(row):
        if not row["n_added"]:
            row["tokenizer_digest"] = "0" * 64

    with pytest.raises(InputError, match="is not that of"):
        compare_results(given("old"), given("new", change=move), max_english_change=0, min_gain=0)


def test_an_english_corpus_that_only_new_measured_is_judged(given, rows, tmp_path):
    japanese = write_rows(tmp_path / "ja.json", rows[:2])

    def harm(row):
        if row["corpus"] == "english.txt" and row["n_added"]:
            row["n_lines_changed"] = 6

    assert compare_results(japanese, given("kept"), max_english_change=0).passed
    verdict = compare_results(japanese, given("new", change=harm), max_english_change=0)
    assert [change.corpus for change in verdict.changes] == ["森"]
    assert "6 of 6 lines of english" in verdict.failures[0]


def test_every_tokenizer_of_new_is_judged(given, rows, tmp_path):
    other = [r | {"tokenizer": "ja/other", "n_lines_changed": r["n_lines"]} for r in rows[1::2]]
    new = write_rows(tmp_path / "three.json", [*rows, *other])
    verdict = compare_results(given("old"), new, max_english_change=0)
    assert ["lines of english changed with other" in line for line in verdict.failures] == [True]
