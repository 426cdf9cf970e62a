"""Bars in groups: characters per token by corpus."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from tokext.report.charts.style import (
    INK,
    MUTED,
    ROW_INCHES,
    canvas,
    categories,
    legend,
    round_numbers,
    series_color,
    thousands,
)
from tokext.report.fonts import drawable
from tokext.report.show import visible

#: From here on a fraction says nothing.
_LARGE = 100


def draw(data: Any, width: float) -> Figure:
    """A group of horizontal bars a corpus, the value at the end of each."""
    n_series, groups = len(data["series"]), data["groups"]
    figure, axes = canvas(width, len(groups) * (n_series + 0.9) * ROW_INCHES + 0.75)
    highest = max((v for g in groups for v in g["values"] if v is not None), default=1.0)
    for series in range(n_series):
        for row, group in enumerate(groups):
            value = group["values"][series]
            if value is None:
                continue
            y = row * (n_series + 0.9) + series
            axes.barh(y, value, height=0.8, color=series_color(series))
            weight = INK if series else MUTED
            axes.text(value + highest * 0.012, y, _written(value), va="center", color=weight)
    middles = [row * (n_series + 0.9) + (n_series - 1) / 2 for row in range(len(groups))]
    categories(axes, middles, [group["corpus"] for group in groups], width)
    axes.set_xlim(0, highest * 1.12)
    axes.set_ylim(len(groups) * (n_series + 0.9) - 0.9, -0.75)
    axes.set_xlabel(drawable(visible(data["unit"])))
    if highest >= _LARGE:
        axes.xaxis.set_major_formatter(thousands())
        axes.xaxis.set_major_locator(round_numbers(6 if width > 5 else 3))
    axes.grid(axis="x")
    legend(figure, data["series"], [series_color(n) for n in range(n_series)], width)
    return figure


def _written(value: float) -> str:
    return f"{value:.2f}" if value < _LARGE else f"{value:,.0f}"
