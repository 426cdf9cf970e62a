"""Leakage rates in a report, as `bench leakage -o` wrote them."""

import json

import pytest
from click.testing import CliRunner
from report_data import write_rows

from tokext.cli.main import cli
from tokext.report import write_report

ANSWERS = [
    {"text": "この essay は<b>長い</b>文章です。", "sampling": {"temperature": 0.1}},
    {"text": "今日は良い天気です。", "sampling": {"temperature": 0.1}},
    {"text": "我们需要解决这个问题。", "sampling": {"temperature": 1.0}},
    {"text": "例です。\n```python\nprint(1)\n```", "sampling": {"temperature": 1.0}},
]


@pytest.fixture
def result(tmp_path):
    samples = tmp_path / "samples.jsonl"
    lines = (json.dumps(answer, ensure_ascii=False) + "\n" for answer in ANSWERS)
    samples.write_text("".join(lines), encoding="utf-8")
    out = tmp_path / "leakage.json"
    arguments = ["bench", "leakage", str(samples), "--by", "temperature", "-o", str(out)]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_rates_and_marked_leaks_are_in_the_report(result, tmp_path, locale):
    write_report([result], tmp_path / "report", locale=locale)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "この ⟦essay⟧ は&lt;b&gt;長い" in page
    assert "<b>長い" not in page
    assert page.index("⟦我们需要解决这个问题。⟧") < page.index("⟦essay⟧")
    assert (tmp_path / "report" / "leakage.png").stat().st_size > 4000


def test_the_headline_has_the_rate_and_its_interval(result, tmp_path):
    write_report([result], tmp_path / "report")
    text = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "2 of 3 answers leave the language they were asked in: 66.67%" in text


def test_the_chart_has_the_interval_of_every_group_and_both_sides_of_a_comparison(result, tmp_path):
    content = json.loads(result.read_text(encoding="utf-8"))
    rate = content["result"]["total"]["response"]
    content["result"]["comparison"] = {
        "before": rate, "after": rate, "differs": False, "p_value": 1.0,
    }  # fmt: skip
    result.write_text(json.dumps(content), encoding="utf-8")
    report = write_report([result], tmp_path / "report")
    shown = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    rows = shown["charts"]["leakage"]["rows"]
    assert [row["label"] for row in rows][-2:] == ["before", "after"]
    for row, group in zip(rows, content["result"]["groups"], strict=False):
        assert {key: row[key] for key in group["response"]} == group["response"]
    assert any("→" in fact.value for fact in report.facts)


def _compared(tmp_path, before, after):
    """Leakage before and after, of answers that say which model and tokenizer they are of."""
    for name, made_by in (("before", before), ("after", after)):
        given = [{"id": str(n), "prompt": f"{n}?", **a} for n, a in enumerate(ANSWERS[:3])]
        lines = (json.dumps(answer | made_by, ensure_ascii=False) + "\n" for answer in given)
        (tmp_path / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    out = tmp_path / "leakage.json"
    arguments = ["bench", "leakage", str(tmp_path / "after.jsonl"), "-o", str(out)]
    arguments += ["--before", str(tmp_path / "before.jsonl")]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    return out


BASE = {"model": "tiny", "tokenizer": "mistralai/Mistral-7B-v0.1"}
OURS = {"model": "tiny-ja", "tokenizer": "ja/tokenizer"}


def test_one_sentence_speaks_of_compression_and_leakage(rows, tmp_path):
    path = write_rows(tmp_path / "gain.json", rows)
    result = _compared(tmp_path, BASE, OURS)
    headline = write_report([path, result], tmp_path / "report").headline
    rate = json.loads(result.read_text(encoding="utf-8"))["result"]["comparison"]["after"]
    assert headline.numbers["leaking_share"] == rate["share"]
    assert f"{rows[1]['chars_per_token']:.3f} characters per token" in headline.sentence
    assert headline.sentence.count(".") == headline.sentence.rstrip(".").count(".") + 1
    assert "leak" in headline.sentence


@pytest.mark.parametrize(
    ("before", "after", "is_joined"),
    [
        (BASE, {"model": "ja/model", "tokenizer": "ja/model"}, True),
        (BASE, {"model": "another", "tokenizer": "another"}, False),
        ({"model": "another"}, OURS, False),
        (BASE, {}, False),
    ],
)
def test_leakage_of_other_models_stays_in_its_section(rows, tmp_path, before, after, is_joined):
    path = write_rows(tmp_path / "gain.json", rows)
    report = write_report([path, _compared(tmp_path, before, after)], tmp_path / "report")
    assert ("leaking_share" in report.headline.numbers) == is_joined
    assert any("leaking_share" in fact.numbers for fact in report.facts) == is_joined
    assert "leakage" in [section.name for section in report.sections]


def test_leakage_that_was_not_compared_stays_in_its_section(result, rows, tmp_path):
    path = write_rows(tmp_path / "gain.json", rows)
    report = write_report([path, result], tmp_path / "report")
    assert "leak" not in report.headline.sentence
    assert not any("leaking_share" in fact.numbers for fact in report.facts)


def _report_of(text, tmp_path, *options):
    samples, out = tmp_path / "samples.jsonl", tmp_path / "leakage.json"
    samples.write_text(json.dumps({"text": text}, ensure_ascii=False) + "\n", encoding="utf-8")
    done = CliRunner().invoke(cli, ["bench", "leakage", str(samples), *options, "-o", str(out)])
    assert done.exit_code == 0, done.output
    report = write_report([out], tmp_path / "report")
    shown = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    return report, shown, (tmp_path / "report" / "report.html").read_text(encoding="utf-8")


def test_code_alone_has_no_rate_anywhere_and_none_leaking_of_some_has_one(tmp_path):
    report, shown, page = _report_of("```python\nprint(1)\n```", tmp_path)
    assert report.headline.numbers == {"total": 0, "n_code": 1}
    assert "0.00" not in report.headline.sentence
    assert not [fact for fact in report.facts if "leaking_share" in fact.numbers]
    row = shown["tables"]["leakage_rates"]["rows"][0]
    assert (row["share"], row["high"], row["word"], row["interval"]) == (None, None, None, "–")
    assert [row["total"] for row in shown["charts"]["leakage"]["rows"]] == [1]
    assert "of clean Japanese answers" in page.replace("Of clean", "of clean")


def test_none_of_one_answer_is_a_rate_of_nothing(tmp_path):
    report, shown, _ = _report_of("はい、そうです。", tmp_path)
    assert "0 of 1 answers" in report.headline.sentence
    assert [fact.value for fact in report.facts if "leaking_share" in fact.numbers] == ["0 %"]
    assert shown["tables"]["leakage_rates"]["rows"][0]["share"] == 0


def test_the_floor_of_japanese_is_not_printed_beside_chinese(tmp_path):
    _, shown, page = _report_of("今天天气很好。", tmp_path, "--language", "zh")
    assert shown["charts"]["leakage"]["floor"] is None
    assert "has not been measured for zh" in page
    assert "Of clean" not in page
