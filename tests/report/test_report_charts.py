"""The charts: no boxes, nobody's settings changed, nothing lost."""

from __future__ import annotations

import io
import itertools

import matplotlib
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.image import imread
from report_data import HOSTILE

from tokext.report.charts import curves, png, ranges, ratio, svg
from tokext.report.charts.style import LAYERS, SERIES
from tokext.report.fonts import covered, drawable, embedded_font, font_file
from tokext.report.inline import inline_svg
from tokext.report.labels import apart, told_apart
from tokext.report.parts import Chart
from tokext.report.show import visible

NAMES = ("東京の森", "🙂한국어", *HOSTILE)


def bars(names=NAMES, series=("base", "拡張")):
    groups = [{"corpus": name, "values": [1.0, 2.0]} for name in names]
    data = {"series": list(series), "groups": groups, "unit": "文字／トークン"}
    return Chart("chart", "bars", "title <b>&", "what it shows & more", data)


CHARTS = [
    bars(),
    Chart(
        "c",
        "curves",
        "t",
        "a",
        {
            "curves": [
                {"label": name, "points": [[0, 1.0], [10, 1.5 + n / 9], [30, 2.0 + n / 99]]}
                | {"knee": {"rows": 10, "chars_per_token": 1.5}}
                for n, name in enumerate(NAMES)
            ],
            "knee_label": "曲がり角 $x_",
            "x": "行",
            "y": "文字",
        },
    ),
    Chart(
        "c",
        "stack",
        "t",
        "a",
        {
            "lengths": ["1", "2+"],
            "layers": [
                {"name": name, "counts": [n, 3], "color": n} for n, name in enumerate(NAMES)
            ],
            "x": "文字",
            "y": "ピース",
        },
    ),
    Chart(
        "c",
        "shares",
        "t",
        "a",
        {"bars": [{"label": name, "share": 0.5, "text": "1 of 2 $"} for name in NAMES]},
    ),
    Chart(
        "c",
        "intervals",
        "t",
        "a",
        {
            "rows": [
                {"label": name, "text": "0 / 9 $", "share": 0.0, "low": 0.0, "high": 0.01 * (n + 1)}
                for n, name in enumerate(NAMES)
            ],
            "floor": {"low": 0.001, "high": 0.02},
            "x": "混入",
        },
    ),
    Chart(
        "c",
        "ranges",
        "t",
        "a",
        {
            "series": ["base", "拡張"],
            "ranges": [
                {"corpus": name, "series": s, "p5": 1, "p25": 20, "p50": 30, "p75": 40, "p95": 900}
                for name in NAMES
                for s in (0, 1)
            ],
            "x": "トークン (long enough to need two lines on a narrow screen)",
        },
    ),
]


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.kind)
@pytest.mark.filterwarnings("error")
def test_hostile_and_foreign_names_are_drawn_without_a_missing_glyph(chart):
    # matplotlib warns of each glyph it lacks, and stops at a formula it cannot read.
    pixels = imread(io.BytesIO(png(chart)))
    assert pixels[..., :3].min() < 0.3
    assert svg(chart) != svg(chart, narrow=True)


def test_every_character_that_is_drawn_has_a_glyph():
    for text in (*NAMES, "".join(map(chr, range(32, 0x3100))), "\U0001f642\ue000\ud800"):
        assert {ord(c) for c in drawable(visible(text))} <= covered()
    assert set(map(ord, "日本語の鬱蒼とした森、コーヒー。→×…")) <= covered()


def test_a_japanese_name_is_drawn_as_its_letters_and_not_as_boxes():
    one, other = png(bars(names=("森",))), png(bars(names=("鳥",)))
    assert not numpy.array_equal(imread(io.BytesIO(one)), imread(io.BytesIO(other)))


def test_drawing_leaves_the_readers_settings_alone():
    with matplotlib.rc_context({"font.size": 31.0, "axes.facecolor": "red", "text.usetex": True}):
        before = dict(matplotlib.rcParams)
        first = svg(bars())
        assert dict(matplotlib.rcParams) == before
    assert svg(bars()) == first


def test_text_in_an_svg_is_paths():
    assert "<text" not in svg(bars())


def test_two_drawings_on_one_page_share_no_id():
    import re

    drawing = svg(bars())
    one, other = inline_svg(drawing, "one"), inline_svg(drawing, "other")
    ids = [set(re.findall(r'\bid="([^"]*)"', text)) for text in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r'href="#([^"]*)"', one)) <= ids[0]


def test_colors_are_distinct_and_layers_are_among_the_series():
    assert len(set(SERIES)) == len(SERIES)
    assert set(LAYERS) <= set(SERIES)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([0.0, 5.0], [0.0, 5.0]),
        ([1.0, 1.0], [0.5, 1.5]),
        ([1.0, 1.0, 1.2], [0.0667, 1.0667, 2.0667]),
    ],
)
def test_labels_that_would_touch_are_movedapart(places, expected):
    assert apart(places, 1.0) == pytest.approx(expected, abs=1e-3)


def test_the_font_is_found_without_importing_its_package():
    import subprocess
    import sys

    code = (
        "import sys; from tokext.report.fonts import font_file; print(font_file());"
        "assert 'matplotlib_fontja' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(font_file())


def test_a_page_in_ascii_brings_no_font():
    assert embedded_font("plain text") == ""
    assert embedded_font("森").startswith("data:font/woff;base64,")


def test_a_wide_range_is_marked_in_plain_numbers():
    found = {"corpus": "a", "series": 0, "p5": 20, "p25": 90, "p50": 200, "p75": 900, "p95": 3000}
    figure = ranges.draw({"ranges": [found], "series": ["base"], "x": "tokens"}, 7.0)
    figure.canvas.draw()
    axis = figure.axes[0].xaxis
    marks = [tick.get_text() for tick in [*axis.get_majorticklabels(), *axis.get_minorticklabels()]]
    assert "1,000" in marks
    assert all(mark.replace(",", "").isdigit() for mark in marks if mark)


def test_the_end_of_every_curve_has_its_name_however_close_they_end():
    names = [f"curve {n}" for n in range(6)]
    drawn = [
        {"label": name, "points": [[0, 9.0 + n], [9, 7.0 + n / 99]], "knee": None}
        for n, name in enumerate(names)
    ]
    figure = curves.draw({"curves": drawn, "knee_label": "", "x": "x", "y": "y"}, 7.0)
    figure.canvas.draw()
    axes = figure.axes[0]
    boxes = [t.get_window_extent() for t in axes.texts if "curve" in t.get_text()]
    assert len(boxes) == 6
    assert min(box.y0 for box in boxes) >= axes.get_window_extent().y0
    tops = sorted((box.y0, box.y1) for box in boxes)
    assert all(one[1] <= other[0] + 1 for one, other in itertools.pairwise(tops))


@pytest.mark.parametrize("width", [7.4, 3.7])
def test_the_highest_ratio_stands_clear_of_the_words_above_the_chart(width):
    data = {"predicted": [(1, 2.4), (2, 2.2), (4, 1.8)], "measured": [(1, 2.38, 2.3, 2.41)]}
    data |= {"break_even": None, "x": "batch", "y": "after / before", "line": "predicted"}
    figure = ratio.draw(data | {"points": "measured"}, width)
    figure.canvas.draw()
    [number] = [text for text in figure.axes[0].texts if text.get_text() == "2.38"]
    said = figure.axes[0]._left_title.get_window_extent()
    assert not number.get_window_extent().overlaps(said)


def test_a_mark_near_the_end_of_a_curve_leaves_the_chart_its_width():
    points = [[0, 1.0], [50, 2.0], [100, 3.0]]
    mark = {"rows": 100, "chars_per_token": 3.0}
    data = {"curves": [{"label": "", "points": points, "knee": mark}], "x": "x", "y": "y"}
    figure = curves.draw(data | {"knee_label": "the fastest: 128,000 pieces, 246.76"}, 3.7)
    figure.canvas.draw()
    axes = figure.axes[0]
    assert axes.get_window_extent().width > 0.6 * figure.bbox.width


#: Names of corpora that differ in a part of their middle, in their ends, or in nothing that fits.
ALIKE = st.lists(
    st.builds(
        "{}_{}_{}".format,
        st.sampled_from(["heldout", "train", "h" * 30]),
        st.sampled_from(["ja", "en", "de", "x" * 30, "x" * 29 + "y"]),
        st.sampled_from(["technical", "literature", "..chnical", "..~2"]),
    )
    | st.text("ab_.~2", max_size=30),
    unique=True,
    max_size=12,
)


@given(ALIKE, st.sampled_from([14, 17, 30, 34]))
def test_names_that_differ_have_labels_that_differ_and_fit(names, most):
    labels = told_apart(names, most)
    assert len(set(labels)) == len(names) == len(labels)
    assert all(len(label) <= most for label in labels)
    assert all(
        label == name for label, name in zip(labels, names, strict=True) if len(name) <= most
    )


def test_held_out_corpora_of_two_languages_are_told_apart_on_a_phone():
    names = ["heldout_ja_technical", "heldout_en_technical", "heldout_ja_literature", "en_control"]
    assert told_apart(names, 17)[3] == "en_control"
    for name, label in zip(names[:3], told_apart(names, 17), strict=False):
        assert label.startswith(name[:10])
