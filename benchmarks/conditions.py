"""What every result says of itself: when it was made, on what machine, with which libraries."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from typing import Any

#: The same fact has two names: results keep the one that they began with.
_FACTS = {
    "n_cpus": os.cpu_count,
    "cores": os.cpu_count,
    "machine": platform.machine,
    "platform": platform.platform,
    "python": platform.python_version,
}


def stamp(benchmark: str) -> dict[str, Any]:
    """How a result begins."""
    return {"schema_version": 1, "benchmark": benchmark, "created": now()}


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def machine(*facts: str) -> dict[str, Any]:
    """The named facts of this machine, such as `n_cpus` and `platform`."""
    return {fact: _FACTS[fact]() for fact in facts}


def load_average(digits: int = 1) -> float:
    """How many processes wanted to run in the last minute."""
    return round(os.getloadavg()[0], digits)


def versions(*libraries: str) -> dict[str, str]:
    """The versions of tokext and of libraries."""
    return {name: importlib.metadata.version(name) for name in ("tokext", *libraries)}
