"""The labelled lines of ``tests/data/quality``: leaks are marked in the text as ``[[en:word]]``."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "data" / "quality"
_MARK = re.compile(r"\[\[(en|zh|ko|ru|xl|xx)(?:\.(line|response))?:(.*?)\]\](?!\])")


@dataclass(frozen=True)
class Labelled:
    rule: str
    text: str
    prompt: str
    leaks: tuple[tuple[int, int, str, str], ...]  # start, end, language, level


def read_labelled(name: str) -> list[Labelled]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [_unmark(row["rule"], row["text"], row["prompt"]) for row in rows]


def _unmark(rule: str, marked: str, prompt: str) -> Labelled:
    marked = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), marked)
    text, leaks, at = "", [], 0
    for match in _MARK.finditer(marked):
        text += marked[at : match.start()]
        leaks.append((len(text), len(text) + len(match[3]), match[1], match[2] or "word"))
        text += match[3]
        at = match.end()
    return Labelled(rule, text + marked[at:], prompt or "", tuple(leaks))
