"""Curves of bits per character by initialization, as the benchmark leaves them."""

from __future__ import annotations

import json

from tokext.report import write_report


def test_every_initialization_has_a_curve_and_every_point_its_row(tmp_path):
    rows = [
        {"init": init, "trained": trained, "seconds": 1.0}
        | {"bits_per_char": {"100": {"ja": 8.0, "en": 3.1}, "0": {"ja": 9.5 + n, "en": 3.0}}}
        for trained in ("new rows", "everything")
        for n, init in enumerate(("subword-mean", "zero", "normal", "align", "global-mean"))
    ]
    result = {"schema_version": 1, "kind": "initialization", "rows": rows}
    (tmp_path / "initialization.json").write_text(json.dumps(result), encoding="utf-8")
    report = write_report([tmp_path / "initialization.json"], tmp_path / "report")
    shown = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    curves = shown["charts"]["initialization"]["curves"]
    assert [curve["label"] for curve in curves] == [row["init"] for row in rows[:5]]
    assert curves[1]["points"] == [[0, 10.5], [100, 8.0]]
    assert len(shown["tables"]["initialization_2"]["rows"]) == 20
    assert report.headline.sentence == "What was found: initialization."
