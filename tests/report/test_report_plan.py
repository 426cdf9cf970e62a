"""A plan in a report: its curves, their marks, every size, and the sentence at the head."""

import dataclasses
import json
import shutil

import pytest

from tokext.errors import InputError
from tokext.output import json_text
from tokext.records import InputFile, Plan, PlanRow
from tokext.report import write_report

SIZES = {0: 1_000_000, 1000: 700_000, 2000: 600_000, 8000: 560_000, 9000: 559_000}


@pytest.fixture
def plan():
    """900,000 characters; the speed falls again at the last size."""
    speeds = (90.0, 130.0, 150.0, 161.8, 160.0)
    rows = tuple(
        PlanRow(size, 32_000 + size, tokens, size * 16_384, 0.0123, 5000.0, speed, 29_491.2, None)
        for (size, tokens), speed in zip(SIZES.items(), speeds, strict=True)
    )
    return Plan(
        base="mistralai/Mistral-7B-v0.1",
        base_size=32_000,
        language="ja",
        method="continue",
        boundary="punctuation",
        corpus="森<b>.txt",
        n_corpus_chars=12_345_678,
        text="held-out.txt",
        n_chars=900_000,
        n_asked=9000,
        shape="mistral-7b",
        batch_size=1,
        bytes_per_number=2,
        context_tokens=32_768,
        machine="a100-40gb",
        bytes_per_second=1.555e12,
        operations_per_second=312e12,
        n_prefill_chars=1000,
        n_decode_chars=500,
        inputs=(InputFile("森<b>.txt", "ab" * 32, 9),),
        rows=rows,
    )


@pytest.fixture
def write(tmp_path):
    def written(record, locale="en"):
        (tmp_path / "plan.json").write_text(json_text(record), encoding="utf-8")
        write_report([tmp_path / "plan.json"], tmp_path / "report", locale=locale)
        return tmp_path / "report"

    return written


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_both_curves_are_drawn_and_every_size_is_in_the_table(plan, write, locale):
    folder = write(plan.record(), locale)
    for name in ("plan_gain", "plan_speed"):
        assert (folder / f"{name}.png").stat().st_size > 5000
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "森<b>" not in page
    for size in SIZES:
        assert f"{size:,}" in page


def test_the_knee_and_the_fastest_are_marked_where_the_plan_has_them(plan, write):
    report = json.loads((write(plan.record()) / "report.json").read_text(encoding="utf-8"))
    text = json.dumps(report, ensure_ascii=False)
    assert "knee: 2,000 pieces, 1.50" in text
    assert "fastest: 8,000 pieces, 161.80" in text
    assert "With 2,000 pieces a token would carry 1.500 characters instead of 0.900." in text


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "other text gains less."), ("ja", "これより少なくなります。")]
)
def test_what_was_measured_on_text_of_the_same_works_is_said_to_be(plan, write, locale, said):
    for own in (True, False):
        record = dataclasses.replace(plan, text_of_corpus=own).record()
        folder = write(record, locale)
        assert (said in (folder / "report.html").read_text(encoding="utf-8")) == own
        shutil.rmtree(folder)


def test_a_damaged_plan_is_refused_by_the_name_of_its_file(plan, write):
    record = plan.record()
    del record["result"]["rows"]
    with pytest.raises(InputError, match=r"plan\.json is not a whole plan record"):
        write(record)


def test_a_plan_without_a_field_is_refused(plan, write):
    record = plan.record()
    del record["result"]["machine"]
    with pytest.raises(InputError, match="not a plan: 'machine'"):
        write(record)
