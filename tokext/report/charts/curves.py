"""Curves that rise: characters per token against rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tokext.report.charts.style import INK, MUTED, SERIES, SURFACE, canvas, round_numbers, thousands
from tokext.report.fonts import drawable
from tokext.report.labels import apart, told_apart
from tokext.report.show import visible

_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.5, 1.5)),
    (0, (6, 2, 1.5, 2)),
    (0, (3, 1)),
    "-.",
)
_MARKERS = "osD^vP"


def draw(data: Any, width: float) -> Figure:
    """Lines that rise to the right, each named at its end; the first one's knee is marked."""
    figure, axes = canvas(width, 3.5 if width > 5 else 3.1)
    curves = data["curves"]
    for n, curve in enumerate(curves):
        xs, ys = zip(*curve["points"], strict=True)
        color = SERIES[1 + n % (len(SERIES) - 1)]
        style = _DASHES[n % len(_DASHES)]
        axes.plot(xs, ys, color=color, linewidth=2.2 if n == 0 else 1.5, linestyle=style)
        axes.plot(xs[-1], ys[-1], color=color, marker=_MARKERS[n % len(_MARKERS)], markersize=5)
    ends = [(curve["label"], *curve["points"][-1]) for curve in curves]
    _line_ends(axes, ends, width)
    if curves[0]["knee"]:
        _mark_knee(axes, curves[0]["knee"], data["knee_label"])
    axes.set_xlabel(drawable(visible(data["x"])))
    axes.set_title(drawable(visible(data["y"])), loc="left", fontsize=8.5, color=MUTED, pad=8)
    axes.tick_params(axis="y", labelcolor=MUTED)
    axes.xaxis.set_major_formatter(thousands())
    axes.xaxis.set_major_locator(round_numbers(6 if width > 5 else 3))
    axes.set_xlim(left=0)
    axes.grid(axis="y")
    return figure


def _mark_knee(axes: Axes, knee: Any, label: str) -> None:
    x, y = knee["rows"], knee["chars_per_token"]
    axes.plot(x, y, "o", color=SURFACE, markeredgecolor=INK, markersize=8, markeredgewidth=1.6)
    is_late = x > sum(axes.get_xlim()) / 2
    axes.annotate(
        drawable(visible(label)),
        (x, y),
        # A rising curve leaves room below its right side; near its end, below it.
        xytext=(-10 if is_late else 10, -34),
        textcoords="offset points",
        ha="right" if is_late else "left",
        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8, "shrinkB": 5},
    )


def _line_ends(axes: Axes, ends: Sequence[tuple[str, float, float]], width: float) -> None:
    """Name each line at its end, pushed apart where two would touch."""
    low, high = axes.get_ylim()
    x = max(x for _, x, _ in ends)
    ends = sorted(ends, key=lambda end: end[2])
    step = (high - low) * 0.075
    places = apart([y for _, _, y in ends], step)
    lift = max(0.0, low + step / 2 - places[0])  # clear of the axis below
    labels = told_apart([visible(label) for label, _, _ in ends], 34 if width > 5 else 14)
    for label, (_, _, y), place in zip(labels, ends, places, strict=True):
        text = drawable(f" {label} {y:.2f}")
        # A label pushed above the axes is drawn all the same.
        axes.annotate(
            text,
            (x, place + lift),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            clip_on=False,
            annotation_clip=False,
        )
