"""What an extended checkpoint keeps of its base, so that the base can be had back to the byte.

The folder ``base/`` holds the small files that were replaced, the header of every weight file that
changed, the padding rows that were overwritten, and digests of the original tensors and of all
small files.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokext.model.checkpoint import CONFIG_FILE, INDEX_FILE, Checkpoint
from tokext.model.edit import FileRows
from tokext.model.header import write_header
from tokext.model.layout import Layout, Place
from tokext.model.origins import ROWS_FILE
from tokext.model.segments import CopiedBytes, PlainBytes, Segment
from tokext.model.side_files import GENERATION_FILE, write_json
from tokext.model.write import write_proved
from tokext.records import file_record
from tokext.tokenizer.carried import TOKENIZER_FILES

BASE_FOLDER = "base"
BASE_FILE = "base.json"
OLD_ROWS_FILE = "rows.safetensors"
DIGESTS_FILE = "digests.json"


def write_keepsake(
    target: Path,
    checkpoint: Checkpoint,
    layout: Layout,
    base_size: int,
    *,
    carried: Sequence[str] = (),
    converted: bool = False,
) -> None:
    """Fill ``base/`` in an output folder.

    Args:
        target: The output folder, being filled.
        checkpoint: The base checkpoint.
        layout: Its tensors with one row a token.
        base_size: How many ids the base's tokenizer uses: rows from there on are overwritten.
        carried: Names of small files that the output shares with the base.
        converted: Whether the dtype was changed; there is then no way back, and only digests are
            kept.
    """
    folder = target / BASE_FOLDER
    folder.mkdir()
    for name in (CONFIG_FILE, GENERATION_FILE, INDEX_FILE, ROWS_FILE, *TOKENIZER_FILES):
        if (checkpoint.folder / name).is_file():
            shutil.copyfile(checkpoint.folder / name, folder / name)
    edited = sorted({place.file for place in layout.places})
    for file in edited:
        (folder / f"{file}.header").write_bytes(checkpoint.headers[file].raw)
    _write_old_rows(folder / OLD_ROWS_FILE, checkpoint, layout, base_size)
    shared = [name for name in carried if not (folder / name).exists()]
    small = [*shared, *(f"{BASE_FOLDER}/{p.name}" for p in sorted(folder.iterdir()))]
    fields = {
        "converted": converted,
        "carried": shared,
        "small": {name: file_record(target / name).sha256 for name in small},
        "files": {name: name in edited for name in checkpoint.headers},
        "tensors": {p.name: _tensor_fields(checkpoint, p) for p in layout.places},
    }
    write_json(folder / BASE_FILE, fields)


def write_digests(
    target: Path,
    checkpoint: Checkpoint,
    layout: Layout,
    found: Mapping[str, Sequence[tuple[Segment, str]]],
) -> None:
    """Keep the digests of all that was copied: tensors of edited files, and whole other files.

    Args:
        target: The output folder, being filled.
        checkpoint: The base checkpoint.
        layout: Its tensors with one row a token, which have digests already.
        found: Each weight file's segments with their digests; none where the file was linked.
    """
    rows = {place.name for place in layout.places}
    tensors, files = {}, {}
    for file, digests in found.items():
        by_start = {e.start: e for e in checkpoint.headers[file].tensors if e.n_bytes}
        for segment, digest in digests:
            if not isinstance(segment, CopiedBytes):
                continue
            if segment.start == 0:
                files[file] = digest
            elif (entry := by_start.get(segment.start)) and entry.name not in rows:
                tensors[entry.name] = digest
    write_json(target / BASE_FOLDER / DIGESTS_FILE, {"files": files, "tensors": tensors})


def _tensor_fields(checkpoint: Checkpoint, place: Place) -> dict[str, Any]:
    return {
        "file": place.file,
        "shape": list(place.entry.shape),
        "dtype": place.entry.dtype,
        "sha256": segment_digest(FileRows(checkpoint.folder, place).bytes_of(0, place.n_rows)),
    }


def segment_digest(*segments: Segment) -> str:
    """SHA-256 over the bytes of segments, one after the other."""
    digest = hashlib.sha256()
    for segment in segments:
        for chunk in segment.chunks():
            digest.update(chunk)
    return digest.hexdigest()


def _write_old_rows(path: Path, checkpoint: Checkpoint, layout: Layout, base_size: int) -> None:
    """The rows above the base's ids, which padding or added rows take the place of."""
    described, body = [], []
    for place in layout.places:
        first = min(base_size, place.n_rows)
        shape = (place.n_rows - first, *place.entry.shape[1:])
        described.append((place.name, place.entry.dtype, shape))
        body.append(FileRows(checkpoint.folder, place).bytes_of(first, place.n_rows))
    write_proved(path, [PlainBytes(write_header(described, {})), *body])
