"""What an extended checkpoint says of its base, read as if a stranger had written it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.errors import ModelError
from tokext.model.checkpoint import CONFIG_FILE
from tokext.model.keepsake import BASE_FILE, BASE_FOLDER, DIGESTS_FILE, OLD_ROWS_FILE
from tokext.records import file_record, read_json


@dataclass(frozen=True)
class KeptTensor:
    """A tensor as the base had it: how many rows, and the digest of its bytes."""

    n_rows: int
    sha256: str


@dataclass(frozen=True)
class Keepsake:
    """What lies in ``base/``.

    `files` says of each weight file whether it was edited; `carried` names small files that stayed
    as they were; `small` are digests of the small files, those of ``base/`` under that name;
    `file_digests` and `tensor_digests` are of copied bytes.
    """

    folder: Path
    files: Mapping[str, bool]
    tensors: Mapping[str, KeptTensor]
    carried: tuple[str, ...]
    small: Mapping[str, str]
    file_digests: Mapping[str, str]
    tensor_digests: Mapping[str, str]


def read_keepsake(checkpoint: Path) -> Keepsake:
    """Read and check what a resize kept.

    Raises:
        ModelError: The checkpoint keeps no base, lacks a part of it, was converted to another
            dtype, or what it keeps was changed.
    """
    folder = checkpoint / BASE_FOLDER
    if not (folder / BASE_FILE).is_file():
        raise ModelError(
            f"{checkpoint} keeps no base to go back to ({BASE_FOLDER}/{BASE_FILE} is missing).",
            hint="give a folder that tokext resize wrote.",
        )
    fields = _read_checked(folder / BASE_FILE, _KINDS)
    if fields["converted"]:
        raise ModelError(
            f"{checkpoint} was converted to another dtype, which cannot be undone.",
            hint="get the base checkpoint from its source, or resize again with --dtype keep.",
        )
    headers = (f"{file}.header" for file, edited in fields["files"].items() if edited)
    for name in (CONFIG_FILE, OLD_ROWS_FILE, *headers):
        if not (folder / name).is_file():
            raise ModelError(
                f"{checkpoint} keeps its base no longer ({BASE_FOLDER}/{name} is missing).",
                hint="get the base checkpoint from its source.",
            )
    small = fields.get("small") or {}
    for path in folder.iterdir():
        if path.is_file() and differs(path, small.get(f"{BASE_FOLDER}/{path.name}")):
            raise damaged(path, "it is not what resize wrote")
    found = folder / DIGESTS_FILE
    digests = _read_checked(found, _DIGEST_KINDS) if found.is_file() else {}
    return Keepsake(
        folder=folder,
        files=fields["files"],
        tensors={n: KeptTensor(t["shape"][0], t["sha256"]) for n, t in fields["tensors"].items()},
        carried=tuple(fields["carried"]),
        small=small,
        file_digests=digests.get("files", {}),
        tensor_digests=digests.get("tensors", {}),
    )


def differs(path: Path, digest: str | None) -> bool:
    """Whether a small file has another digest than the one stated; no where none is."""
    return digest is not None and file_record(path).sha256 != digest


def names_in_order(header: Path) -> list[str]:
    """Tensor names in the order of their bytes, from a kept header.

    Raises:
        ModelError: It is no header.
    """
    try:
        fields = json.loads(header.read_bytes()[8:])
        fields.pop("__metadata__", None)
        return sorted(fields, key=lambda name: tuple(map(int, fields[name]["data_offsets"])))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(header, "it is no header of a safetensors file") from error


def damaged(path: Path, why: str) -> ModelError:
    """The error for a part of what was kept."""
    return ModelError(
        f"{path.parent.name}/{path.name} is damaged: {why}.",
        hint="get the base checkpoint from its source.",
    )


def _read_checked(path: Path, kinds: Mapping[str, Callable[[Any], bool]]) -> dict[str, Any]:
    fields = read_json(path)
    if not isinstance(fields, dict):
        raise damaged(path, "it is not a table")
    for key, is_kind in kinds.items():
        if not is_kind(fields.get(key)):
            raise damaged(path, f"{key!r} is not what resize writes there")
    return fields


def _is_tensor(value: Any) -> bool:
    shape = value.get("shape") if isinstance(value, dict) else None
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    return whole and bool(shape) and isinstance(value.get("sha256"), str)


def _table_of(is_kind: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(is_kind, value.values()))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


_texts = _table_of(_is_text)
_KINDS: dict[str, Callable[[Any], bool]] = {
    "converted": _is_flag,
    "carried": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "files": _table_of(_is_flag),
    "tensors": _table_of(_is_tensor),
    "small": lambda value: value is None or _texts(value),
}
_DIGEST_KINDS = {"files": _texts, "tensors": _texts}
