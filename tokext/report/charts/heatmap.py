"""Heat maps side by side: a value for every pair of settings, one scale for all of them."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from tokext.report.charts.style import INK, MUTED, SURFACE
from tokext.report.fonts import drawable
from tokext.report.labels import fitted
from tokext.report.show import visible

#: From paper to the blue of the series: light is little, also in print and for every eye.
_SCALE = LinearSegmentedColormap.from_list("blue", ["#f2f6fa", "#8dbbdd", "#0072b2", "#003a5c"])
_CELL_INCHES = 0.62


def draw(data: Any, width: float) -> Figure:
    """One map a panel, `columns` of them side by side where there is room.

    A panel holds `rows` and `columns` (the settings, as text), `values` (row by row, None where
    nothing was measured), `texts` for the cells, and `marked` cells, which get a frame.
    """
    panels = data["panels"]
    n_wide = data["columns"] if width > 5 else 1
    n_high = -(-len(panels) // n_wide)
    height = sum(
        max(len(panel["rows"]) for panel in panels[at : at + n_wide]) * _CELL_INCHES + 0.75
        for at in range(0, len(panels), n_wide)
    )
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    figure = Figure(figsize=(width, max(height, 1.6)), layout=layout)
    values = [v for panel in panels for row in panel["values"] for v in row if v is not None]
    most = max([*values, 1e-9])
    grid = figure.subplots(n_high, n_wide, squeeze=False).ravel()
    for axes, panel in zip(grid, panels, strict=False):
        _panel(axes, panel, most, width / n_wide)
        axes.set_xlabel(drawable(visible(data["x"])))
        axes.set_ylabel(drawable(visible(data["y"])))
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    return figure


def _panel(axes: Axes, panel: Any, most: float, width: float) -> None:
    rows, columns = panel["rows"], panel["columns"]
    shown = [[float("nan") if v is None else v for v in row] for row in panel["values"]]
    axes.imshow(shown, cmap=_SCALE, vmin=0, vmax=most, aspect="auto")
    axes.set_xticks(range(len(columns)), [drawable(visible(name)) for name in columns])
    axes.set_yticks(range(len(rows)), [drawable(visible(name)) for name in rows])
    title = fitted(visible(panel["title"]), int(width * 11))
    axes.set_title(drawable(title), loc="left", fontsize=8.5, color=MUTED, pad=6)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for y, texts in enumerate(panel["texts"]):
        for x, text in enumerate(texts):
            is_dark = (panel["values"][y][x] or 0) > 0.55 * most
            axes.text(
                x,
                y,
                "\n".join(drawable(visible(part)) for part in text.split("\n")),
                ha="center",
                va="center",
                fontsize=8,
                color=SURFACE if is_dark else INK,
            )
            if panel["marked"][y][x]:
                frame = Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False)
                frame.set(edgecolor="#d55e00", linewidth=2)
                axes.add_patch(frame)
