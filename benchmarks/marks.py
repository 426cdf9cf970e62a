"""A part of a page that a benchmark writes, between two marks of its name."""

from __future__ import annotations

from pathlib import Path

from tokext.output import write_whole


def write_between(path: Path, name: str, rendered: str) -> None:
    """Put the text between the marks of a benchmark, and leave the rest of the file as it is."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = path.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{path} has no line {begin} followed by {end}")
    write_whole(path, f"{before}{begin}\n{rendered}\n{end}{after}", force=True)
