"""Two results held against each other, as CI does."""

from __future__ import annotations

import copy
import json

import pytest
from report_data import write_rows

from tokext.bench.compression import measure_compression
from tokext.errors import InputError
from tokext.output import json_text
from tokext.report.gate import compare_results
from tokext.tokenizer.sentencepiece import Piece, PieceType


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
            row["n_lines_changed"] = row["n_foreign_lines_changed"] = 1

    kept = compare_results(given("old"), given("new"), max_english_change=0)
    assert kept.passed
    assert [(one.corpus, one.is_english) for one in kept.english] == [
        ("森", False), ("english", True),
    ]  # fmt: skip
    assert kept.changes[0].n_lines_changed > 0
    harmed = compare_results(given("old"), given("harmed", change=harm), max_english_change=0)
    assert harmed.failures[0].startswith(
        "english with ja: 1 of 6 lines without a letter of Japanese changed, a share of 0.1667"
    )
    assert compare_results(
        given("old"), given("harmed", change=harm), max_english_change=0.2
    ).passed


def test_what_was_not_measured_is_no_pass(given, rows, tmp_path):
    japanese = write_rows(tmp_path / "ja.json", rows[:2])
    with pytest.raises(InputError, match="measured no English text"):
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
            row["n_lines_changed"] = row["n_foreign_lines_changed"] = 6

    assert compare_results(japanese, given("kept"), max_english_change=0).passed
    verdict = compare_results(japanese, given("new", change=harm), max_english_change=0)
    assert [change.corpus for change in verdict.changes] == ["森"]
    assert "english with ja: 6 of 6 lines" in verdict.failures[0]


def test_every_tokenizer_of_new_is_judged(given, rows, tmp_path):
    harm = {"tokenizer": "ja/other", "n_lines_changed": 6}
    other = [r | harm | {"n_foreign_lines_changed": r["n_foreign_lines"]} for r in rows[1::2]]
    new = write_rows(tmp_path / "three.json", [*rows, *other])
    verdict = compare_results(given("old"), new, max_english_change=0)
    assert [line.partition(",")[0] for line in verdict.failures] == [
        "english with other: 6 of 6 lines without a letter of Japanese changed"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n_lines": 0}, "do not add up"),
        ({"n_lines": None}, "does not say which lines"),
        ({"n_foreign_lines": None}, "does not say which lines"),
        ({"n_foreign_lines_changed": "0"}, "does not say which lines"),
        ({"n_foreign_lines_changed": 7}, "do not add up"),
        ({"n_own_lines": 1}, "do not add up"),
        ({"language": None}, "does not say which lines"),
        ({"language_is_latin": None}, "does not say which lines"),
    ],
)
def test_a_row_that_cannot_be_told_is_refused(given, change, said):
    new = given("new", change=lambda row: row.update(change) if row["n_added"] else None)
    assert compare_results(given("old"), new).passed
    with pytest.raises(InputError, match=said):
        compare_results(given("old"), new, max_english_change=0)


def test_a_text_is_judged_whether_it_was_segmented_or_not(given):
    def harm(row):
        row["segmentation"] = None
        if row["corpus"] == "english.txt" and row["n_added"]:
            row["n_foreign_lines_changed"] = 6

    assert not compare_results(given("old"), given("new", change=harm), max_english_change=0).passed


GERMAN = (
    "Der Hund schläft über Mittag im Schatten.",
    "Größere Häuser stehen am Ende der Straße.",
    "Am Abend liest sie ein Buch.",
    "Für das Frühstück fehlen noch Brötchen.",
)
ENGLISH_LINES = tuple(f"Line {n} of a plain English text about bread." for n in range(14))


@pytest.fixture
def measured(base, tmp_path):
    """Measure two texts with a tokenizer whose pieces of German and English enter all."""

    def measure(texts, language):
        low = base.model.lowest_learned_score
        learned = ("▁Abend", "▁plain▁English")
        pieces = [Piece(p, low - 4 * (n + 1), PieceType.NORMAL) for n, p in enumerate(learned)]
        model = tmp_path / "all.model"
        model.write_bytes(base.model.extended(pieces).data)
        found = measure_compression([base, model], texts, language=language, curve=False)
        rows = json.loads(json_text([row.as_dict() for row in found]))
        return write_rows(tmp_path / "gain.json", rows)

    return measure


def test_a_quotation_does_not_hide_an_english_text(measured):
    quotation = "He called it 侘び寂び, and asked for bread."
    path = measured({"mixed": [*ENGLISH_LINES, quotation], "en": ["Tea."]}, "ja")
    verdict = compare_results(path, path, max_english_change=0)
    assert verdict.failures == (
        "mixed with all.model: 14 of 14 lines without a letter of Japanese changed, a share of "
        "1.0000; at most 0 may.",
    )
    assert [one.sentence.partition(" lines")[0] for one in verdict.english] == [
        "mixed with all.model: 14 of 14", "en with all.model: 0 of 1",
    ]  # fmt: skip


def test_the_language_s_own_text_is_not_judged_and_that_is_said(measured):
    path = measured({"de": GERMAN, "en": ["Tea.", "The café is open."] + ["Yes."] * 9}, "pl")
    verdict = compare_results(path, path, max_english_change=0)
    assert verdict.passed
    german, english = verdict.english
    assert not german.is_english
    assert (german.n_own_lines, german.n_lines, german.n_lines_changed) == (3, 1, 1)
    assert german.sentence.endswith("3 of 4 lines have a letter of Polish, so it is in Polish")
    assert (english.is_english, english.n_own_lines, english.n_lines) == (True, 1, 10)
    path = measured({"de": GERMAN}, "ja")
    assert not compare_results(path, path, max_english_change=0).passed


def test_a_text_between_english_and_a_language_of_the_same_letters_is_refused(measured):
    path = measured({"mixed": [*ENGLISH_LINES, *GERMAN]}, "pl")
    with pytest.raises(InputError, match="in 3 of 18 lines, so it is neither"):
        compare_results(path, path, max_english_change=0)
