"""A checkpoint as files: which safetensors files it has, which tensors, and that they agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from tokext.errors import ModelError
from tokext.model.header import Header, TensorEntry, read_header
from tokext.records import read_json

INDEX_FILE = "model.safetensors.index.json"
SINGLE_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a model in safetensors files.

    `headers` are the files' headers by file name; `index` is the content of the index file, None
    for a single file.
    """

    folder: Path
    config: dict[str, Any]
    headers: Mapping[str, Header]
    index: dict[str, Any] | None

    @cached_property
    def tensors(self) -> dict[str, tuple[str, TensorEntry]]:
        """Every tensor's file name and place, by tensor name."""
        return {e.name: (f, e) for f, header in self.headers.items() for e in header.tensors}

    @cached_property
    def n_parameters(self) -> int:
        """How many numbers the tensors hold together (packed ones count as packed)."""
        return sum(e.n_bytes * 8 // e.bits for _, e in self.tensors.values())


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read the config, the index and all headers of a checkpoint, and check them.

    Raises:
        ModelError: It is no checkpoint, is in pickle files, or its files contradict each other.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder.", hint="give a checkpoint folder or a hub id.")
    if not (folder / CONFIG_FILE).is_file():
        raise ModelError(
            f"{folder} has no config.json, so it is not a checkpoint.",
            hint="give the folder that holds config.json and the safetensors files.",
        )
    config = read_json(folder / CONFIG_FILE)
    if not isinstance(config, dict):
        raise ModelError(f"{folder / CONFIG_FILE} is not a table.", hint="restore the file.")
    index = _read_index(folder)
    names = [_single_name(folder)] if index is None else sorted(set(index["weight_map"].values()))
    headers = {name: read_header(folder / name) for name in names}
    _check_once(headers)
    if index is not None:
        _check_map(index["weight_map"], headers)
    return Checkpoint(folder, config, headers, index)


def _read_index(folder: Path) -> dict[str, Any] | None:
    path = folder / INDEX_FILE
    if not path.exists():
        return None
    index = read_json(path)
    names = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(names, dict) or not names:
        raise ModelError(f"{INDEX_FILE} has no weight_map.", hint="download the file again.")
    for name in sorted({str(name) for name in names.values()}):
        if Path(name).name != name or name in ("", "..") or "\\" in name or ":" in name:
            raise ModelError(
                f"{INDEX_FILE} names {name!r}, which lies outside the checkpoint's folder.",
                hint="only files beside the index are read: get the checkpoint from its source.",
            )
        if not (folder / name).is_file():
            raise ModelError(
                f"{INDEX_FILE} names {name!r}, and {folder} has no such file.",
                hint="download the missing file.",
            )
    if (folder / SINGLE_FILE).is_file() and set(names.values()) != {SINGLE_FILE}:
        raise ModelError(
            f"{folder} holds {SINGLE_FILE} and, by its {INDEX_FILE}, a model in other files.",
            hint=f"transformers loads {SINGLE_FILE}: move the index and its files elsewhere, or "
            "that file where the others are the model.",
        )
    return dict(index)


def _single_name(folder: Path) -> str:
    """The one weight file of a folder without an index; some quantizers name it their own way."""
    if (folder / SINGLE_FILE).is_file():
        return SINGLE_FILE
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    if len(names) == 1:
        return names[0]
    if names:
        raise ModelError(
            f"{folder} has {len(names)} safetensors files and no {INDEX_FILE}.",
            hint="download the index beside them.",
        )
    pickle = find_pickle(path.name for path in folder.iterdir())
    if pickle is None:
        raise ModelError(f"{folder} holds no safetensors file.", hint="download the weights.")
    raise pickle_error(pickle, str(folder), f"{folder}-safetensors")


def find_pickle(names: Iterable[str]) -> str | None:
    """The first of some files that holds weights as a pickle; those of the model come first.

    Example:
        >>> find_pickle(["config.json", "optimizer.pt", "pytorch_model.bin"])
        'pytorch_model.bin'
    """
    found = [name for name in names if any(fnmatchcase(name, p) for p in _PICKLES)]
    return min(found, key=lambda name: (not name.startswith("pytorch_model"), name), default=None)


def pickle_error(name: str, source: str, target: str) -> ModelError:
    """The error for weights in a pickle: how to turn such a checkpoint into a safetensors one."""
    return ModelError(
        f"{name} is a pickle, which can run code when it is read; only safetensors are edited.",
        hint='convert it once: python -c "from transformers import AutoModelForCausalLM as M, '
        f"AutoTokenizer as T; M.from_pretrained({source!r}, dtype='auto')"
        f".save_pretrained({target!r}); T.from_pretrained({source!r}).save_pretrained({target!r})"
        '"',
    )


def _check_once(headers: Mapping[str, Header]) -> None:
    seen: dict[str, str] = {}
    for file, header in headers.items():
        for entry in header.tensors:
            if entry.name in seen:
                raise ModelError(
                    f"{entry.name!r} is in {seen[entry.name]} and in {file}.",
                    hint="download the checkpoint again.",
                )
            seen[entry.name] = file


def _check_map(names: Mapping[str, str], headers: Mapping[str, Header]) -> None:
    held = {entry.name: file for file, header in headers.items() for entry in header.tensors}
    for tensor, file in names.items():
        if held.get(tensor) != file:
            raise ModelError(
                f"{INDEX_FILE} says that {tensor!r} is in {file}, and it is not.",
                hint="download the checkpoint again.",
            )
