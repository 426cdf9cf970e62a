"""What all charts share: colors, the canvas, axes, legends; a chart begins with :func:`canvas`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tokext.report.fonts import drawable, font_file
from tokext.report.labels import told_apart
from tokext.report.show import visible

INK, MUTED, GRID, SURFACE = "#1b1e23", "#5d6570", "#dfe2e6", "#ffffff"
#: The base in gray, then Okabe and Ito's colors, told apart with every kind of color vision.
SERIES = ("#8a929c", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Scripts stand on each other, so neighbors differ in lightness too.
LAYERS = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#009e73", "#cc79a7")

WIDE_INCHES, NARROW_INCHES = 7.4, 3.7
#: The height of a bar with the gap to the next.
ROW_INCHES = 0.23


@contextmanager
def own_settings() -> Iterator[None]:
    """Draw with these settings and no others, and leave the reader's own alone."""
    settings = {
        "font.family": [font_manager.FontProperties(fname=str(font_file())).get_name()],
        "font.size": 9,
        "text.color": INK,
        "text.parse_math": False,  # a dollar sign in a name is a dollar sign
        "axes.edgecolor": GRID,
        "axes.labelcolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.axisbelow": True,
        "axes.unicode_minus": False,
        "xtick.color": MUTED,
        "ytick.color": INK,
        "xtick.labelsize": 8.5,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "svg.fonttype": "path",
        "svg.hashsalt": "tokext",  # the same chart, the same bytes
    }
    known = {font.fname for font in font_manager.fontManager.ttflist}
    if str(font_file()) not in known:
        font_manager.fontManager.addfont(font_file())
    with matplotlib.style.context(cast(Any, settings), after_reset=True):
        yield


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of so many inches with one pair of axes, its frame taken off."""
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    figure = Figure(figsize=(width, max(height, 1.2)), layout=layout)
    axes = figure.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    return figure, axes


def series_color(number: int) -> str:
    """The color of a tokenizer or model by its place: the base gray, then round and round."""
    return SERIES[number] if number < len(SERIES) else SERIES[1 + (number - 1) % (len(SERIES) - 1)]


def categories(axes: Axes, places: Sequence[float], names: Sequence[str], width: float) -> None:
    """Name the rows of a chart of horizontal bars."""
    most = 30 if width > 5 else 17
    axes.set_yticks(places, [drawable(name) for name in told_apart([*map(visible, names)], most)])
    axes.spines["bottom"].set_visible(False)


def legend(figure: Figure, names: Sequence[str], colors: Sequence[str], width: float) -> None:
    """A legend above the chart, in as many columns as fit."""
    # A row of the legend holds what fits above the chart.
    longest = max(map(len, names))
    columns = max(1, min(len(names), int(width * 11) // (longest + 5)))
    figure.legend(
        [Patch(color=color) for color in colors],
        [drawable(name) for name in told_apart([*map(visible, names)], 34)],
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.4,
        handletextpad=0.5,
        borderaxespad=0.1,
    )


def round_numbers(most: int) -> MaxNLocator:
    """Marks at whole, round numbers, at most so many."""
    return MaxNLocator(most, integer=True, steps=[1, 2, 5, 10])


def thousands() -> FuncFormatter:
    """Numbers with a comma between thousands."""
    return FuncFormatter(lambda value, _: f"{value:,.0f}")
