"""The header of a safetensors file, read as if a stranger had written it.

A safetensors file is 8 bytes (the header's length, little-endian), a JSON header, then raw tensors.
Everything that could send a reader outside the file, or make one tensor out of another's bytes, is
refused here, so that the rest of the room can trust what it reads.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tokext.errors import ModelError

#: The largest header that is read. The format allows 100 MB; real ones stay below 12 MB even with
#: a hundred thousand tensors, and a parsed header takes about ten times its bytes in memory.
MAX_HEADER_BYTES = 24_000_000

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "I32": 32, "U32": 32, "I64": 64, "U64": 64,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
}  # fmt: skip

#: The dtypes in which an embedding can be edited, by their names in a header.
FLOATS = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32}
FLOAT_NAMES = {dtype: name for name, dtype in FLOATS.items()}


@dataclass(frozen=True)
class TensorEntry:
    """One tensor of a file: where its bytes start, counted from the start of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    n_bytes: int

    @property
    def bits(self) -> int:
        """How many bits one element takes."""
        return _BITS[self.dtype]


@dataclass(frozen=True)
class Header:
    """A file's tensors in the order of their bytes, its metadata, and the header's own bytes.

    `raw` holds the 8 bytes of the length too: a file is `raw` and then the tensors.
    """

    path: Path
    raw: bytes
    metadata: dict[str, str]
    tensors: tuple[TensorEntry, ...]


def read_header(path: Path) -> Header:
    """Read and check the header of a safetensors file.

    Raises:
        ModelError: The file is truncated or not a safetensors file, or its header lies about
            sizes, names a tensor twice, or lets tensors overlap.
    """
    file_bytes = path.stat().st_size
    with path.open("rb") as file:
        length_field = file.read(8)
        if len(length_field) < 8:
            raise _damaged(path, f"it has {file_bytes} bytes, too few for a header")
        length = int.from_bytes(length_field, "little")
        if length > MAX_HEADER_BYTES:
            raise _damaged(path, f"its header claims {length:,} bytes")
        if length > file_bytes - 8:
            raise _damaged(path, f"its header claims {length:,} bytes of {file_bytes:,} in all")
        text = file.read(length)
    fields = _parse(path, text)
    metadata = fields.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _damaged(path, "its __metadata__ is not a table of texts")
    data_start = 8 + length
    entries = [_entry(path, name, field, data_start) for name, field in fields.items()]
    entries.sort(key=lambda e: (e.start, e.n_bytes))
    _check_cover(path, entries, data_start, file_bytes)
    return Header(path, length_field + text, metadata, tuple(entries))


def write_header(
    tensors: Sequence[tuple[str, str, tuple[int, ...]]], metadata: Mapping[str, str]
) -> bytes:
    """The first bytes of a file that holds (name, dtype, shape), one after the other.

    Example:
        >>> write_header([("w", "F32", (2, 3))], {})[8:]
        b'{"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}       '
    """
    fields: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    place = 0
    for name, dtype, shape in tensors:
        end = place + math.prod(shape) * _BITS[dtype] // 8
        fields[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors start at a multiple of 8, as the format asks
    return len(text).to_bytes(8, "little") + text


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _damaged(path, f"its header names {twice!r} twice")
        return found

    try:
        fields = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header is not JSON") from error
    if not isinstance(fields, dict):
        raise _damaged(path, "its header is not a table")
    return fields


def _entry(path: Path, name: str, field: Any, data_start: int) -> TensorEntry:
    try:
        dtype, shape, (begin, end) = field["dtype"], field["shape"], field["data_offsets"]
        whole = all(type(n) is int and n >= 0 for n in (*shape, begin, end))
    except (TypeError, KeyError, ValueError) as error:
        raise _damaged(
            path, f"its header describes {name!r} without dtype, shape and offsets"
        ) from error
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise _damaged(path, f"{name!r} has the unknown dtype {dtype!r}")
    if not whole:
        raise _damaged(path, f"{name!r} has a shape or offset that is not a whole number")
    bits = math.prod(shape) * _BITS[dtype]
    if bits != (end - begin) * 8:
        raise _damaged(
            path, f"{name!r} of shape {list(shape)} in {dtype} cannot fill bytes {begin} to {end}"
        )
    return TensorEntry(name, dtype, tuple(shape), data_start + begin, end - begin)


def _check_cover(path: Path, entries: list[TensorEntry], data_start: int, file_bytes: int) -> None:
    """The tensors must fill the file exactly: no overlap, no hole, no byte more or less."""
    place = data_start
    for entry in entries:
        if entry.start < place:
            raise _damaged(path, f"{entry.name!r} overlaps the tensor before it")
        if entry.start > place:
            raise _damaged(path, f"there is a hole before {entry.name!r}")
        place = entry.start + entry.n_bytes
    if place != file_bytes:
        raise _damaged(path, f"its tensors need {place:,} bytes and it has {file_bytes:,}")


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(
        f"{path.name} is not a whole safetensors file: {why}.", hint="download the file again."
    )
