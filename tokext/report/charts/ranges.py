"""Ranges with their middle: tokens per document."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from tokext.report.charts.style import (
    ROW_INCHES,
    SURFACE,
    canvas,
    categories,
    legend,
    round_numbers,
    series_color,
    thousands,
)
from tokext.report.labels import wrapped


def draw(data: Any, width: float) -> Figure:
    """A line from the 5th to the 95th percentile, thick in its middle half, a dot the median."""
    ranges, n_series = data["ranges"], len(data["series"])
    corpora = list(dict.fromkeys(found["corpus"] for found in ranges))
    figure, axes = canvas(width, len(corpora) * (n_series + 0.7) * ROW_INCHES + 0.85)
    for found in ranges:
        y = corpora.index(found["corpus"]) * (n_series + 0.7) + found["series"]
        color = series_color(found["series"])
        axes.plot([found["p5"], found["p95"]], [y, y], color=color, linewidth=1.3)
        axes.plot([found["p25"], found["p75"]], [y, y], color=color, linewidth=6, alpha=0.9)
        axes.plot(
            found["p50"],
            y,
            "o",
            color=SURFACE,
            markersize=5.5,
            markeredgecolor=color,
            markeredgewidth=1.8,
        )
    middles = [row * (n_series + 0.7) + (n_series - 1) / 2 for row in range(len(corpora))]
    categories(axes, middles, corpora, width)
    axes.set_ylim(len(corpora) * (n_series + 0.7) - 0.7, -0.7)
    low = min(found["p5"] for found in ranges)
    high = max(found["p95"] for found in ranges)
    if low > 0 and high / low > 20:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, high * 1.05 or 1)
        axes.xaxis.set_major_locator(round_numbers(6 if width > 5 else 3))
    axes.xaxis.set_major_formatter(thousands())
    axes.grid(axis="x")
    axes.set_xlabel(wrapped(data["x"], 36 if width < 5 else 90), fontsize=8)
    legend(figure, data["series"], [series_color(n) for n in range(n_series)], width)
    return figure
