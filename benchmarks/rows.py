"""The arithmetic of new rows, against the time to read and write its bytes on the same device.

    python benchmarks/rows.py --device cuda -o RESULT.json    # cuda, mps or cpu; seconds on a GPU

`--rows` new rows of each of `--widths` are made of two to six of `--base-rows` base rows each, in
bfloat16, in turns with copies on the device:

- mix_rows: the arithmetic alone, with the list of what each row is made of on the device;
- row_maker: what both doors of `resize` call, its preparations included;
- copy_gathered: a copy that reads and writes as many bytes as base rows are read, each as often as
  it is used, and new rows are written;
- copy_once: the same with each base row read once.

The target is `mix_rows` within twice `copy_gathered`. The two ways of making rows must agree, and
medians of `--repeats` are kept.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from conditions import load_average, machine, stamp, versions
from torch import Tensor

from tokext.errors import TokextError
from tokext.model.load import find_device
from tokext.model.maker import RowMaker, TensorRows
from tokext.model.mixture import even_mixture
from tokext.model.plan import RowPlan
from tokext.model.rows import mix_rows
from tokext.output import json_text, write_whole

TARGET = 2.0
LEAST_PARTS, MOST_PARTS = 2, 6
WARMUP = 2
#: What waits until a device has done all that it was given.
_WAITS = {"cuda": torch.cuda.synchronize, "mps": torch.mps.synchronize, "cpu": lambda: None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=list(_WAITS), required=True)
    parser.add_argument("--rows", type=int, default=88_000)
    parser.add_argument("--base-rows", type=int, default=32_000)
    parser.add_argument("--widths", type=int, nargs="+", default=[4_096, 8_192])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    try:
        device = find_device(options.device)
    except TokextError as error:
        sys.exit(f"{error} {error.hint}")
    result = {
        **stamp("rows"),
        "conditions": conditions(options, device),
        "target": TARGET,
        "rows": [measure(width, options, device) for width in options.widths],
    }
    write_whole(options.output, json_text(result), force=True)
    print(json_text(result))


def measure(width: int, options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """One width: bytes, median seconds of each contender, and their ratios to the copies."""
    parts = constituents(options.rows, options.base_rows)
    weight = torch.randn(options.base_rows, width, dtype=torch.bfloat16, device=device)
    mixture = even_mixture(parts)
    plan = RowPlan("subword-mean", mixture, ("subword-mean",) * len(parts), torch.zeros(0).long())
    there = mixture.to(device)
    n_parts, n_used = mixture.ids.numel(), torch.unique(mixture.ids).numel()
    row_bytes = width * weight.element_size()
    gathered, once = ((n + len(parts)) * row_bytes for n in (n_parts, n_used))
    source = torch.zeros(gathered // 2, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    made = seconds(
        {
            "mix_rows": lambda: mix_rows(weight, there),
            "row_maker": lambda: RowMaker(plan, TensorRows(weight), device).make(0, len(parts)),
            "copy_gathered": lambda: target.copy_(source),
            "copy_once": lambda: target[: once // 2].copy_(source[: once // 2]),
        },
        options.repeats,
        _WAITS[device.type],
    )
    check(mix_rows(weight, there), weight, parts)
    check(RowMaker(plan, TensorRows(weight), device).make(0, len(parts)), weight, parts)
    return {
        "width": width,
        "n_constituents": n_parts,
        "bytes_gathered_and_written": gathered,
        "bytes_read_once_and_written": once,
        **{f"{name}_seconds": round(took, 6) for name, took in made.items()},
        "mix_rows_over_copy": round(made["mix_rows"] / made["copy_gathered"], 2),
        "row_maker_over_copy": round(made["row_maker"] / made["copy_gathered"], 2),
        "mix_rows_over_copy_once": round(made["mix_rows"] / made["copy_once"], 2),
        "target_met": made["mix_rows"] <= TARGET * made["copy_gathered"],
    }


def constituents(n_rows: int, n_base: int) -> list[list[int]]:
    """Base ids for each new row, drawn at random, the same in every run."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(LEAST_PARTS, MOST_PARTS + 1, (n_rows,), generator=generator)
    ids = torch.randint(0, n_base, (int(lengths.sum()),), generator=generator)
    return [part.tolist() for part in torch.split(ids, lengths.tolist())]


def seconds(
    contenders: dict[str, Callable[[], object]], repeats: int, wait: Callable[[], object]
) -> dict[str, float]:
    """The median seconds of each, measured in turns after a warm-up."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(WARMUP + repeats):
        for name, work in contenders.items():
            wait()
            started = time.perf_counter()
            work()
            wait()
            if turn >= WARMUP:
                found[name].append(time.perf_counter() - started)
    return {name: statistics.median(took) for name, took in found.items()}


def check(made: Tensor, weight: Tensor, parts: list[list[int]]) -> None:
    """Compare the first rows and the last with a plain mean."""
    for place in (0, 1, len(parts) - 1):
        expected = weight[parts[place]].float().mean(0)
        torch.testing.assert_close(made[place].float(), expected, rtol=1e-2, atol=1e-2)


def conditions(options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "device": name,
        "n_rows": options.rows,
        "n_base_rows": options.base_rows,
        "constituents_a_row": f"{LEAST_PARTS} to {MOST_PARTS}",
        "dtype": "bfloat16",
        "repeats": options.repeats,
        **machine("n_cpus", "platform", "python"),
        "load_average": load_average(),
        "versions": versions("torch"),
    }


def losses(result: dict[str, Any]) -> list[str]:
    """Widths at which the arithmetic takes longer than its target."""
    return [
        f"rows of width {row['width']:,} were to take {result['target']:.0f} times a copy of their "
        f"bytes: {row['mix_rows_over_copy']:.2f}"
        for row in result["rows"]
        if not row["target_met"]
    ]


if __name__ == "__main__":
    main()
