"""The page of results: README.md beside this file, made of results/*.json and of nothing else.

A script may say more of its results than tables of all numbers: `section(result)` is the Markdown
between its heading and the next, `losses(result)` a line for each thing that a peer does better.
Where a result has ratios under a name that ends in `over_tokext`, those below 1 are losses too.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from all import ALONE, Script, scripts  # noqa: E402

from tokext.output import write_whole  # noqa: E402

_ABOUT = (
    *("schema_version", "benchmark", "kind", "created", "conditions", "tokext_version"),
    *("sha256", "corpus_sha256", "tokenizer_digest"),
)
#: Results of tokext's own commands, which no script repeats: the file, and how it was made.
BY_COMMAND = {
    "leakage_sweep.json": "the sweep that `tokext run mistral-ja-sweep` leaves, with its "
    "conditions; it needs no file but what comes with tokext",
    "leakage_reading.json": "answers that were read and judged, not made by a command; what was "
    "drawn, and how, stands in it",
}
_RATE = {"n", "total", "share", "low", "high"}
_MOST_ROWS, _MOST_COLUMNS = 30, 9


def main() -> None:
    write_whole(HERE / "README.md", page(), force=True)


def page() -> str:
    """The whole page."""
    found = [
        (script, json.loads(script.result.read_text(encoding="utf-8")))
        for script in scripts()
        if script.result.exists()
    ]
    lost = [f"- {s.name}: {line}" for s, result in found for line in losses(s, result)]
    parts = [
        "# Benchmarks",
        "Made by `python benchmarks/all.py --render` from `results/*.json`; every figure stands "
        "there. Ratios travel from machine to machine, seconds do not.",
        "## What tokext loses at",
        "\n".join(lost) or "Nothing that these results show.",
        *(part for script, result in found for part in section(script, result)),
        "## By hand",
        "`make bench` leaves out what has a target of its own:",
        "\n".join(f"- `make bench-{name}`: {why}" for name, why in sorted(ALONE.items())),
        *missing(),
        "These results come from no script here:",
        "\n".join(f"- {name}: {how}" for name, how in BY_COMMAND.items()),
    ]
    return "\n\n".join(parts) + "\n"


def missing() -> Iterator[str]:
    """The benchmarks that no result is there of yet."""
    names = [f"- {s.name}: {s.purpose}" for s in scripts() if not s.result.exists()]
    if names:
        yield "No result is there yet, and so no figure, of:"
        yield "\n".join(names)


def section(script: Script, result: dict[str, Any]) -> list[str]:
    """Heading, purpose, command, conditions and tables of one benchmark."""
    module = load(script)
    own = getattr(module, "section", None)
    body = own(result) if own else "\n\n".join(tables(result))
    return [
        f"## {script.name}",
        script.purpose,
        f"    {script.command}",
        *conditions(result.get("conditions", {})),
        body,
    ]


def losses(script: Script, result: dict[str, Any]) -> list[str]:
    """What a peer does better in this benchmark."""
    own = getattr(load(script), "losses", None)
    if own:
        return list(own(result))
    return [
        f"{peer} takes {ratio:.2f} of tokext's {name.removesuffix('_over_tokext')}"
        for name, ratios in result.items()
        if name.endswith("over_tokext") and isinstance(ratios, dict)
        for peer, ratio in ratios.items()
        if isinstance(ratio, int | float) and ratio < 1
    ]


def load(script: Script) -> ModuleType:
    """The script as a module; its main is not run."""
    if script.name not in sys.modules:
        spec = importlib.util.spec_from_file_location(script.name, HERE / f"{script.name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[script.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[script.name])
    return sys.modules[script.name]


def conditions(given: dict[str, Any]) -> Iterator[str]:
    """The conditions in one line, where they are told."""
    told = []
    for name, value in given.items():
        if isinstance(value, dict):
            told.append(", ".join(f"{key} {cell(inner)}" for key, inner in value.items()))
        elif value is not None:
            told.append(f"{name.replace('_', ' ')} {cell(value)}")
    if told:
        yield f"Conditions: {'; '.join(told)}."


def tables(value: dict[str, Any], title: str = "") -> Iterator[str]:
    """Every table that a result holds, each under its name."""
    rows = {key: inner for key, inner in value.items() if key not in _ABOUT}
    same = alike(rows)
    plain = {key: inner for key, inner in rows.items() if is_cell(inner) and key not in same}
    if plain and title:
        yield table(title, [plain])
    if same:
        yield table(title, [{"": name, **inner} for name, inner in same.items()])
    for key, inner in rows.items():
        name = f"{title}, {key}" if title else key
        if isinstance(inner, list) and inner and all(isinstance(row, dict) for row in inner):
            yield table(name, inner)
        elif isinstance(inner, dict) and not is_cell(inner):
            left = {k: v for k, v in inner.items() if not (key in same and is_cell(v))}
            yield from tables(left, name)


def alike(rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The values that are rows of one table: dictionaries with a cell of the same name."""
    found = {k: v for k, v in rows.items() if isinstance(v, dict) and v.keys() != _RATE}
    cells = [{key for key, inner in row.items() if is_cell(inner)} for row in found.values()]
    return found if len(found) > 1 and set.intersection(*cells) else {}


def table(title: str, rows: list[dict[str, Any]]) -> str:
    """A Markdown table of the cells of rows, the first columns only, or a line for what is long."""
    names = (k for row in rows for k, v in row.items() if is_cell(v) and k not in _ABOUT)
    columns = list(dict.fromkeys(names))
    if len(rows) > _MOST_ROWS or not columns:
        return f"{title}: {len(rows)} rows, in the file."
    columns = columns[:_MOST_COLUMNS]
    lines = [[name.replace("_", " ") for name in columns], ["---"] * len(columns)]
    cells = [[row.get(name) for name in columns] for row in rows]
    lines += [[cell(value) if is_cell(value) else "" for value in line] for line in cells]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{title}**\n\n{text}" if title else text


def is_cell(value: Any) -> bool:
    """Whether a value fits into a cell: a number, a text, a rate with its counts, a group's key."""
    if isinstance(value, dict):
        flat = not any(isinstance(inner, dict | list) for inner in value.values())
        return value.keys() == _RATE or (0 < len(value) < 3 and flat and "key" not in value)
    return value is None or isinstance(value, int | float | str)


def cell(value: Any) -> str:
    """One value as a person reads it."""
    if isinstance(value, dict):
        if value.keys() == _RATE:
            return rate(value)
        return ", ".join(f"{key} {cell(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(cell, value))
    if value is None or isinstance(value, bool | str):
        return {None: "", True: "yes", False: "no"}.get(value, value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def rate(value: dict[str, Any]) -> str:
    """A share with its counts and its 95 % interval, where there was anything to count."""
    if not value["total"]:
        return "–"
    interval = f"{value['low'] * 100:.2f}–{value['high']:.2%}"
    return f"{value['n']:,} of {value['total']:,} ({value['share']:.2%}, {interval})"


if __name__ == "__main__":
    main()
