"""A predicted ratio by batch size, the measured ones on it, and where nothing is gained."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator

from tokext.report.charts.style import INK, MUTED, SERIES, SURFACE, canvas, legend, thousands
from tokext.report.fonts import drawable
from tokext.report.show import visible

_PREDICTED, _MEASURED = SERIES[1], SERIES[2]


def draw(data: Any, width: float) -> Figure:
    """A line over powers of two, points with their spread, a level at 1."""
    figure, axes = canvas(width, 3.2)
    xs, ys = zip(*data["predicted"], strict=True)
    axes.plot(xs, ys, color=_PREDICTED, linewidth=2)
    for x, middle, low, high in data["measured"]:
        axes.errorbar(x, middle, yerr=[[middle - low], [high - middle]], color=_MEASURED,
                      marker="o", markersize=6, capsize=3, zorder=3)  # fmt: skip
        text = axes.annotate(f"{middle:.2f}", (x, middle), xytext=(9, 8), color=INK,
                             textcoords="offset points")  # fmt: skip
        text.set_path_effects([withStroke(linewidth=3, foreground=SURFACE)])
    axes.axhline(1, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    if data["break_even"]:
        axes.axvline(data["break_even"], color=INK, linewidth=0.8, linestyle=(0, (1.5, 1.5)))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator([x for x in xs if _is_shown(x, len(xs), width)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(thousands())
    axes.tick_params(axis="y", labelcolor=MUTED)
    highest = max(1, *ys, *(high for *_, high in data["measured"]))
    axes.set_ylim(0, highest * 1.2)  # room for the numbers above their points
    axes.set_xlabel(drawable(visible(data["x"])))
    axes.set_title(drawable(visible(data["y"])), loc="left", fontsize=8.5, color=MUTED, pad=8)
    axes.grid(axis="y")
    legend(figure, [data["line"], data["points"]], [_PREDICTED, _MEASURED], width)
    return figure


def _is_shown(x: int, n: int, width: float) -> bool:
    """Whether a power of two is written under the axis: every one, or every second or fourth."""
    every = 1 if n <= 8 and width > 5 else 2 if width > 5 else 4
    return (x.bit_length() - 1) % every == 0
