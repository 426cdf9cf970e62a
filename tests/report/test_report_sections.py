"""Sections that look closer: pieces in use, lines that changed, the context window."""

from __future__ import annotations

import html
import json

import pytest
from report_data import ENGLISH, JAPANESE, write_rows

from tokext.bench.compression import measure_compression
from tokext.output import json_text
from tokext.report import write_report


@pytest.fixture(scope="module")
def measured(extended_folder):
    texts = {"ja.txt": JAPANESE.splitlines() * 9, "en.txt": ENGLISH.splitlines()}
    rows = measure_compression(["mistralai/Mistral-7B-v0.1", extended_folder], texts)
    return json.loads(json_text([row.as_dict() for row in rows]))


@pytest.fixture(scope="module")
def folder(measured, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sections")
    write_report([write_rows(folder / "gain.json", measured)], folder / "report")
    return folder / "report"


@pytest.fixture
def shown(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_used_and_unused_pieces_are_those_that_were_counted(shown, measured):
    row = measured[1]
    assert [[p["piece"], p["count"]] for p in shown["pieces"]["most_used"]] == row["added_use"][
        "most"
    ]
    assert [p["piece"] for p in shown["pieces"]["never_used"]] == row["added_use"]["never"]
    japanese, english = shown["charts"]["use"]["bars"]
    assert (japanese["n_added_used"], japanese["n_added"]) == (row["n_added_used"], row["n_added"])
    assert english["share"] == 0


def test_changed_lines_stand_with_both_cuts(shown, measured, folder):
    rows = shown["tables"]["changed"]["rows"]
    assert [row["after"] for row in rows] == [
        "|".join(found["after"]) for found in measured[1]["changed_lines"]
    ]
    assert rows
    assert rows[0]["before"] != rows[0]["after"]
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    cut = [line for line in markdown.split("\n") if line.startswith("| ja | extended |")]
    assert all(len(line) < 400 for line in cut)
    page = html.unescape((folder / "report.html").read_text(encoding="utf-8"))
    assert rows[0]["after"] in page


def test_a_window_holds_its_tokens_times_characters_per_token(shown, measured):
    context = shown["charts"]["context"]
    for group, rows in zip(context["groups"], (measured[:2], measured[2:]), strict=True):
        assert group["values"] == [row["chars_per_token"] * 8192 for row in rows]


def test_a_base_alone_has_no_window_to_compare(measured, tmp_path):
    path = write_rows(tmp_path / "gain.json", measured[:1])
    names = [section.name for section in write_report([path], tmp_path / "report").sections]
    assert "compression" in names
    assert not {"context", "use"} & set(names)
