"""Which numbers of a written report cannot be followed to the value of its JSON that they state."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

NUMBER = re.compile(r"\d(?:[\d,]*\d)?(?:\.\d+)?")

#: Under these keys stand texts, pieces and ids: digits in them measure nothing.
_TEXTS = {
    "tokens",
    "text",
    "piece",
    "pieces",
    "id",
    "alt",
    "sentence",
    "value",
    "command",
    "inputs",
}
#: Under these keys stand names, in which a sentence may speak of a number's owner.
_NAMES = {"corpus", "tokenizer", "model", "series", "label", "name", "kind", "source", "sources"}


def leaves(value, key=""):
    """Every value of JSON that holds no other, with the key it stands under."""
    if isinstance(value, dict):
        inner = [(k, v) for k, v in value.items() if k not in _TEXTS]
        return [leaf for k, v in inner for leaf in leaves(v, k)]
    if isinstance(value, list):
        return [leaf for v in value for leaf in leaves(v, key)]
    return [(key, value)]


def written(value):
    """The ways in which a report writes a number; of a text the numbers in it."""
    if isinstance(value, list):
        return {form for one in value for form in written(one)}
    if isinstance(value, str):
        return set(NUMBER.findall(value))
    if isinstance(value, bool) or value is None:
        return set()
    forms = {f"{value:,}", f"{value:.3f}", f"{value:.2f}", f"{value * 100:.1f}", str(value)}
    forms |= {f"{min(value, 0.999) * 100:.1f}"}  # a share that is not whole is never written so
    forms |= {"0.1"} if 0 < value < 0.001 else set()  # written as less than that
    forms |= {f"{value / 1e9:,.0f}"} if value >= 1e9 else set()
    return forms | {f"{value:,.1f}", f"{value:,.0f}", f"{value * 100:.0f}", f"{value * 100:.2f}"}


def numbers(value):
    """The forms of every number in JSON, and the digits of names; texts are left out."""
    found = leaves(value)
    return {
        f for key, one in found if key in _NAMES or not isinstance(one, str) for f in written(one)
    }


def plain(line):
    """A line of Markdown without what was escaped in it."""
    return html.unescape(re.sub(r"\\(.)", r"\1", line))


def parts(shown):
    """Charts, tables, samples and pieces, in a list by title each, as several may have one."""
    titled: dict[str, list] = {}
    tables = {name: table | {"is_table": True} for name, table in shown["tables"].items()}
    about = {
        name: told | {"counts": [piece["count"] for piece in shown["pieces"][name]]}
        for name, told in shown["pieces_about"].items()
    }
    for name, part in [*tables.items(), *shown["charts"].items(), *about.items()]:
        # What a sweep's notes say of the method, such as the level of a test, is no result.
        constants = written(part["note"]) if name.startswith("sweep") else set()
        if name in about:  # digits of the pieces themselves
            constants |= written([piece["piece"] for piece in shown["pieces"][name]])
        titled.setdefault(part["title"], []).append(part | {"constants": sorted(constants)})
    return titled


def untraced(folder: Path) -> list[str]:
    """The numbers of report.md that are not of the value that stands in that place of report.json.

    A cell of a table states the value under its column; what is said of a chart or of pieces, and
    in the sentences at the head, is a number of theirs.
    """
    shown = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    titled = parts(shown)
    general = numbers([shown["headline"], shown["facts"], shown["samples"]])
    general |= numbers({"name": [shown["title"], *names_in(shown)]})
    found, part, rows = set(), None, iter(())
    for line in (folder / "report.md").read_text(encoding="utf-8").split("\n"):
        if line.startswith("### "):
            same = titled.get(plain(line[4:]), [])
            part = same.pop(0) if same else None
            rows = iter(part["rows"]) if part and part.get("is_table") else iter(())
        elif line.startswith("## "):
            part = None
        if line.startswith((">", "![", "base_", "### ", "| --")):
            continue
        if line.startswith("| ") and part and part.get("is_table"):
            if not is_head(line, part):
                found |= wrong_cells(line, next(rows), part)
            continue
        known = general | (numbers(part) | set(part["constants"]) if part else set())
        found |= {n for n in NUMBER.findall(stripped(line)) if n not in known}
    return sorted(found)


def is_head(line, table):
    return [plain(cell) for cell in line[2:-2].split(" | ")] == list(table["columns"].values())


def wrong_cells(line, row, table):
    """The numbers in cells of a line that are not in the row's value under that column."""
    given = line[2:-2].split(" | ")
    assert len(given) == len(table["columns"]), line
    wrong = set()
    for cell, key in zip(given, table["columns"], strict=True):
        forms = written(row.get(key)) | (written(row.get("note")) if key == "examples" else set())
        wrong |= {n for n in NUMBER.findall(stripped(cell)) if n not in forms}
    return wrong


def names_in(shown):
    """What the report calls tokenizers, texts, models and files."""
    found = [value for key, value in leaves(shown) if key in _NAMES and isinstance(value, str)]
    return [*found, *shown["sources"]]


def stripped(line):
    """A line without what states no number: digests, bytes, code points, names such as float32."""
    line = re.sub(r"\b[0-9a-f]{12}\b|&lt;0x..&gt;|U\\\+[0-9A-F]+", " ", line)
    line = re.sub(r"(?<![A-Za-z0-9])[A-Za-z_][A-Za-z0-9_.\\/-]*\d[A-Za-z0-9_.\\-]*", " ", line)
    line = re.sub(r"\b(and others|et al\.?|Kneedle|ほか)[,、 ]+[0-9]{4}\b", " ", line)
    # The level of an interval: a share that was measured has a decimal.
    for name in ("SHA\\-256", "16進数", "at order 2.5", "次数は2.5", "95 %"):
        line = line.replace(name, "")
    return line
