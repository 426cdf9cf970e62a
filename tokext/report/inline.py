"""An SVG file made fit to stand inside the page: own ids, and colors that follow the theme."""

from __future__ import annotations

import regex

from tokext.report.charts.style import GRID, INK, LAYERS, MUTED, SERIES, SURFACE

_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--rule",
    SURFACE: "--surface",
    **{color: f"--series-{n}" for n, color in enumerate(SERIES)},
}
assert set(LAYERS) <= set(_VARIABLES), "a layer's color has to be one of the series'"

_COLOR = regex.compile("|".join(map(regex.escape, _VARIABLES)), regex.IGNORECASE)
_ID = regex.compile(r'(id="|href="#|url\(#)')
_BEFORE = regex.compile(r"^.*?(?=<svg)", regex.DOTALL)
_METADATA = regex.compile(r"<metadata>.*?</metadata>", regex.DOTALL)
_TITLE = regex.compile(r"<title>.*?</title>", regex.DOTALL)
_SIZE = regex.compile(r'(<svg[^>]*?) (?:width|height)="[^"]*"')


def inline_svg(svg: str, prefix: str) -> str:
    """The drawing alone, sized by the page, hidden from screen readers (its figure has words).

    Args:
        svg: An SVG file as `charts.svg` writes it.
        prefix: Put before every id, so that two drawings on one page do not share any.
    """
    svg = _METADATA.sub("", _BEFORE.sub("", svg), count=1)
    svg = _TITLE.sub("", svg, count=1)
    svg = _SIZE.sub(r"\1", _SIZE.sub(r"\1", svg, count=1), count=1)
    svg = _ID.sub(rf"\1{prefix}-", svg)
    svg = _COLOR.sub(lambda match: f"var({_VARIABLES[match[0].lower()]})", svg)
    return svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()
