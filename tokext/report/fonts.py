"""The Japanese font that comes with matplotlib-fontja: IPAex Gothic, whole or in part."""

from __future__ import annotations

import base64
import importlib.util
import io
from functools import cache
from pathlib import Path

from tokext.errors import OutputError
from tokext.report.show import code_point

#: From here on, characters are Chinese, Japanese or Korean; below, letters and symbols.
FIRST_CJK = 0x2E80


@cache
def font_file() -> Path:
    """The font's file, found without importing the package (which would change rcParams).

    Raises:
        OutputError: matplotlib-fontja is not installed, or holds no such font.
    """
    spec = importlib.util.find_spec("matplotlib_fontja")
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "fonts" / "ipaexg.ttf"
        if path.is_file():
            return path
    raise OutputError(
        "the font IPAex Gothic is missing: charts could not show Japanese.",
        hint="pip install --force-reinstall matplotlib-fontja.",
    )


@cache
def covered() -> frozenset[int]:
    """The code points that the font has a glyph for."""
    from fontTools.ttLib import TTFont

    with TTFont(font_file(), lazy=True) as font:
        return frozenset(font.getBestCmap())


def drawable(text: str) -> str:
    """The text with every character that the font lacks written as [U+XXXX]: no boxes.

    Example:
        >>> drawable("日本🙂")
        '日本[U+1F642]'
    """
    return "".join(c if ord(c) in covered() else code_point(c) for c in text)


def embedded_font(text: str) -> str:
    """The part of the font that a text needs, as a `data:` URI (WOFF), empty if it needs none.

    ASCII is left out: every reader's machine has letters of its own for that.
    """
    wanted = {ord(c) for c in text if c > "\x7f"} & covered()
    if not wanted:
        return ""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    options = Options(
        flavor="woff", hinting=False, layout_features=["*"], notdef_outline=True, name_IDs=[]
    )
    with TTFont(font_file(), lazy=True, recalcTimestamp=False) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=wanted)
        subsetter.subset(font)
        font.flavor = "woff"
        buffer = io.BytesIO()
        font.save(buffer)
    return "data:font/woff;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
