"""The way back: from an extended checkpoint to its base, byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tokext.errors import ModelError
from tokext.model.checkpoint import Checkpoint, open_checkpoint
from tokext.model.edit import FileRows
from tokext.model.header import read_header
from tokext.model.keepsake import BASE_FILE, DIGESTS_FILE, OLD_ROWS_FILE, segment_digest
from tokext.model.kept import (
    Keepsake,
    KeptTensor,
    damaged,
    differs,
    names_in_order,
    read_keepsake,
)
from tokext.model.layout import Place
from tokext.model.segments import CopiedBytes, PlainBytes, Segment
from tokext.model.side_files import is_carried, plain_files
from tokext.model.write import copied_digest, link_or_copy, write_proved
from tokext.output import copy_into, whole_folder


@dataclass(frozen=True)
class Reverted:
    """The base again, in `output`.

    `unproved` names weight files of which no digest was kept, because they were hard-linked and so
    not read: they are as they are now in the extended checkpoint. `changed` names small files that
    were edited there since, and come as they are now, or were removed.
    """

    output: Path
    unproved: tuple[str, ...]
    changed: tuple[str, ...] = ()


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
        The output folder, which of its files could not be proved to be the base's, and which are
        known not to be.

    Raises:
        ModelError: The folder keeps no base or a damaged one, was converted to another dtype, or
            its base rows or other tensors were changed since.
        OutputError: The output cannot be written.
    """
    folder = Path(checkpoint)
    kept = read_keepsake(folder)
    opened = open_checkpoint(folder)
    if set(kept.files) != set(opened.headers):
        raise ModelError(
            f"{folder} no longer has the weight files that were resized.",
            hint="get the base checkpoint from its source.",
        )
    parts = {name: _old_tensor(opened, kept, name, old) for name, old in kept.tensors.items()}
    for name, old in kept.tensors.items():
        if segment_digest(*parts[name]) != old.sha256:
            raise _changed(f"the base rows of {name!r}")
    unread = []
    with whole_folder(output, force=force, inputs=[folder]) as target:
        for file, edited in kept.files.items():
            if edited:
                known = _write_old_file(target / file, opened, kept, parts)
            else:
                known = _check_file(folder / file, kept.file_digests.get(file))
                link_or_copy(folder / file, target / file, copy=copy)
            unread += [] if known else [file]
        changed = _copy_small_files(folder, target, kept)
    return Reverted(Path(output), tuple(unread), tuple(changed))


def _old_tensor(opened: Checkpoint, kept: Keepsake, name: str, old: KeptTensor) -> list[Segment]:
    """The original bytes of one tensor: its base rows, then what once stood above them."""
    if name not in opened.tensors:
        raise ModelError(
            f"{name!r} is missing from {opened.folder}.", hint="download the checkpoint again."
        )
    file, entry = opened.tensors[name]
    old_rows = read_header(kept.folder / OLD_ROWS_FILE)
    above = next((e for e in old_rows.tensors if e.name == name), None)
    n_above = above.shape[0] if above and above.shape else 0
    if not entry.shape or not 0 <= old.n_rows - n_above <= entry.shape[0]:
        raise damaged(kept.folder / BASE_FILE, f"{name!r} never had {old.n_rows:,} rows")
    rows = FileRows(opened.folder, Place(file, entry)).bytes_of(0, old.n_rows - n_above)
    if above is None:
        return [rows]
    return [rows, CopiedBytes(old_rows.path, above.start, above.n_bytes)]


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
    kept: Keepsake,
    parts: Mapping[str, list[Segment]],
) -> bool:
    """Write the original file: its own header, then its tensors in their old order; whether all of
    them are known to be the base's.
    """
    file, digests = target.name, kept.tensor_digests
    header = kept.folder / f"{file}.header"
    names = names_in_order(header)
    if set(names) != {entry.name for entry in opened.headers[file].tensors}:
        raise damaged(header, f"it names other tensors than {file}")
    segments: list[Segment] = [PlainBytes(header.read_bytes())]
    expected: list[tuple[str, str | None]] = [("", None)]
    known = True
    for name in names:
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


def _copy_small_files(folder: Path, target: Path, kept: Keepsake) -> list[str]:
    """Copy the small files; the names of those that were changed or removed since."""
    for path in sorted(kept.folder.iterdir()):
        if path.name not in (BASE_FILE, DIGESTS_FILE, OLD_ROWS_FILE) and path.suffix != ".header":
            shutil.copyfile(path, target / path.name)
    here = plain_files(folder)
    changed = [name for name in kept.carried if name not in here]
    for name, path in here.items():
        if name in kept.carried and is_carried(name):
            copy_into(target, name, path)
            changed += [name] if differs(path, kept.small.get(name)) else []
    return sorted(changed)
