"""Charts drawn with matplotlib: from a chart's data to a PNG, an SVG, and an SVG for the page.

A chart is a module with one function, `draw`, and a line in `KINDS`; what they share is in `style`.
Nothing of the reader's own matplotlib settings is used, and none of them is changed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from tokext.report.charts import (
    bars,
    curves,
    heatmap,
    intervals,
    ranges,
    ratio,
    shares,
    speed,
    stack,
)
from tokext.report.charts.style import NARROW_INCHES, SURFACE, WIDE_INCHES, own_settings
from tokext.report.parts import Chart
from tokext.report.show import visible

_DPI = 200

#: What draws a chart of each kind: its data and a width in inches in, a figure out.
KINDS: dict[str, Callable[[Any, float], Figure]] = {
    "bars": bars.draw,
    "curves": curves.draw,
    "heatmap": heatmap.draw,
    "intervals": intervals.draw,
    "ranges": ranges.draw,
    "ratio": ratio.draw,
    "shares": shares.draw,
    "speed": speed.draw,
    "stack": stack.draw,
}


def png(chart: Chart) -> bytes:
    """The chart as a PNG on white."""
    with own_settings():
        figure = _draw(chart, WIDE_INCHES)
        FigureCanvasAgg(figure)
        return _saved(figure, "png", {"Software": None, "Description": chart.alt})


def svg(chart: Chart, *, narrow: bool = False) -> str:
    """The chart as an SVG with text as paths; `narrow` for a phone."""
    with own_settings():
        figure = _draw(chart, NARROW_INCHES if narrow else WIDE_INCHES)
        FigureCanvasSVG(figure)
        metadata = {"Date": None, "Title": visible(chart.title), "Description": chart.alt}
        return _saved(figure, "svg", metadata).decode("utf-8")


def _saved(figure: Figure, format_: str, metadata: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=format_, dpi=_DPI, metadata=metadata, facecolor=SURFACE)
    return buffer.getvalue()


def _draw(chart: Chart, width: float) -> Figure:
    return KINDS[chart.kind](chart.data, width)
