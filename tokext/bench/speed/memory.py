"""The most memory that a pass of one model takes, while others wait in the same memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from tokext.model.load import run_device

_STATUS = Path("/proc/self/status")
_PEAK_RESET = Path("/proc/self/clear_refs")


class PeakMemory:
    """Bytes of a model's weights and of the most that its passes take beside them.

    On CUDA the allocator counts; on Linux the kernel's high-water mark of the process does. `bytes`
    is None elsewhere.

    Args:
        model: The model whose passes are looked at.
    """

    def __init__(self, model: Any) -> None:
        self.weights = weight_bytes(model)
        self.device = run_device(model)
        self.beside: int | None = None

    def __enter__(self) -> PeakMemory:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            self._before = torch.cuda.memory_allocated(self.device)
        else:
            self._before = _start_of_process() or 0
        return self

    def __exit__(self, *error: object) -> None:
        if self.device.type == "cuda":
            peak: int | None = torch.cuda.max_memory_allocated(self.device)
        else:
            peak = _status_bytes("VmHWM") if self._before else None
        if peak is not None:
            self.beside = max(self.beside or 0, peak - self._before)

    @property
    def bytes(self) -> int | None:
        """Weights, and the most that was taken beside them."""
        return None if self.beside is None else self.weights + self.beside


def weight_bytes(model: Any) -> int:
    """Bytes of all different weights that lie in memory, and not on the disk."""
    return sum(_n_bytes(t) for t in _stored(model) if not t.is_meta)


def stored_bytes(model: Any) -> int:
    """Bytes of all different weights as they are stored, packed ones with their scales."""
    return sum(map(_n_bytes, _stored(model)))


def _stored(model: Any) -> Iterator[torch.Tensor]:
    """Parameters and what is kept beside them: GPTQ keeps its weights in buffers."""
    for parameter in model.parameters():
        yield parameter
        scales = getattr(getattr(parameter, "quant_state", None), "absmax", None)
        if scales is not None:
            yield scales
    yield from model.buffers()


def _n_bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _start_of_process() -> int | None:
    """Set the process's high-water mark to what it holds now; None where there is no such mark."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        _PEAK_RESET.write_text("5", encoding="ascii")
    except OSError:
        return None
    return _status_bytes("VmRSS")


def _status_bytes(name: str) -> int | None:
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
