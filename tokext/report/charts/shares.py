"""Shares of a whole: lines that changed."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tokext.report.charts.style import GRID, ROW_INCHES, SERIES, canvas, categories
from tokext.report.fonts import drawable
from tokext.report.show import visible


def draw(data: Any, width: float) -> Figure:
    """Horizontal bars of shares from nothing to all, on a track, with the counts behind."""
    bars = data["bars"]
    figure, axes = canvas(width, len(bars) * 1.5 * ROW_INCHES + 0.55)
    for y, bar in enumerate(bars):
        axes.barh(y, 1, height=0.5, color=GRID)
        axes.barh(y, bar["share"], height=0.5, color=SERIES[1])
        axes.text(1.015, y, drawable(visible(bar["text"])), va="center")
    categories(axes, list(range(len(bars))), [bar["label"] for bar in bars], width)
    axes.set_xlim(0, 1.0)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    return figure
