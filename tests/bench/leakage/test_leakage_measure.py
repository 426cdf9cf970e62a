"""Rates, intervals, comparison; files good and broken; the details and the page."""

from __future__ import annotations

import json
import math
import os
import random
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tokext.bench.leakage import (
    Rate,
    Sample,
    compare_leakage,
    examples,
    measure_leakage,
    read_samples,
    write_details,
    write_html,
)
from tokext.bench.leakage.page import html_page
from tokext.bench.leakage.stats import mcnemar, pairs_needed, wilson
from tokext.errors import InputError, OutputError

CLEAN, WORD, LINE = "はい、そうです。", "この essay は長い文章だと思います。", "No, it is not."
CODE = "例です。\n```python\nprint('hello')\n```"


def test_the_wilson_interval_holds_the_share_as_often_as_it_says():
    draw = random.Random(1)
    held = 0
    for _ in range(2000):
        n = sum(draw.random() < 0.03 for _ in range(200))
        low, high = wilson(n, 200)
        held += low <= 0.03 <= high
    assert 0.93 < held / 2000 < 0.99


def test_mcnemar_is_the_two_sided_binomial_tail():
    n, k = 14, 3
    tail = sum(math.comb(n, i) / 2**n for i in range(k + 1))
    assert mcnemar(3, 11) == pytest.approx(2 * tail)


@pytest.mark.parametrize("level", [0.05, 0.005])
def test_the_stated_number_of_pairs_shows_the_difference_four_times_in_five(level):
    draw, n = random.Random(2), pairs_needed(0.10, 0.04, level)
    shown = 0
    for _ in range(400):
        rolls = [draw.random() for _ in range(n)]
        before, after = sum(r < 0.10 for r in rolls), sum(0.10 <= r < 0.14 for r in rolls)
        shown += mcnemar(before, after) < level
    assert 0.70 < shown / 400 < 0.92


def test_rates_count_answers_lines_and_words():
    found = measure_leakage([CLEAN, WORD, LINE, ""])
    assert found.total.response == Rate(2, 4)
    assert found.total.line == Rate(1, 3)
    assert found.total.word.n == 5
    assert found.total.n_empty == 1


def test_code_answers_are_kept_apart():
    found = measure_leakage([CLEAN, CODE])
    assert found.total.response.total == 1
    assert found.code.response == Rate(0, 1)


def test_groups_are_found_inside_sampling():
    samples = [
        {"text": WORD, "sampling": {"temperature": 1.0}, "model": "m"},
        {"text": CLEAN, "sampling": {"temperature": 0.1}, "model": "m"},
        {"text": CLEAN},
    ]
    found = measure_leakage(samples, by=["temperature", "model"])
    assert [group.name for group in found.groups] == [
        "temperature -, model -",
        "temperature 0.1, model m",
        "temperature 1.0, model m",
    ]


def test_the_field_metric_fails_lines_first_and_words_of_the_rest():
    metric = measure_leakage([CLEAN, WORD, LINE]).total.field
    assert (metric.line_pass, metric.word_pass) == (Rate(2, 3), Rate(1, 2))


def test_the_result_is_json_without_the_texts():
    text = json.dumps(measure_leakage([WORD]).as_json())
    assert "essay" not in text
    assert "false_positive_floor" in text


def test_a_comparison_pairs_the_same_prompt_asked_several_times():
    before = measure_leakage([{"prompt": "a", "text": WORD}, {"prompt": "a", "text": CLEAN}])
    after = measure_leakage([{"prompt": "a", "text": CLEAN}, {"prompt": "b", "text": CLEAN}])
    result = compare_leakage(before, after)
    assert (result.only_before, result.only_after, result.n_unpaired) == (1, 0, 2)
    assert not result.differs


def _drawn(text, temperature, seed, prompt="a"):
    return {"prompt": prompt, "text": text, "sampling": {"temperature": temperature, "seed": seed}}


def test_a_comparison_pairs_answers_of_the_same_settings_and_seed_in_whatever_order():
    answers = [_drawn(WORD if t > 0.5 else CLEAN, t, seed) for t in (0.1, 1.0) for seed in (1, 2)]
    result = compare_leakage(measure_leakage(answers), measure_leakage(answers[::-1]))
    assert (result.only_before, result.only_after, result.n_unpaired) == (0, 0, 0)
    assert result.before == Rate(2, 4)


def test_a_setting_with_one_value_in_each_set_may_be_the_change():
    warm, cold = _drawn(WORD, 1.0, 1), _drawn(CLEAN, 0.1, 2)
    result = compare_leakage(measure_leakage([warm]), measure_leakage([cold]))
    assert (result.only_before, result.only_after) == (1, 0)


def test_settings_that_only_one_set_has_are_not_compared():
    before = measure_leakage([_drawn(WORD, 0.1, 1)])
    after = measure_leakage([_drawn(WORD, 0.1, 1), _drawn(CLEAN, 1.0, 1)])
    result = compare_leakage(before, after)
    assert (result.only_before, result.n_unpaired) == (0, 1)


def test_answers_without_seeds_are_paired_by_id():
    answers = [{"id": i, "prompt": "a", "text": text} for i, text in enumerate((WORD, CLEAN))]
    result = compare_leakage(measure_leakage(answers), measure_leakage(answers[::-1]))
    assert (result.only_before, result.only_after) == (0, 0)


def test_a_pair_with_code_is_left_out_of_a_comparison():
    before = measure_leakage([{"prompt": p, "text": CODE + WORD} for p in "ab"])
    after = measure_leakage([{"prompt": "a", "text": CODE}, {"prompt": "b", "text": CLEAN}])
    both = [{"prompt": "c", "text": CLEAN}]
    with pytest.raises(InputError, match="share no prompt"):
        compare_leakage(before, after)
    old = measure_leakage([*both, {"prompt": "a", "text": WORD}])
    new = measure_leakage([*both, {"prompt": "a", "text": CODE}])
    result = compare_leakage(old, new)
    assert (result.before, result.n_unpaired) == (Rate(0, 1), 2)


def test_many_changes_one_way_are_told_from_noise():
    before = measure_leakage([{"prompt": str(i), "text": WORD} for i in range(12)])
    after = measure_leakage([{"prompt": str(i), "text": CLEAN} for i in range(12)])
    assert compare_leakage(before, after).differs


def test_sets_without_a_shared_prompt_cannot_be_compared():
    with pytest.raises(InputError, match="share no prompt"):
        compare_leakage(measure_leakage([CLEAN]), measure_leakage([CLEAN]))


def test_nothing_to_measure_is_refused():
    with pytest.raises(InputError, match="no answers"):
        measure_leakage([])


def test_a_sample_without_text_is_refused_by_its_place():
    with pytest.raises(InputError, match="sample 1"):
        measure_leakage([CLEAN, {"prompt": "a"}])


def _write(folder: Path, text: str | bytes) -> Path:
    path = folder / "samples.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_line_that_was_cut_off_is_left_out_and_named(tmp_path):
    file = read_samples(_write(tmp_path, '{"text": "はい"}\n{"text": "いい'))
    assert [sample.text for sample in file.samples] == ["はい"]
    assert file.problems[0][0] == 2


def test_lone_surrogates_and_broken_bytes_are_replaced(tmp_path):
    raw = b'{"text": "\\ud83d\\u306f"}\n{"text": "a\xff"}\n{"text": "\\ud83d\\ude00"}\n'
    file = read_samples(_write(tmp_path, raw))
    assert [sample.text for sample in file.samples] == ["\ufffdは", "a\ufffd", "😀"]


def test_prompts_allowed_languages_and_keys_are_read(tmp_path):
    line = '{"id": 7, "text": "Yes.", "prompt": "英語で", "allowed": ["en"], "model": "m"}\n'
    (sample,) = read_samples(_write(tmp_path, line)).samples
    assert sample == Sample("Yes.", "英語で", "7", ("en",), {"model": "m"})


def test_allowed_that_is_no_list_is_named_in_one_line(tmp_path):
    path = _write(tmp_path, '{"text": "はい", "allowed": 3}\n')
    with pytest.raises(InputError, match='"allowed" is int, not a list of languages'):
        read_samples(path)


def test_too_many_unusable_lines_are_refused_with_the_first(tmp_path):
    path = _write(tmp_path, '{"text": "はい"}\n{"prompt": "a"}\n[1]\n')
    with pytest.raises(InputError, match=r'2 of 3 lines.*line 2: no "text"'):
        read_samples(path)
    assert len(read_samples(path, max_bad_share=1).samples) == 1


@pytest.mark.parametrize("text", ["", "\n \n", "{}\n", '{"text": 3}\n'])
def test_a_file_without_an_answer_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="holds no answer"):
        read_samples(_write(tmp_path, text))


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"missing\.jsonl"):
        read_samples(tmp_path / "missing.jsonl")


def test_details_hold_a_line_an_answer_in_input_order(tmp_path):
    write_details(tmp_path / "d.jsonl", measure_leakage([WORD, CLEAN, LINE]))
    records = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text("utf-8").splitlines()]
    assert [record["id"] for record in records] == ["0", "1", "2"]
    assert [record["response_language"] for record in records] == ["ja", "ja", "en"]
    assert [record["leaked_lines"] for record in records] == [[], [], [0]]
    leak = records[0]["leaks"][0]
    assert WORD[leak["start"] : leak["end"]] == leak["text"] == "essay"
    assert {"language", "level", "confidence", "reason"} <= leak.keys()


def test_existing_details_are_not_replaced_unasked(tmp_path):
    path = tmp_path / "d.jsonl"
    path.write_text("old")
    with pytest.raises(OutputError):
        write_details(path, measure_leakage([CLEAN]))
    assert path.read_text() == "old"


class _Marks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.marked: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "mark":
            self.marked.append(data)
            self.tags.append("-")


def test_the_page_escapes_texts_and_marks_leaks():
    page = html_page(
        measure_leakage([{"text": "<script>alert(1)</script>この essay は長い。"}, CLEAN])
    )
    parser = _Marks()
    parser.feed(page)
    assert "essay" in parser.marked
    assert parser.tags.count("script") == 1
    assert "http" not in page


def test_the_page_shows_the_worst_answer_first():
    page = html_page(measure_leakage([CLEAN, WORD, LINE]))
    assert page.index("No, it is not") < page.index("essay") < page.index("そうです")


def test_the_page_is_written_whole(tmp_path):
    write_html(tmp_path / "page.html", measure_leakage([WORD]))
    assert (tmp_path / "page.html").read_text("utf-8").endswith("</html>\n")


@pytest.fixture
def shared_samples():
    folder = os.environ.get("TOKEXT_DATA")
    if not folder:
        pytest.skip("TOKEXT_DATA names no folder with samples/")
    return Path(folder) / "samples"


def test_answers_of_a_model_that_keeps_to_japanese_are_clean(shared_samples):
    file = read_samples(shared_samples / "shisa_7b_ja_outputs.jsonl")
    assert measure_leakage(file.samples).total.response.share <= 0.02


def test_a_model_that_leaks_is_seen_to_leak(shared_samples):
    file = read_samples(shared_samples / "multi_model_ja_outputs.jsonl")
    rates = {g.name: g.response for g in measure_leakage(file.samples, by=["model"]).groups}
    assert rates["model mistral-8x7b"].low > rates["model command-r"].high


@pytest.mark.parametrize("write", [write_details, write_html])
def test_what_was_read_is_never_replaced(tmp_path, write):
    file = tmp_path / "out.jsonl"
    file.write_text('{"text": "はい。"}\n', encoding="utf-8")
    leakage = measure_leakage(read_samples(file).samples)
    with pytest.raises(OutputError):
        write(file, leakage, force=True)
    assert file.read_text(encoding="utf-8") == '{"text": "はい。"}\n'


def test_examples_are_a_few_of_each_kind_worst_first():
    found = examples(
        measure_leakage(["この essay は長い文章です。"] * 9 + ["그것은 매우 중요합니다."])
    )
    assert [one["level"] for one in found] == ["response", *["word"] * 4]


def test_lines_and_words_are_counted_by_language_and_confidence():
    chinese = "我们需要解决这个问题。"
    total = measure_leakage([CLEAN, WORD, f"{CLEAN}\n{LINE}\n{chinese}\n{CLEAN}"]).total
    assert total.lines.by_language == {"en": Rate(1, 6), "zh": Rate(1, 6)}
    assert sum(rate.n for rate in total.words.by_language.values()) == total.word.n
    assert total.lines.high.n <= total.line.n == 2
    found = total.as_json()
    assert found["line_by_language"]["zh"]["n"] == 1
    assert {"line_high_confidence", "word_high_confidence", "word_by_language"} <= found.keys()


def test_low_confidence_is_left_out_of_the_sure_rates():
    total = measure_leakage([WORD, "会社の**Planning**: まず旅行の日程を決めましょう。"]).total
    lows = measure_leakage(["- **Planning**: まず旅行の日程と予算を決めましょう。"]).total
    assert total.words.high.n == measure_leakage([WORD]).total.word.n
    assert (lows.response, lows.answers.high, lows.words.high.n) == (Rate(1, 1), Rate(0, 1), 0)


def test_lines_of_the_answers_add_up_to_their_leaked_lines():
    texts = [WORD, LINE, f"{LINE}\n{LINE}\n{CLEAN}", "네, 그렇습니다.\nNo, it is not."]
    found = measure_leakage(texts)
    assert found.total.line.n == sum(len(one.scan.leaked_lines) for one in found.measured)


def test_what_cannot_be_counted_has_no_rate():
    metric = measure_leakage([CODE]).total.field
    assert (metric.line_pass, metric.word_pass, metric.harmonic_mean) == (None, None, None)
    assert set(metric.as_json().values()) == {None}
    assert measure_leakage([LINE]).total.field.word_pass is None


def test_words_that_pass_are_not_defined_for_english():
    metric = measure_leakage(["It is fine.", "日本です。"], "en").total.field
    assert (metric.line_pass, metric.word_pass) == (Rate(1, 2), None)


def test_groups_of_numbers_are_in_the_order_of_numbers():
    samples = [{"text": CLEAN, "sampling": {"temperature": t}} for t in (10.0, 2.0, 0.5)]
    names = [group.name for group in measure_leakage([*samples, CLEAN], by="temperature").groups]
    assert names == ["temperature -", "temperature 0.5", "temperature 2.0", "temperature 10.0"]


def test_keys_to_group_by_may_be_one_string():
    samples = [{"text": CLEAN, "model": "m", "task": "t"}]
    assert [g.name for g in measure_leakage(samples, by="model").groups] == ["model m"]
    assert [g.name for g in measure_leakage(samples, by="model, task").groups] == [
        "model m, task t"
    ]


def test_a_key_that_no_answer_has_is_refused_with_those_there_are():
    samples = [{"text": CLEAN, "model": "m", "sampling": {"temperature": 1.0}}]
    with pytest.raises(InputError, match="'temprature'") as caught:
        measure_leakage(samples, by="temprature")
    assert "model, temperature" in caught.value.hint


def test_an_answer_that_allows_no_language_there_is_is_named(tmp_path):
    with pytest.raises(InputError, match="'english', which is no code"):
        read_samples(_write(tmp_path, '{"text": "はい", "allowed": ["english"]}\n'))


def test_marks_that_turn_the_direction_are_spelled_out_on_the_page():
    page = html_page(measure_leakage([{"text": "この\u202e essay は長い。", "id": "\u202ea"}]))
    assert not any(turn in page for turn in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
    assert "⟨U+202E⟩" in page
