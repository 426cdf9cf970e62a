"""What a resize is asked for, checked before a byte is written: device, dtype, room on the disk."""

from __future__ import annotations

from pathlib import Path

import torch

from tokext.errors import InputError, OutputError
from tokext.model.checkpoint import Checkpoint
from tokext.model.edit import Edit
from tokext.model.header import FLOATS
from tokext.model.plan import Init
from tokext.model.write import free_bytes

DTYPES = {
    "keep": None,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}
DEVICES = ("auto", "cpu", "cuda", "mps")

#: Room for the small files beside the weights, when the disk's free space is checked.
_SMALL_FILES_BYTES = 64 << 20


def pick_device(device: str, init: Init) -> torch.device:
    """The device to calculate on.

    Raises:
        InputError: It is unknown, or this machine has none.
    """
    if device not in DEVICES:
        raise InputError(f"unknown device {device!r}.", hint=f"one of {', '.join(DEVICES)}.")
    if device == "auto":
        return torch.device("cuda" if init == "normal" and torch.cuda.is_available() else "cpu")
    here = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": _has_mps()}
    if not here[device]:
        raise InputError(f"this machine has no {device} device.", hint="use --device cpu.")
    return torch.device(device)


def _has_mps() -> bool:
    return bool(torch.backends.mps.is_available())


def pick_dtype(name: str) -> torch.dtype | None:
    """The dtype to convert to, None for the checkpoint's own.

    Raises:
        InputError: It is unknown.
    """
    if name not in DTYPES:
        raise InputError(f"unknown dtype {name!r}.", hint=f"one of {', '.join(DTYPES)}.")
    return DTYPES[name]


def check_convertible(checkpoint: Checkpoint, dtype: torch.dtype | None) -> None:
    """Refuse another dtype for a quantized checkpoint.

    Raises:
        InputError: It is quantized.
    """
    if dtype is None:
        return
    odd = next((e for _, e in checkpoint.tensors.values() if e.dtype not in FLOATS), None)
    if "quantization_config" in checkpoint.config or odd is not None:
        what = f"{odd.name!r} is {odd.dtype}" if odd is not None else "its config says so"
        raise InputError(
            f"the checkpoint is quantized ({what}), and its scales belong to their dtype.",
            hint="use --dtype keep.",
        )


def check_space(output: Path, checkpoint: Checkpoint, edit: Edit, copy: bool) -> None:
    """Refuse a disk that is too small; links may fail, so unless they surely work they count.

    Raises:
        OutputError: It is.
    """
    files = [checkpoint.folder / name for name in edit.linked]
    copy = copy or not _same_disk(checkpoint.folder, output)
    copied = sum(path.stat().st_size for path in files if copy or path.is_symlink())
    needed = edit.n_bytes + copied + _SMALL_FILES_BYTES
    free = free_bytes(output.absolute().parent)
    if needed > free:
        raise OutputError(
            f"the output needs {needed / 1e9:,.1f} GB and the disk has {free / 1e9:,.1f} GB free.",
            hint="choose an -o on another disk.",
        )


def _same_disk(folder: Path, output: Path) -> bool:
    parents = output.absolute().parents
    existing = next(p for p in parents if p.exists())
    return folder.stat().st_dev == existing.stat().st_dev
