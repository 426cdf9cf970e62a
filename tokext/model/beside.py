"""All that an extended checkpoint holds beside its weights, written from the plan of the edit."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from tokext.model.checkpoint import CONFIG_FILE, INDEX_FILE, Checkpoint
from tokext.model.edit import Edit
from tokext.model.layout import Layout
from tokext.model.origins import ROWS_FILE, write_origins
from tokext.model.plan import RowPlan
from tokext.model.side_files import (
    GENERATION_FILE,
    copy_others,
    new_config,
    new_generation_config,
    new_index,
    read_optional,
    write_json,
)
from tokext.records import Extension, uncollected


@dataclass(frozen=True)
class Job:
    """A resize, decided to the last byte: `dtype` is the name of what floats are converted to."""

    checkpoint: Checkpoint
    layout: Layout
    edit: Edit
    extension: Extension
    plan: RowPlan
    tokenizer: Path
    dtype: str


@uncollected()
def write_side_files(folder: Path, job: Job) -> list[str]:
    """Write all but the weights; the names of small files that the output shares with the base."""
    checkpoint, edit, extension = job.checkpoint, job.edit, job.extension
    source = checkpoint.folder
    carried = copy_others(source, job.tokenizer, folder)
    write_json(
        folder / CONFIG_FILE,
        new_config(checkpoint.config, edit.n_rows, None if job.dtype == "keep" else job.dtype),
    )
    generation = new_generation_config(
        read_optional(source / GENERATION_FILE),
        checkpoint.config,
        edit.padding,
        range(extension.base.size, extension.size),
    )
    if generation is not None:
        write_json(folder / GENERATION_FILE, generation)
    if checkpoint.index is not None:
        total = sum(e.n_bytes for _, e in checkpoint.tensors.values())
        numbers = sum((edit.n_rows - p.n_rows) * p.dim for p in job.layout.places)
        write_json(
            folder / INDEX_FILE,
            new_index(checkpoint.index, _tensor_bytes(edit, checkpoint) - total, numbers),
        )
    padded = dataclasses.replace(
        extension,
        padded_size=edit.n_rows,
        padding=tuple(range(extension.size, edit.n_rows)),
    )
    if padded != extension:
        padded.write(folder)
    write_origins(folder / ROWS_FILE, extension, job.plan, edit.padding, edit.twin)
    return carried


def _tensor_bytes(edit: Edit, checkpoint: Checkpoint) -> int:
    """The bytes of all tensors after the edit, headers left out."""
    changed = sum(s.n_bytes for segments in edit.segments.values() for s in segments[1:])
    same = (e.n_bytes for n in edit.linked for e in checkpoint.headers[n].tensors)
    return changed + sum(same)
