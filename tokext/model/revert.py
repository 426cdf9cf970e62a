"""The way back: from an extended checkpoint to its base, byte for byte."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.errors import ModelError
from tokext.model.checkpoint import CONFIG_FILE, Checkpoint, open_checkpoint
from tokext.model.edit import FileRows
from tokext.model.header import read_header
from tokext.model.keepsake import (
    BASE_FILE,
    BASE_FOLDER,
    DIGESTS_FILE,
    OLD_ROWS_FILE,
    segment_digest,
)
from tokext.model.layout import Place
from tokext.model.segments import CopiedBytes, PlainBytes, Segment
from tokext.model.side_files import is_carried, plain_files
from tokext.model.write import copied_digest, link_or_copy, write_proved
from tokext.output import copy_into, whole_folder
from tokext.records import read_json

_KEPT = {"carried", "converted", "files", "tensors"}


@dataclass(frozen=True)
class Reverted:
    """The base again, in `output`.

    `unproved` names weight files of which no digest was kept, because they were hard-linked and so
    not read: they are as they are now in the extended checkpoint.
    """

    output: Path
    unproved: tuple[str, ...]


def revert_checkpoint(
    checkpoint: str | Path, *, output: str | Path, copy: bool = False, force: bool = False
) -> Reverted:
    """Give back the base of a checkpoint that `resize_checkpoint` wrote.

    Weight files come back byte for byte, old padding rows included; config, index and tokenizer
    files are the base's own.

    Args:
        checkpoint: The extended checkpoint's folder.
        output: The folder to make.
        copy: Copy weight files that could be hard-linked.
        force: Replace an existing output.

    Returns:
        The output folder, and which of its files could not be proved to be the base's.

    Raises:
        ModelError: The folder keeps no base, was converted to another dtype, or its base rows or
            other tensors were changed since.
        OutputError: The output cannot be written.
    """
    folder = Path(checkpoint)
    kept = _read_keepsake(folder)
    opened = open_checkpoint(folder)
    if set(kept["files"]) != set(opened.headers):
        raise ModelError(
            f"{folder} no longer has the weight files that were resized.",
            hint="get the base checkpoint from its source.",
        )
    parts = {name: _old_tensor(opened, name, fields) for name, fields in kept["tensors"].items()}
    for name, fields in kept["tensors"].items():
        if segment_digest(*parts[name]) != fields["sha256"]:
            raise _changed(f"the base rows of {name!r}")
    digests = _read_digests(folder)
    unread = []
    with whole_folder(output, force=force, inputs=[folder]) as target:
        for file, edited in kept["files"].items():
            if edited:
                known = _write_old_file(target / file, opened, file, parts, digests["tensors"])
            else:
                known = _check_file(folder / file, digests["files"].get(file))
                link_or_copy(folder / file, target / file, copy=copy)
            unread += [] if known else [file]
        _copy_small_files(folder, target, kept["carried"])
    return Reverted(Path(output), tuple(unread))


def _read_keepsake(folder: Path) -> dict[str, Any]:
    path = folder / BASE_FOLDER / BASE_FILE
    if not path.is_file():
        raise ModelError(
            f"{folder} keeps no base to go back to ({BASE_FOLDER}/{BASE_FILE} is missing).",
            hint="give a folder that tokext resize wrote.",
        )
    kept = read_json(path)
    if not isinstance(kept, dict) or not set(kept) >= _KEPT:
        raise ModelError(f"{path} is damaged.", hint="get the base checkpoint from its source.")
    if kept["converted"]:
        raise ModelError(
            f"{folder} was converted to another dtype, which cannot be undone.",
            hint="get the base checkpoint from its source, or resize again with --dtype keep.",
        )
    headers = (f"{file}.header" for file, edited in kept["files"].items() if edited)
    for name in (CONFIG_FILE, OLD_ROWS_FILE, *headers):
        if not (path.parent / name).is_file():
            raise ModelError(
                f"{folder} keeps its base no longer ({BASE_FOLDER}/{name} is missing).",
                hint="get the base checkpoint from its source.",
            )
    return kept


def _old_tensor(opened: Checkpoint, name: str, fields: Mapping[str, Any]) -> list[Segment]:
    """The original bytes of one tensor: its base rows, then what once stood above them."""
    if name not in opened.tensors:
        raise ModelError(
            f"{name!r} is missing from {opened.folder}.", hint="download the checkpoint again."
        )
    file, entry = opened.tensors[name]
    old_rows = read_header(opened.folder / BASE_FOLDER / OLD_ROWS_FILE)
    above = next((e for e in old_rows.tensors if e.name == name), None)
    n_above = above.shape[0] if above else 0
    kept = FileRows(opened.folder, Place(file, entry)).bytes_of(0, fields["shape"][0] - n_above)
    if above is None:
        return [kept]
    return [kept, CopiedBytes(old_rows.path, above.start, above.n_bytes)]


def _read_digests(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / BASE_FOLDER / DIGESTS_FILE
    found = read_json(path) if path.is_file() else {}
    tables = found if isinstance(found, dict) else {}
    return {key: dict(tables.get(key) or {}) for key in ("files", "tensors")}


def _check_file(path: Path, digest: str | None) -> bool:
    """Whether there is a digest of a whole file, which it must have."""
    if digest is None:
        return False
    if copied_digest(CopiedBytes(path, 0, path.stat().st_size)) != digest:
        raise _changed(f"the bytes of {path.name}")
    return True


def _changed(what: str) -> ModelError:
    return ModelError(
        f"{what} are no longer the base's: the model was trained since.",
        hint="get the base checkpoint from its source.",
    )


def _write_old_file(
    target: Path,
    opened: Checkpoint,
    file: str,
    parts: Mapping[str, list[Segment]],
    digests: Mapping[str, str],
) -> bool:
    """Write the original file: its own header, then its tensors in their old order; whether all of
    them are known to be the base's.
    """
    raw = (opened.folder / BASE_FOLDER / f"{file}.header").read_bytes()
    segments: list[Segment] = [PlainBytes(raw)]
    expected: list[tuple[str, str | None]] = [("", None)]
    known = True
    for name in _order(raw):
        if name in parts:  # proved by digests before
            segments += parts[name]
            expected += [(name, None)] * len(parts[name])
        else:
            _, entry = opened.tensors[name]
            segments.append(CopiedBytes(opened.folder / file, entry.start, entry.n_bytes))
            expected.append((name, digests.get(name)))
            known = known and (name in digests or not entry.n_bytes)
    for (name, digest), found in zip(expected, write_proved(target, segments), strict=True):
        if digest is not None and found != digest:
            raise _changed(f"the numbers of {name!r}")
    return known


def _order(raw: bytes) -> list[str]:
    """Tensor names in the order of their bytes, from a header that was checked when it was kept."""
    fields = json.loads(raw[8:])
    fields.pop("__metadata__", None)
    return sorted(fields, key=lambda name: tuple(fields[name]["data_offsets"]))


def _copy_small_files(folder: Path, target: Path, carried: list[str]) -> None:
    kept = folder / BASE_FOLDER
    for path in sorted(kept.iterdir()):
        if path.name not in (BASE_FILE, DIGESTS_FILE, OLD_ROWS_FILE) and path.suffix != ".header":
            shutil.copyfile(path, target / path.name)
    for name, path in plain_files(folder).items():
        if name in carried and is_carried(name):
            copy_into(target, name, path)
