"""Adding to the report takes one place each: nothing that stands beside the lists is forgotten."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import tokext.report
from tokext.errors import InputError
from tokext.records import run_record
from tokext.report.charts import KINDS as DRAWINGS
from tokext.report.evidence import Evidence
from tokext.report.kinds import KINDS, keep
from tokext.report.read import read_evidence
from tokext.report.sections import SECTIONS

ROOM = Path(tokext.report.__file__).parent


def modules(folder, but):
    return {path.stem for path in (ROOM / folder).glob("*.py")} - {"__init__", but}


def test_every_chart_has_its_kind_and_every_section_its_place():
    assert {draw.__module__.rpartition(".")[2] for draw in DRAWINGS.values()} == modules(
        "charts", but="style"
    )
    assert [section.__module__.rpartition(".")[2] for section in SECTIONS].count("method") == 1
    assert {section.__module__.rpartition(".")[2] for section in SECTIONS} == modules(
        "sections", but="build"
    )


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_no_sentence_stands_in_two_files(locale):
    files = [tomllib.loads(p.read_text("utf-8")) for p in (ROOM / "locales" / locale).glob("*")]
    keys = [key for sentences in files for key in sentences]
    assert len(files) > 5
    assert len(keys) == len(set(keys))


def test_a_kind_that_is_kept_reaches_the_sections_whole(monkeypatch, tmp_path):
    monkeypatch.setitem(KINDS, "plan", keep("plan", "points"))
    path = tmp_path / "plan.json"
    record = run_record("plan", options={}, inputs=[], result={"points": [1, 2]})
    path.write_text(json.dumps(record), encoding="utf-8")
    [found] = read_evidence([path]).of("plan")
    assert (found.name, found.result) == ("plan.json", {"points": [1, 2]})
    path.write_text(json.dumps(record | {"result": {}}), encoding="utf-8")
    with pytest.raises(InputError, match="not a whole plan record"):
        read_evidence([path])
    assert Evidence().of("plan") == []
