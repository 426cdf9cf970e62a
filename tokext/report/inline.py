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
_COMMENT = regex.compile(r"<!--.*?-->", regex.DOTALL)
_SPACE = regex.compile(r"\s*\n\s*")
#: A hundredth of a point is less than any screen shows.
_LONG_NUMBER = regex.compile(r"(?<![\w#.])-?\d+\.\d{3,}")
_SIZE = regex.compile(r'(<svg[^>]*?) (?:width|height)="[^"]*"')


def inline_svg(svg: str, prefix: str) -> str:
    """The drawing alone, sized by the page, hidden from screen readers (its figure has words).

    Args:
        svg: An SVG file as `charts.svg` writes it.
        prefix: Put before every id, so that two drawings on one page do not share any.
    """
    svg = _METADATA.sub("", _BEFORE.sub("", svg), count=1)
    svg = _COMMENT.sub("", _TITLE.sub("", svg, count=1))
    svg = _LONG_NUMBER.sub(_short, _SPACE.sub("\n", svg))
    svg = _SIZE.sub(r"\1", _SIZE.sub(r"\1", svg, count=1), count=1)
    svg = _ID.sub(rf"\1{prefix}-", svg)
    svg = _COLOR.sub(lambda match: f"var({_VARIABLES[match[0].lower()]})", svg)
    return svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()


def _short(match: regex.Match[str]) -> str:
    # Glyphs are drawn on a grid of 1/64 and scaled: their factors keep every digit.
    number = float(match[0])
    return match[0] if abs(number) < 1 else f"{number:.2f}".rstrip("0").rstrip(".")
