"""Measured speed in a report: bars beside their limits, the ratio by batch size, every row."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_data import write_rows

from tokext.errors import InputError
from tokext.output import json_text
from tokext.records import Prediction, ServedRow, ThroughputRow
from tokext.report import write_report


def speed_row(model: str, batch_size: int, seconds: float, ratio: float | None) -> ThroughputRow:
    """100 characters a sequence, written three times in nearly the same time."""
    times = (seconds, seconds * 0.9, seconds * 1.1)
    prediction = Prediction("森<b>", 10e9, 1e12, True, 4e9, 0.4, 1.0, True, 150.0 * batch_size, 1e4)
    ratios = () if ratio is None else (ratio, ratio * 0.9, ratio * 1.2)
    return ThroughputRow(
        model=model, tokenizer_size=32_000, shape="mistral-1b", n_rows=32_000,
        n_parameters=10**9, mode="replay", n_processes=1, batch_size=batch_size, device="cpu",
        device_name="cpu <i>", dtype="float32", is_compiled=False, corpus="held-out.txt",
        n_prefill_chars=500 * batch_size, n_prefill_tokens=600,
        n_decode_chars=(100 * batch_size,) * 3, n_decode_tokens=120, n_steps=120,
        prefill_seconds=times,
        time_to_first_token_seconds=times, decode_seconds=times, kv_bytes_per_token=1000,
        chars_per_token=0.86, context_tokens=4096, peak_memory_bytes=4 * 10**9,
        prediction=prediction, predicted_ratio=ratio and 2.5,
        break_even_batch=ratio and 700, decode_ratios=ratios, prefill_ratios=ratios,
        predicted_curve=((1, 2.5), (2, 2.4), (1024, 0.9)) if ratio else (),
        tokext_version="0.1.0", created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def served_row(model: str, ratio: float | None) -> ServedRow:
    return ServedRow(
        model=model, url="http://127.0.0.1:8000/v1", api="chat", concurrency=4, corpus="t",
        n_prompt_chars=500, max_new_tokens=128, n_chars=(90, 110), n_tokens=None,
        first_chunk_seconds=(0.25, 0.75), request_seconds=(1.0, 2.0), wall_seconds=2.0,
        n_retries=3, ratio=ratio, tokext_version="0.1.0", created="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


ROWS = [
    speed_row("runs/base<script>", 1, 1.0, None), speed_row("runs/extended", 1, 0.4, 2.47),
    speed_row("runs/base<script>", 8, 2.0, None), speed_row("runs/extended", 8, 0.9, 2.21),
]  # fmt: skip


def write(folder: Path, rows: list[Any], locale: str = "en") -> Path:
    (folder / "speed.json").write_text(json_text([row.as_dict() for row in rows]), "utf-8")
    write_report([folder / "speed.json"], folder / "report", locale=locale, force=True)
    return folder / "report"


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_bars_and_ratio_are_drawn_and_every_row_is_in_the_table(tmp_path, locale):
    folder = write(tmp_path, ROWS, locale)
    for name in ("throughput", "throughput_ratio"):
        assert (folder / f"{name}.png").stat().st_size > 5000
    page = (folder / "report.html").read_text("utf-8")
    assert "base<script>" not in page
    assert "森<b>" not in page
    for value in ("2.47", "2.21", "700", "3,523"):
        assert value in page


def test_the_numbers_are_the_medians_of_the_record(tmp_path):
    report = json.loads((write(tmp_path, ROWS) / "report.json").read_text("utf-8"))
    text = json.dumps(report, ensure_ascii=False)
    assert "extended writes 250 characters a second" in text
    assert "times, at batch 1" in text
    for key, value in (("decode_ratio", 2.21), ("bandwidth_share", 4e9 / (1 / 120) / 10e9)):
        assert f'"{key}": {value}' in text


def test_the_lead_says_what_each_mode_wrote_and_no_other(tmp_path):
    free = [replace(row, mode="free") for row in ROWS]
    for rows, said in (
        (ROWS, ["the same characters, in turns"]),
        (free, ["what it said itself"]),
        ([served_row("m", None)], ["Servers wrote"]),
    ):
        page = (write(tmp_path, rows) / "report.html").read_text("utf-8")
        leads = ["the same characters, in turns", "what it said itself", "Servers wrote"]
        assert [lead for lead in leads if lead in page] == said


def test_how_a_speed_was_measured_stands_beside_it(tmp_path):
    typed = ("bench", "throughput", "/home/me/base", "--repeats=3")
    for rows, command, options in (
        ([replace(row, command=typed) for row in ROWS],
         "tokext bench throughput base --repeats=3",
         "corpus=held-out.txt, mode=replay, device_name=cpu <i>, dtype=float32, "
         "is_compiled=False, n_processes=1"),
        ([served_row("m", None)], None, "corpus=t, n_prompt_chars=500, max_new_tokens=128"),
    ):  # fmt: skip
        report = json.loads((write(tmp_path, rows) / "report.json").read_text("utf-8"))
        [row] = report["tables"]["commands"]["rows"]
        assert (row["command"], row["options"]) == (command, options)


def test_slow_models_have_a_tenth_of_a_character(tmp_path):
    rows = [speed_row("base", 1, 27.0, None), speed_row("extended", 1, 12.6, 2.14)]
    report = json.loads((write(tmp_path, rows) / "report.json").read_text("utf-8"))
    assert [fact["value"] for fact in report["facts"]] == ["3.7 → 7.9"]
    said = "extended writes 7.9 characters a second where base writes 3.7"
    assert said in report["headline"]["sentence"]


def test_a_model_alone_has_no_ratio(tmp_path):
    folder = write(tmp_path, ROWS[:1])
    assert (folder / "throughput.png").exists()
    assert not (folder / "throughput_ratio.png").exists()


def test_the_headline_joins_the_speed_of_its_own_tokenizer_alone(rows, tmp_path):
    gain = write_rows(tmp_path / "gain.json", rows)
    n_ids = rows[1]["tokenizer_size"]
    base, other = speed_row("base", 1, 1.0, None), speed_row("other", 1, 0.4, 2.5)
    own = replace(speed_row("own", 1, 0.5, 2.0), tokenizer_size=n_ids)
    for measured, said in (([base, own], "100 → 200"), ([base, own, other], "100 → 200")):
        speed = write_rows(tmp_path / "speed.json", [row.as_dict() for row in measured])
        report = write_report([gain, speed], tmp_path / "report", force=True)
        assert f"characters per second, batch 1: {said}" in report.headline.sentence
    other = replace(other, tokenizer_size=120_000)
    speed = write_rows(tmp_path / "speed.json", [row.as_dict() for row in (base, other)])
    report = write_report([gain, speed], tmp_path / "report", force=True)
    assert "per second" not in report.headline.sentence
    label = "characters per second, batch 1, of another tokenizer, with 120,000 ids"
    assert label in {fact.label for fact in report.facts}


def test_pieces_of_another_tokenizer_do_not_stand_beside_the_gain(rows, tokenizer_folder, tmp_path):
    gain = write_rows(tmp_path / "gain.json", rows)
    labels = []
    for more in ((), ("鳥", "森")):
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        report = write_report([tokenizer_folder(*more), gain], tmp_path / "report", force=True)
        labels.append({fact.label for fact in report.facts})
    assert "pieces added" in labels[0]
    assert "pieces added" not in labels[1]


def test_what_clients_saw_of_a_server_is_a_table(tmp_path):
    page = write(tmp_path, [served_row("<b>", None), served_row("m", 1.5)]) / "report.html"
    text = page.read_text("utf-8")
    assert "http://127.0.0.1:8000/v1" in text
    assert "100 characters a second, 4 requests" in text


def test_rows_that_lack_something_are_refused(tmp_path):
    rows = [row.as_dict() for row in ROWS]
    del rows[1]["measured"]
    (tmp_path / "speed.json").write_text(json.dumps(rows), "utf-8")
    with pytest.raises(InputError, match="not a row of tokext bench throughput"):
        write_report([tmp_path / "speed.json"], tmp_path / "report")
