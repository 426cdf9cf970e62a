"""The corpora that come with tokext, written for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


@cache
def corpora_folder() -> Path:
    """Where the embedded corpora are: inside an installed package, beside it in a source tree."""
    inside = _PACKAGE / "corpora"
    return inside if inside.is_dir() else _PACKAGE.parent / "corpora"


def embedded_files(language: str, *, held_out: bool | None = None) -> list[Path]:
    """The files of a language (`code` for source code), in name order.

    Args:
        language: The folder's name.
        held_out: Only files that are held out from training, or only files that are not.
    """
    files = sorted(p for p in (corpora_folder() / language).iterdir() if p.is_file())
    return [p for p in files if held_out in (None, p.name.startswith("heldout_"))]


@cache
def embedded_lines(language: str) -> tuple[str, ...]:
    """Every line of the files of a language."""
    return tuple(
        line
        for path in embedded_files(language)
        for line in path.read_text(encoding="utf-8").split("\n")
        if line
    )
