"""The door for files: a checkpoint's two matrices edited where they lie, the model never built."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokext.model.align import count_spans
from tokext.model.asked import check_convertible, check_space, pick_device, pick_dtype
from tokext.model.base_check import (
    check_base,
    check_extended,
    open_base,
    piece_bytes,
    unknown_id,
)
from tokext.model.beside import Job, write_side_files
from tokext.model.checkpoint import CONFIG_FILE, INDEX_FILE, Checkpoint, open_checkpoint
from tokext.model.edit import Edit, Ids, is_tied, plan_edit
from tokext.model.find import FoundCheckpoint, find_checkpoint
from tokext.model.keepsake import write_digests, write_keepsake
from tokext.model.layout import find_layout
from tokext.model.plan import Init, RowPlan, check_init, plan_rows
from tokext.model.pretrained import NotRunnableError
from tokext.model.segments import CopiedBytes, Segment
from tokext.model.side_files import GENERATION_FILE, read_optional
from tokext.model.snapshot import take_snapshot, unchanged
from tokext.model.special_ids import check_special_ids
from tokext.model.write import link_or_copy, write_proved
from tokext.output import whole_folder
from tokext.progress import bar, say
from tokext.records import EXTENSION_FILE, Extension, file_record, write_record
from tokext.tokenizer.load import Tokenizer, load_tokenizer

if TYPE_CHECKING:
    from tokext.model.check import LogitCheck

_DEGREES = (1, 2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class ResizeResult:
    """What a resize did.

    `tensors` are the edited tensors' names; `linked` counts weight files that share their bytes
    with the base's; `tensor_parallel` are the usual degrees that divide the vocabulary; `check` is
    None where the model was not run.
    """

    output: Path
    init: Init
    n_rows_before: int
    n_rows: int
    n_added: int
    n_padding: int
    tied: bool
    tensors: tuple[str, ...]
    linked: int
    written_bytes: int
    tensor_parallel: tuple[int, ...]
    check: LogitCheck | None = None

    def fields(self) -> dict[str, Any]:
        """The result for ``tokext.json``, without the folder's place on this machine."""
        fields = dataclasses.asdict(self)
        del fields["output"]
        return fields


def resize_checkpoint(
    checkpoint: str | Path,
    *,
    tokenizer: str | Path,
    output: str | Path,
    init: Init = "subword-mean",
    device: str = "auto",
    dtype: str = "keep",
    rescale: bool = False,
    seed: int = 0,
    sample: Iterable[str] | None = None,
    copy: bool = False,
    check_logits: bool | None = None,
    force: bool = False,
) -> ResizeResult:
    """Give a checkpoint the rows of an extended tokenizer, in its files.

    Only the input embeddings and the output head are edited; other bytes are copied, and weight
    files that hold neither are hard-linked. Before the output is put in place it is read again:
    base rows and copied tensors must be the base's bytes, and new rows must agree with a second
    computation.

    Args:
        checkpoint: A folder with safetensors files, or a hub id.
        tokenizer: The folder that a merge wrote.
        output: The folder to make.
        init: Where new rows come from; see `tokext.model.rows` for each formula.
        device: Where rows are calculated. `auto` takes a GPU for `normal` only: the other rows
            take less time than their way to the GPU and back.
        dtype: Convert all float tensors. Such an output cannot be reverted.
        rescale: Bring new rows to the median norm of the trained rows.
        seed: For `normal`.
        sample: Lines of text, for `align`, which reads the first 100,000.
        copy: Copy weight files that could be hard-linked.
        check_logits: Run the model before and after. On by default below 200 million parameters,
            where transformers can run it without code of the checkpoint's.
        force: Replace an existing output.

    Returns:
        What was done; the same stands in ``tokext.json``.

    Raises:
        ModelError: The checkpoint cannot be read, edited, or run where that was asked for, carries
            another base, or what was written is not what it should be.
        InputError: An option is unknown, or lacks what it needs.
        OutputError: The output cannot be written, or the disk is too small.
    """
    check_init(init, sampled=sample is not None)
    target_dtype = pick_dtype(dtype)
    found = find_checkpoint(checkpoint)
    sources = (found.folder, Path(tokenizer))
    before = take_snapshot(*sources)
    extension = Extension.read(tokenizer)
    opened = open_checkpoint(found.folder)
    layout = find_layout(opened)
    check_convertible(opened, target_dtype)
    base = open_base(found.folder)
    check_base(base, extension)
    check_extended(load_tokenizer(tokenizer), extension, base)
    plan = _plan(extension, base, tokenizer, init, sample, seed, rescale)
    n_rows = max(extension.padded_size, *(place.n_rows for place in layout.places))
    configs = {
        CONFIG_FILE: opened.config,
        GENERATION_FILE: read_optional(found.folder / GENERATION_FILE),
    }
    check_special_ids(configs, extension, n_rows)
    edit = plan_edit(
        opened,
        layout,
        plan,
        Ids(extension.base.size, extension.size, n_rows, unknown_id(base.pieces)),
        device=pick_device(device, init),
        dtype=target_dtype,
    )
    copy = copy or found.cached
    check_space(Path(output), opened, edit, copy)
    job = Job(opened, layout, edit, extension, plan, Path(tokenizer), dtype)
    with (
        whole_folder(output, force=force, inputs=[*sources]) as folder,
        unchanged(before, *sources),
    ):
        linked = _write_files(folder, job, copy)
        checked = _check(folder, opened, check_logits, dtype)
        result = _result(Path(output), job, linked, checked)
        options = {"init": init, "dtype": dtype, "rescale": rescale, "seed": seed, "copy": copy}
        _write_record(folder, found, Path(tokenizer), options, result, device)
    return result


def _plan(
    extension: Extension,
    base: Tokenizer,
    tokenizer: str | Path,
    init: Init,
    sample: Iterable[str] | None,
    seed: int,
    rescale: bool,
) -> RowPlan:
    spans = None
    if init == "align" and sample is not None:
        spans = count_spans(sample, base, load_tokenizer(tokenizer))
    n_bytes = piece_bytes(base.pieces) if init == "weighted-mean" else None
    return plan_rows(extension, init, n_bytes=n_bytes, spans=spans, seed=seed, rescale=rescale)


def _write_files(folder: Path, job: Job, copy: bool) -> int:
    """Write everything, small files beside the weights; how many weight files were linked."""
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(_write_beside, folder, job)
        digests = _write_weights(folder, job.checkpoint, job.edit, copy)
        beside.result()
    write_digests(folder, job.checkpoint, job.layout, digests)
    return sum(digests[name] == [] for name in job.edit.linked)


def _write_beside(folder: Path, job: Job) -> None:
    write_keepsake(
        folder,
        job.checkpoint,
        job.layout,
        job.extension.base.size,
        carried=write_side_files(folder, job),
        converted=job.dtype != "keep",
    )


def _write_weights(
    folder: Path, checkpoint: Checkpoint, edit: Edit, copy: bool
) -> dict[str, list[tuple[Segment, str]]]:
    """Write every weight file and prove it; each file's segments with their digests, none where the
    file was linked.
    """
    digests: dict[str, list[tuple[Segment, str]]] = {}
    with bar("resizing", total=edit.n_bytes, unit="B") as progress:
        for name, segments in edit.segments.items():
            found = write_proved(folder / name, segments, progress.update)
            digests[name] = list(zip(segments, found, strict=True))
        for name in edit.linked:
            source = checkpoint.folder / name
            digest = link_or_copy(source, folder / name, copy=copy)
            whole = CopiedBytes(source, 0, source.stat().st_size)
            digests[name] = [] if digest is None else [(whole, digest)]
    return digests


def _result(output: Path, job: Job, linked: int, checked: LogitCheck | None) -> ResizeResult:
    n_rows = job.edit.n_rows
    return ResizeResult(
        output=output,
        init=job.plan.init,
        n_rows_before=job.layout.inputs.n_rows,
        n_rows=n_rows,
        n_added=job.plan.n_added,
        n_padding=len(job.edit.padding),
        tied=is_tied(job.checkpoint, job.layout),
        tensors=tuple(place.name for place in job.layout.places),
        linked=linked,
        written_bytes=job.edit.n_bytes,
        tensor_parallel=tuple(d for d in _DEGREES if n_rows % d == 0),
        check=checked,
    )


def _check(
    folder: Path, checkpoint: Checkpoint, wanted: bool | None, dtype: str
) -> LogitCheck | None:
    from tokext.model.check import CHECKED_PARAMETERS, check_logits

    small = checkpoint.n_parameters < CHECKED_PARAMETERS
    by_default = small and "quantization_config" not in checkpoint.config
    if not (by_default if wanted is None else wanted):
        return None
    try:
        return check_logits(checkpoint.folder, folder, dtype="auto" if dtype == "keep" else dtype)
    except NotRunnableError as error:
        if wanted:
            raise
        say(f"not run before and after: {error}")
        return None


def _write_record(
    folder: Path,
    found: FoundCheckpoint,
    tokenizer: Path,
    options: dict[str, Any],
    result: ResizeResult,
    device: str,
) -> None:
    """Weight files are known by ``base/base.json``'s digests; hashing them all would take longer
    than the resize.
    """
    inputs = [file_record(tokenizer / EXTENSION_FILE)]
    inputs += [
        file_record(found.folder / name)
        for name in (CONFIG_FILE, INDEX_FILE)
        if (found.folder / name).is_file()
    ]
    named = options | {"checkpoint": found.name, "revision": found.revision}
    write_record(
        folder,
        "checkpoint",
        options=named,
        inputs=inputs,
        result=result.fields(),
        device=device,
    )
