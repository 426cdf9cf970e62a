"""Shares with their intervals: leakage by setting."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tokext.report.charts.style import (
    GRID,
    INK,
    MUTED,
    ROW_INCHES,
    SERIES,
    SURFACE,
    canvas,
    categories,
)
from tokext.report.fonts import drawable
from tokext.report.labels import wrapped
from tokext.report.show import visible


def draw(data: Any, width: float) -> Figure:
    """A dot a share, a line its interval, the counts beside it; a band that may be mistakes."""
    rows, floor = data["rows"], data["floor"]
    figure, axes = canvas(width, len(rows) * 1.5 * ROW_INCHES + 0.9)
    highest = max([floor["high"] if floor else 0, *(row["high"] for row in rows)]) * 100
    if floor:
        axes.axvspan(floor["low"] * 100, floor["high"] * 100, color=GRID, linewidth=0)
    for y, row in enumerate(rows):
        axes.plot([row["low"] * 100, row["high"] * 100], [y, y], color=SERIES[1], linewidth=2)
        axes.plot(row["share"] * 100, y, "o", color=SURFACE, markersize=7, clip_on=False,
                  markeredgecolor=SERIES[1], markeredgewidth=2)  # fmt: skip
        text = drawable(visible(row["text"]))
        axes.annotate(text, (1, y), xycoords=("axes fraction", "data"), xytext=(8, 0),
                      textcoords="offset points", va="center", color=INK)  # fmt: skip
    categories(axes, list(range(len(rows))), [row["label"] for row in rows], width)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(-0.02 * highest, highest * 1.03)  # a dot at nothing stays clear of its label
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.xaxis.set_major_locator(MaxNLocator(6 if width > 5 else 4))
    axes.grid(axis="x")
    axes.set_xlabel(wrapped(data["x"], 36 if width < 5 else 90), fontsize=8, color=MUTED)
    return figure
