"""A sweep in a report: heat maps of both models, a verdict, and every cell in a table."""

import dataclasses
import json

import pytest

from tokext.errors import InputError
from tokext.output import json_text
from tokext.records import PROXIES, Estimate, Sweep, SweepCell
from tokext.report import write_report

SAME = Estimate(0.0, -0.1, 0.1)
WORSE = Estimate(0.4, 0.2, 0.6)


def cell(which, temperature, min_p, leaked, *, cuts=False, harm=False):
    is_reference = (temperature, min_p) == (1.0, 0.0)
    changes = {} if is_reference else dict.fromkeys(PROXIES, SAME)
    if harm:
        changes["repetition"] = WORSE
    return SweepCell(
        which=which,
        setting={"temperature": temperature, "top_p": 1.0, "min_p": min_p,
                 "repetition_penalty": 1.0},
        n=200,
        leaked=leaked,
        low=max(0, leaked / 200 - 0.02),
        high=leaked / 200 + 0.02,
        proxies=dict.fromkeys(PROXIES, Estimate(2.5, 2.0, 3.0)),
        changes=changes,
        p_value=None if is_reference else 0.001,
        p_extension=0.5 if which == "after" else None,
        pairs_needed=None if is_reference else 1234,
        cuts=cuts,
        raises=False,
    )  # fmt: skip


def make_sweep(*, cuts, harm):
    cells = [
        cell(which, temperature, min_p, leaked, cuts=cuts and min_p > 0, harm=harm and min_p > 0)
        for which in ("before", "after")
        for temperature, min_p, leaked in ((1.0, 0.0, 60), (1.0, 0.1, 10), (0.5, 0.0, 50),
                                           (0.5, 0.1, 5))
    ]  # fmt: skip
    return Sweep("base", "extended", "ja", 66, 3, 40, 0, 0.001, 0.016, (), tuple(cells))


@pytest.fixture
def write(tmp_path):
    def written(record, locale="en"):
        (tmp_path / "sweep.json").write_text(json_text(record), encoding="utf-8")
        write_report([tmp_path / "sweep.json"], tmp_path / "report", locale=locale)
        return tmp_path / "report"

    return written


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_both_heat_maps_are_drawn_and_every_cell_is_in_the_table(write, locale):
    folder = write(make_sweep(cuts=True, harm=False).record(), locale)
    for name in ("sweep_leakage", "sweep_bits"):
        assert (folder / f"{name}.png").stat().st_size > 8000
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert "30.0%" in json.dumps(report, ensure_ascii=False)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("2.5 (2–3)") == 8 * len(PROXIES)


@pytest.mark.parametrize(
    ("cuts", "harm", "said"),
    [
        (True, False, "no proxy is worse by more than noise: temperature 0.5 / min-p 0.1 (2.5%)"),
        (True, True, "temperature 0.5 / min-p 0.1 leaks less, but at a cost: worse repetition."),
        (False, False, "by more than noise. The largest cut seen would take 1,234 answers"),
    ],
)
def test_the_verdict_names_settings_only_where_they_can_be_told_from_noise(write, cuts, harm, said):
    page = (write(make_sweep(cuts=cuts, harm=harm).record()) / "report.html").read_text("utf-8")
    assert said in page


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_settings_that_leak_more_are_named_and_their_difference_is_not_sized(write, locale):
    """The reference leaks 60 of 200 and no setting less; 7 would be the size of a rise."""
    sweep = make_sweep(cuts=False, harm=False)
    cells = [
        dataclasses.replace(one, leaked=150, pairs_needed=7, raises=True) if at % 4 else one
        for at, one in enumerate(sweep.cells)
    ]
    folder = write(dataclasses.replace(sweep, cells=tuple(cells)).record(), locale)
    page = (folder / "report.html").read_text("utf-8")
    assert {"en": "These leak more: ", "ja": "かえって多く混ざります"}[locale] in page
    assert {"en": "would take", "ja": "を確かめるには"}[locale] not in page


def test_the_largest_cut_is_the_one_that_is_sized(write):
    sweep = make_sweep(cuts=False, harm=False)
    sized = [dataclasses.replace(one, pairs_needed=one.leaked * 11 or None) for one in sweep.cells]
    folder = write(dataclasses.replace(sweep, cells=tuple(sized)).record())
    assert "would take 55 answers" in (folder / "report.html").read_text("utf-8")


def test_rises_are_named_beside_a_cut_too(write):
    sweep = make_sweep(cuts=True, harm=False)
    raised = dataclasses.replace(sweep.cells[2], leaked=150, raises=True)
    cells = (*sweep.cells[:2], raised, *sweep.cells[3:])
    page = (write(dataclasses.replace(sweep, cells=cells).record()) / "report.html").read_text(
        "utf-8"
    )
    assert "These leak more: temperature 0.5 / min-p 0." in page


def test_a_damaged_sweep_is_refused_by_the_name_of_its_file(write):
    record = make_sweep(cuts=True, harm=False).record()
    del record["result"]["cells"]
    with pytest.raises(InputError, match=r"sweep\.json is not a whole sweep record"):
        write(record)


def test_a_setting_whose_answers_are_all_code_has_no_share(write):
    sweep = make_sweep(cuts=False, harm=False)
    empty = dataclasses.replace(sweep.cells[1], n=0, leaked=0, low=0.0, high=1.0)
    sweep = dataclasses.replace(sweep, cells=(sweep.cells[0], empty, *sweep.cells[2:]))
    shown = json.loads((write(sweep.record()) / "report.json").read_text("utf-8"))
    row = shown["tables"]["sweep"]["rows"][1]
    assert (row["share"], row["interval"]) == (None, "–")
    panel = shown["charts"]["sweep_leakage"]["panels"][0]
    assert (panel["values"][0][1], panel["texts"][0][1]) == (None, "–")
    assert panel["values"][0][0] == 0.3
    assert shown["headline"]["low"] == 0.025


def test_a_sweep_of_code_alone_has_no_share(write):
    sweep = make_sweep(cuts=False, harm=False)
    cells = tuple(dataclasses.replace(one, n=0, leaked=0, low=0.0, high=1.0) for one in sweep.cells)
    page = (write(dataclasses.replace(sweep, cells=cells).record()) / "report.html").read_text(
        "utf-8"
    )
    assert "was not measured" in page
    assert "0.0%" not in page.replace("0.1%–1.6%", "")
