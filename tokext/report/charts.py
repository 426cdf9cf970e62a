"""Charts drawn with matplotlib: from a chart's data to a PNG, an SVG, and an SVG for the page.

Nothing of the reader's own matplotlib settings is used, and none of them is changed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import matplotlib
import matplotlib.style
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from tokext.report.fonts import drawable, font_file
from tokext.report.labels import apart, fitted, wrapped
from tokext.report.parts import Chart
from tokext.report.show import visible

INK, MUTED, GRID, SURFACE = "#1b1e23", "#5d6570", "#dfe2e6", "#ffffff"
#: The base in gray, then Okabe and Ito's colors, told apart with every kind of color vision.
SERIES = ("#8a929c", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Scripts stand on each other, so neighbors differ in lightness too.
LAYERS = ("#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#009e73", "#cc79a7")
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.5, 1.5)),
    (0, (6, 2, 1.5, 2)),
    (0, (3, 1)),
    "-.",
)
_MARKERS = "osD^vP"

WIDE_INCHES, NARROW_INCHES = 7.4, 3.7
_DPI = 200
_ROW_INCHES = 0.23


def png(chart: Chart) -> bytes:
    """The chart as a PNG on white."""
    with _own_settings():
        figure = _draw(chart, WIDE_INCHES)
        FigureCanvasAgg(figure)
        return _saved(figure, "png", {"Software": None, "Description": chart.alt})


def svg(chart: Chart, *, narrow: bool = False) -> str:
    """The chart as an SVG with text as paths; `narrow` for a phone."""
    with _own_settings():
        figure = _draw(chart, NARROW_INCHES if narrow else WIDE_INCHES)
        FigureCanvasSVG(figure)
        metadata = {"Date": None, "Title": visible(chart.title), "Description": chart.alt}
        return _saved(figure, "svg", metadata).decode("utf-8")


@contextmanager
def _own_settings() -> Iterator[None]:
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


def _saved(figure: Figure, format_: str, metadata: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=format_, dpi=_DPI, metadata=metadata, facecolor=SURFACE)
    return buffer.getvalue()


def _draw(chart: Chart, width: float) -> Figure:
    return _KINDS[chart.kind](chart.data, width)


def _bars(data: Any, width: float) -> Figure:
    """A group of horizontal bars a corpus, the value at the end of each."""
    n_series, groups = len(data["series"]), data["groups"]
    figure, axes = _canvas(width, len(groups) * (n_series + 0.9) * _ROW_INCHES + 0.75)
    highest = max((v for g in groups for v in g["values"] if v is not None), default=1.0)
    for series in range(n_series):
        for row, group in enumerate(groups):
            value = group["values"][series]
            if value is None:
                continue
            y = row * (n_series + 0.9) + series
            axes.barh(y, value, height=0.8, color=_series(series))
            weight = INK if series else MUTED
            axes.text(value + highest * 0.012, y, f"{value:.2f}", va="center", color=weight)
    middles = [row * (n_series + 0.9) + (n_series - 1) / 2 for row in range(len(groups))]
    _categories(axes, middles, [group["corpus"] for group in groups], width)
    axes.set_xlim(0, highest * 1.12)
    axes.set_ylim(len(groups) * (n_series + 0.9) - 0.9, -0.75)
    axes.set_xlabel(drawable(visible(data["unit"])))
    axes.grid(axis="x")
    _legend(figure, data["series"], [_series(n) for n in range(n_series)], width)
    return figure


def _curves(data: Any, width: float) -> Figure:
    """Lines that rise to the right, each named at its end; the first one's knee is marked."""
    figure, axes = _canvas(width, 3.5 if width > 5 else 3.1)
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
    axes.xaxis.set_major_formatter(_thousands())
    axes.xaxis.set_major_locator(_round_numbers(6 if width > 5 else 3))
    axes.set_xlim(left=0)
    axes.grid(axis="y")
    return figure


def _mark_knee(axes: Axes, knee: Any, label: str) -> None:
    x, y = knee["rows"], knee["chars_per_token"]
    axes.plot(x, y, "o", color=SURFACE, markeredgecolor=INK, markersize=8, markeredgewidth=1.6)
    axes.annotate(
        drawable(visible(label)),
        (x, y),
        # A rising curve leaves room below its right side.
        xytext=(10, -34),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "color": INK, "linewidth": 0.8, "shrinkB": 5},
    )


def _line_ends(axes: Axes, ends: Sequence[tuple[str, float, float]], width: float) -> None:
    """Name each line at its end, pushed apart where two would touch."""
    low, high = axes.get_ylim()
    x = max(x for _, x, _ in ends)
    ends = sorted(ends, key=lambda end: end[2])
    places = apart([y for _, _, y in ends], (high - low) * 0.075)
    for (label, _, y), place in zip(ends, places, strict=True):
        text = drawable(f" {fitted(visible(label), 34 if width > 5 else 14)} {y:.2f}")
        axes.annotate(
            text, (x, place), xytext=(5, 0), textcoords="offset points", va="center", clip_on=False
        )


def _stack(data: Any, width: float) -> Figure:
    """Columns by length, stacked by script."""
    figure, axes = _canvas(width, 3.3 if width > 5 else 3.0)
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
    axes.yaxis.set_major_formatter(_thousands())
    axes.yaxis.set_major_locator(_round_numbers(5))
    axes.grid(axis="y")
    names = [f"{layer['name']} {sum(layer['counts']):,}" for layer in data["layers"]]
    _legend(figure, names, colors, width)
    return figure


def _shares(data: Any, width: float) -> Figure:
    """Horizontal bars of shares from nothing to all, on a track, with the counts behind."""
    bars = data["bars"]
    figure, axes = _canvas(width, len(bars) * 1.5 * _ROW_INCHES + 0.55)
    for y, bar in enumerate(bars):
        axes.barh(y, 1, height=0.5, color=GRID)
        axes.barh(y, bar["share"], height=0.5, color=SERIES[1])
        axes.text(1.015, y, drawable(visible(bar["text"])), va="center")
    _categories(axes, list(range(len(bars))), [bar["label"] for bar in bars], width)
    axes.set_xlim(0, 1.0)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    return figure


def _ranges(data: Any, width: float) -> Figure:
    """A line from the 5th to the 95th percentile, thick in its middle half, a dot the median."""
    ranges, n_series = data["ranges"], len(data["series"])
    corpora = list(dict.fromkeys(found["corpus"] for found in ranges))
    figure, axes = _canvas(width, len(corpora) * (n_series + 0.7) * _ROW_INCHES + 0.85)
    for found in ranges:
        y = corpora.index(found["corpus"]) * (n_series + 0.7) + found["series"]
        color = _series(found["series"])
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
    _categories(axes, middles, corpora, width)
    axes.set_ylim(len(corpora) * (n_series + 0.7) - 0.7, -0.7)
    low = min(found["p5"] for found in ranges)
    high = max(found["p95"] for found in ranges)
    if low > 0 and high / low > 20:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(0, high * 1.05 or 1)
        axes.xaxis.set_major_locator(_round_numbers(6 if width > 5 else 3))
    axes.xaxis.set_major_formatter(_thousands())
    axes.grid(axis="x")
    axes.set_xlabel(wrapped(data["x"], 36 if width < 5 else 90), fontsize=8)
    _legend(figure, data["series"], [_series(n) for n in range(n_series)], width)
    return figure


_KINDS: dict[str, Callable[[Any, float], Figure]] = {
    "bars": _bars,
    "curves": _curves,
    "stack": _stack,
    "shares": _shares,
    "ranges": _ranges,
}


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    figure = Figure(figsize=(width, max(height, 1.2)), layout=layout)
    axes = figure.add_subplot()
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    return figure, axes


def _series(number: int) -> str:
    return SERIES[number] if number < len(SERIES) else SERIES[1 + (number - 1) % (len(SERIES) - 1)]


def _categories(axes: Axes, places: Sequence[float], names: Sequence[str], width: float) -> None:
    most = 30 if width > 5 else 17
    axes.set_yticks(places, [drawable(fitted(visible(name), most)) for name in names])
    axes.spines["bottom"].set_visible(False)


def _legend(figure: Figure, names: Sequence[str], colors: Sequence[str], width: float) -> None:
    # A row of the legend holds what fits above the chart.
    longest = max(map(len, names))
    columns = max(1, min(len(names), int(width * 11) // (longest + 5)))
    figure.legend(
        [Patch(color=color) for color in colors],
        [drawable(fitted(visible(name), 34)) for name in names],
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.4,
        handletextpad=0.5,
        borderaxespad=0.1,
    )


def _round_numbers(most: int) -> MaxNLocator:
    return MaxNLocator(most, integer=True, steps=[1, 2, 5, 10])


def _thousands() -> FuncFormatter:
    return FuncFormatter(lambda value, _: f"{value:,.0f}")
