"""Where every new row came from: ``rows.json``."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokext.model.plan import RowPlan
from tokext.output import json_lines
from tokext.records import Extension

ROWS_FILE = "rows.json"

#: What made a row, and the base rows that it is made of, each with its share.
Origin = tuple[str, tuple[tuple[int, float], ...]]

_FORMULAS = {
    "subword-mean": "the mean of the constituents' rows",
    "weighted-mean": "the mean of the constituents' rows by the bytes of text each stands for",
    "align": "the mean of the base spans that carried the piece in a sample, by how often each did",
    "global-mean": "the mean of the trained rows",
    "normal": "drawn from the normal distribution of the trained rows (true covariance)",
    "zero": "zero",
}
_BYTES_FORMULA = (
    "half the mean of the fallback bytes' rows, half the center of the added language (the mean of "
    "all distinct base rows that spell the other pieces, without those of bytes that spell a piece "
    "like this one)"
)
_PADDING_FORMULA = "a copy of one base row, so that it never wins: see tokext.model.padding"


def write_origins(
    path: Path, extension: Extension, plan: RowPlan, padding: Iterable[int], twin: int | None
) -> None:
    """Write ``rows.json``: how every new row was made, a line a row."""
    used = dict.fromkeys(plan.origins)
    formulas = {o: _FORMULAS.get(o, _BYTES_FORMULA) for o in used}
    options = {"init": plan.init, "rescale": plan.rescale, "seed": plan.seed}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        head = {**options, "formulas": formulas | {"padding": _PADDING_FORMULA}}
        for key, value in head.items():
            file.write(f"{'{' if key == 'init' else ','} {json.dumps(key)}: {_line(value)}\n")
        rows = [*_added_rows(extension, plan), *_padding_rows(padding, twin)]
        file.write(f', "rows": [\n{json_lines(rows)}\n]}}\n')


def read_origins(path: Path, wanted: set[int]) -> Iterator[tuple[int, Origin]]:
    """The lines of ``rows.json`` for these ids: a row is a line, so it is never parsed whole."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith('{"id": '):
                continue
            if int(line[7 : line.index(",")]) in wanted:
                row = json.loads(line.rstrip(",\n"))
                shares = tuple((int(i), float(w)) for i, w in row["from"])
                yield row["id"], (row["origin"], shares)


def _added_rows(extension: Extension, plan: RowPlan) -> Iterator[dict[str, Any]]:
    shares = zip(
        plan.mixture.ids.tolist(),
        plan.mixture.weights.double().round(decimals=6).tolist(),
        strict=True,
    )
    lengths = plan.mixture.offsets.diff().tolist()
    for added, origin, n in zip(extension.added, plan.origins, lengths, strict=True):
        yield {"id": added.id, "piece": added.piece, "origin": origin,
               "from": list(itertools.islice(shares, n))}  # fmt: skip


def _padding_rows(padding: Iterable[int], twin: int | None) -> Iterator[dict[str, Any]]:
    for id_ in padding:
        yield {"id": id_, "piece": None, "origin": "padding", "from": [[twin, 1.0]]}


_line = json.JSONEncoder(ensure_ascii=False).encode
