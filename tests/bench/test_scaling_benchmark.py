"""What is carried on to 1 TB, against the rows that it is carried on from."""

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import scaling  # noqa: E402

RESULT = json.loads((BENCHMARKS / "results/scaling.json").read_text(encoding="utf-8"))


def test_the_committed_extrapolation_is_that_of_the_committed_rows():
    assert RESULT["one_terabyte"] == pytest.approx(scaling.one_terabyte(RESULT["rows"]))
    assert RESULT["growth"] == pytest.approx(scaling.growth(RESULT["rows"]))
    assert RESULT["assumptions"] == scaling.ASSUMPTIONS


def test_hours_of_counting_are_those_of_the_fastest_row_as_long_as_one_process_reads():
    largest = max(row["n_bytes"] for row in RESULT["rows"])
    seconds = {r["workers"]: r["count_seconds"] for r in RESULT["rows"] if r["n_bytes"] == largest}
    hours = RESULT["one_terabyte"]["count_hours_with_one_reader"]
    assert hours == pytest.approx(10**12 / largest * min(seconds.values()) / 3600)
    assert seconds[2] > 0.75 * seconds[1]  # far from the half that two readers would take
