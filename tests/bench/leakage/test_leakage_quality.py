"""The rules against labelled lines, and what they gave at first looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from leakage_lines import Labelled, read_labelled

from tokext.bench.leakage import (
    FALSE_POSITIVES,
    FIRST_LOOKS,
    Floor,
    Rate,
    find_leaks,
    measure_leakage,
    scan,
)

SEEN = read_labelled("seen_leaks.tsv") + read_labelled("seen_clean.tsv")
#: Each was run once when the rules of its day were done, and mended for after that; the first look
#: is in benchmarks/results/leakage_reading.json.
READING = Path(__file__).parents[3] / "benchmarks" / "results" / "leakage_reading.json"
UNSEEN = [case for number in (1, 2, 3, 4) for case in read_labelled(f"unseen_{number}.tsv")]


def _found(case: Labelled) -> tuple[tuple[int, int, str, str], ...]:
    leaks = find_leaks(case.text, prompt=case.prompt or None)
    return tuple((leak.start, leak.end, leak.language, leak.level) for leak in leaks)


@pytest.mark.parametrize("case", SEEN, ids=lambda case: case.rule)
def test_a_labelled_line_is_found_as_labelled(case):
    assert _found(case) == case.leaks, case.text


def _f1(cases: list[Labelled]) -> float:
    pairs = [(bool(case.leaks), bool(_found(case))) for case in cases]
    hits = sum(gold and found for gold, found in pairs)
    return 2 * hits / (sum(gold for gold, _ in pairs) + sum(found for _, found in pairs))


def _span_f1(cases: list[Labelled]) -> float:
    n_gold = n_found = hits = 0
    for case in cases:
        found = _found(case)
        n_gold, n_found = n_gold + len(case.leaks), n_found + len(found)
        hits += sum(any(_overlap(gold, one) >= 0.5 for one in found) for gold in case.leaks)
    return 2 * hits / (n_gold + n_found)


def _overlap(one: tuple, other: tuple) -> float:
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / (max(one[1], other[1]) - min(one[0], other[0]))


def test_answers_of_lines_mended_on_are_told_apart():
    assert _f1(UNSEEN) >= 0.96


def test_spans_of_lines_mended_on_are_found():
    assert _span_f1(UNSEEN) >= 0.92


def test_every_word_mended_on_of_chinese_korean_and_russian_is_found():
    gold = [(case, leak) for case in UNSEEN for leak in case.leaks if leak[2] in {"zh", "ko", "ru"}]
    missed = [case.text for case, leak in gold if not any(_overlap(leak, f) for f in _found(case))]
    assert len(missed) <= 0.05 * len(gold), missed


def test_the_first_looks_are_what_they_gave():
    looks = json.loads(READING.read_text("utf-8"))["unseen_lines_first_look"]
    rates = [Rate(look["n_clean_flagged"], look["n_clean"]) for look in looks]
    assert list(FIRST_LOOKS.values()) == rates


def test_the_false_positive_floor_is_what_the_reading_of_real_answers_gave():
    reading = json.loads(READING.read_text("utf-8"))
    flagged, floor = reading["flagged"], reading["floor"]
    wrong = Rate(flagged["n_flagged_wrongly"], flagged["n"])
    assert len(flagged["wrong"]) == wrong.n
    assert len(set(flagged["ids"])) == wrong.total
    assert Floor(wrong, floor["n_flagged"], floor["n_not_flagged"]) == FALSE_POSITIVES


def test_a_rate_is_above_the_floor_when_its_interval_is():
    leak, clean = "この essay は長い文章だと思います。", "はい、そうです。"
    assert measure_leakage([leak] * 30 + [clean] * 315).total.above_floor
    assert not measure_leakage([leak] + [clean] * 1119).total.above_floor


def test_few_clean_lines_are_flagged_after_mending():
    clean = [case for case in SEEN + UNSEEN if not case.leaks]
    assert sum(bool(_found(case)) for case in clean) <= 0.01 * len(clean)


def test_half_of_the_labelled_lines_are_hard_negatives():
    n_clean = sum(not case.leaks for case in SEEN + UNSEEN)
    assert len(SEEN + UNSEEN) >= 300
    assert n_clean * 2 >= len(SEEN + UNSEEN)
    assert len(UNSEEN) * 3 >= len(SEEN + UNSEEN) * 0.95


def test_levels_follow_from_the_share_of_a_line():
    found = scan("今日は天気がいいので散歩します。\nLet us go to the park together now.")
    assert found.leaked_lines == (1,)
    assert [leak.level for leak in found.leaks] == ["line"]


def test_an_answer_with_four_fifths_of_one_language_leaks_as_a_whole():
    found = scan("はい。\nThis is a long answer in English that goes on and on without any end.")
    assert found.response_language == "en"
    assert {leak.level for leak in found.leaks} == {"response"}
