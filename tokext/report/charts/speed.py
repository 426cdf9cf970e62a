"""What was reached, inside of what the machine allows at best."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from tokext.report.charts.style import (
    GRID,
    INK,
    MUTED,
    ROW_INCHES,
    canvas,
    categories,
    legend,
    series_color,
    thousands,
)
from tokext.report.fonts import drawable
from tokext.report.show import visible


def draw(data: Any, width: float) -> Figure:
    """A group of horizontal bars a batch, each in a light one that ends at the limit."""
    n_series, groups = len(data["series"]), data["groups"]
    figure, axes = canvas(width, len(groups) * (n_series + 0.9) * ROW_INCHES + 0.85)
    highest = max(limit for group in groups for limit in group["limits"])
    for series in range(n_series):
        for number, group in enumerate(groups):
            y = number * (n_series + 0.9) + series
            value, limit = group["values"][series], group["limits"][series]
            axes.barh(y, limit, height=0.8, color=GRID)
            axes.barh(y, value, height=0.5, color=series_color(series))
            label = drawable(visible(group["labels"][series]))
            weight = INK if series else MUTED
            end = max(value, limit) + highest * 0.012
            axes.text(end, y, label, va="center", color=weight)
    middles = [number * (n_series + 0.9) + (n_series - 1) / 2 for number in range(len(groups))]
    categories(axes, middles, [group["name"] for group in groups], width)
    # Room for the words at the end of the longest bar.
    axes.set_xlim(0, highest * (1.35 if width > 5 else 1.75))
    axes.set_ylim(len(groups) * (n_series + 0.9) - 0.9, -0.75)
    axes.set_xlabel(drawable(visible(data["unit"])))
    axes.xaxis.set_major_formatter(thousands())
    axes.grid(axis="x")
    colors = [*(series_color(n) for n in range(n_series)), GRID]
    legend(figure, [*data["series"], data["limit"]], colors, width)
    return figure
