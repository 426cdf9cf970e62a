"""Columns stacked on each other: pieces by length and script."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from tokext.report.charts.style import (
    LAYERS,
    MUTED,
    SURFACE,
    canvas,
    legend,
    round_numbers,
    thousands,
)
from tokext.report.fonts import drawable
from tokext.report.show import visible


def draw(data: Any, width: float) -> Figure:
    """Columns by length, stacked by script."""
    figure, axes = canvas(width, 3.3 if width > 5 else 3.0)
    bottoms = [0] * len(data["lengths"])
    colors = [LAYERS[layer["color"] % len(LAYERS)] for layer in data["layers"]]
    for layer, color in zip(data["layers"], colors, strict=True):
        axes.bar(
            data["lengths"],
            layer["counts"],
            bottom=bottoms,
            color=color,
            width=0.78,
            edgecolor=SURFACE,
            linewidth=0.7,
        )
        bottoms = [low + count for low, count in zip(bottoms, layer["counts"], strict=True)]
    for x, total in enumerate(bottoms):
        if width > 5 or total == max(bottoms):
            axes.text(x, total + max(bottoms) * 0.015, f"{total:,}", ha="center", fontsize=8)
    axes.set_ylim(0, max(bottoms) * 1.1)
    axes.set_xlabel(drawable(visible(data["x"])))
    axes.set_title(drawable(visible(data["y"])), loc="left", fontsize=8.5, color=MUTED, pad=8)
    axes.tick_params(axis="y", labelcolor=MUTED)
    axes.yaxis.set_major_formatter(thousands())
    axes.yaxis.set_major_locator(round_numbers(5))
    axes.grid(axis="y")
    names = [f"{layer['name']} {sum(layer['counts']):,}" for layer in data["layers"]]
    legend(figure, names, colors, width)
    return figure
