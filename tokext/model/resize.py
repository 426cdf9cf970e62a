"""The door for files: a checkpoint's two matrices edited where they lie, the model never built."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from tokext.errors import InputError, ModelError, OutputError
from tokext.model.align import count_spans
from tokext.model.base_check import check_base, open_base, piece_bytes, unknown_id
from tokext.model.checkpoint import CONFIG_FILE, INDEX_FILE, Checkpoint, open_checkpoint
from tokext.model.edit import Edit, Ids, plan_edit
from tokext.model.find import FoundCheckpoint, find_checkpoint
from tokext.model.header import FLOATS
from tokext.model.keepsake import write_keepsake
from tokext.model.layout import Layout, find_layout
from tokext.model.plan import Init, RowPlan, check_init, plan_rows
from tokext.model.side_files import (
    GENERATION_FILE,
    ROWS_FILE,
    copy_others,
    new_config,
    new_generation_config,
    new_index,
    read_optional,
    write_json,
    write_rows,
)
from tokext.model.write import free_bytes, link_or_copy, write_proved
from tokext.output import whole_folder
from tokext.progress import bar
from tokext.records import EXTENSION_FILE, Extension, file_record, write_record
from tokext.tokenizer.load import Tokenizer, load_tokenizer

if TYPE_CHECKING:
    from tokext.model.check import LogitCheck

DTYPES = {
    "keep": None,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}
DEVICES = ("auto", "cpu", "cuda", "mps")

#: Models below this are run before and after, to show that nothing old has changed.
CHECKED_PARAMETERS = 200_000_000

#: Lines of a sample that `align` reads: enough for a count of every piece that is not rare.
SAMPLE_LINES = 100_000

#: Room for the small files beside the weights, when the disk's free space is checked.
_SMALL_FILES_BYTES = 64 << 20
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
        sample: Lines of text, for `align`.
        copy: Copy weight files that could be hard-linked.
        check_logits: Run the model before and after. On by default below 200 million parameters.
        force: Replace an existing output.

    Returns:
        What was done; the same stands in ``tokext.json``.

    Raises:
        ModelError: The checkpoint cannot be read or edited, carries another base, or what was
            written is not what it should be.
        InputError: An option is unknown, or lacks what it needs.
        OutputError: The output cannot be written, or the disk is too small.
    """
    check_init(init)
    target_dtype = _named(DTYPES, dtype, "dtype")
    found = find_checkpoint(checkpoint)
    extension = Extension.read(tokenizer)
    opened = open_checkpoint(found.folder)
    layout = find_layout(opened)
    _check_convertible(opened, target_dtype)
    base = open_base(found.folder)
    check_base(base, extension)
    plan = _plan(extension, base, tokenizer, init, sample, seed, rescale)
    before = opened.snapshot()
    n_rows = max(extension.padded_size, *(place.n_rows for place in layout.places))
    edit = plan_edit(
        opened,
        layout,
        plan,
        Ids(extension.base.size, extension.size, n_rows, unknown_id(base.pieces)),
        device=pick_device(device, init),
        dtype=target_dtype,
    )
    copy = copy or found.cached
    _check_space(Path(output), opened, edit, copy)
    with whole_folder(output, force=force, inputs=[found.folder, tokenizer]) as folder:
        with ThreadPoolExecutor(1) as beside:
            side_files = beside.submit(
                _write_side_files,
                folder,
                opened,
                layout,
                edit,
                extension,
                plan,
                Path(tokenizer),
                dtype,
            )
            linked = _write_weights(folder, opened, edit, copy)
        write_keepsake(
            folder,
            opened,
            layout,
            extension.base.size,
            carried=side_files.result(),
            converted=target_dtype is not None,
        )
        if opened.snapshot() != before:
            raise ModelError(
                f"{found.name} was changed while it was read.",
                hint="run again when nothing else writes to it.",
            )
        checked = _check(folder, opened, extension, check_logits, target_dtype)
        result = ResizeResult(
            output=Path(output),
            init=init,
            n_rows_before=layout.inputs.n_rows,
            n_rows=n_rows,
            n_added=plan.n_added,
            n_padding=len(edit.padding),
            tied=layout.tied,
            tensors=tuple(place.name for place in layout.places),
            linked=linked,
            written_bytes=edit.n_bytes,
            tensor_parallel=tuple(d for d in _DEGREES if n_rows % d == 0),
            check=checked,
        )
        options = {"init": init, "dtype": dtype, "rescale": rescale, "seed": seed, "copy": copy}
        _write_record(folder, found, Path(tokenizer), options, result, device)
    return result


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


def _named(choices: dict[str, torch.dtype | None], name: str, what: str) -> torch.dtype | None:
    if name not in choices:
        raise InputError(f"unknown {what} {name!r}.", hint=f"one of {', '.join(choices)}.")
    return choices[name]


def _check_convertible(checkpoint: Checkpoint, dtype: torch.dtype | None) -> None:
    if dtype is None:
        return
    odd = next((e for _, e in checkpoint.tensors.values() if e.dtype not in FLOATS), None)
    if "quantization_config" in checkpoint.config or odd is not None:
        what = f"{odd.name!r} is {odd.dtype}" if odd is not None else "its config says so"
        raise InputError(
            f"the checkpoint is quantized ({what}), and its scales belong to their dtype.",
            hint="use --dtype keep.",
        )


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
        lines = itertools.islice(sample, SAMPLE_LINES)
        spans = count_spans(lines, base, load_tokenizer(tokenizer))
    n_bytes = piece_bytes(base.pieces) if init == "weighted-mean" else None
    return plan_rows(extension, init, n_bytes=n_bytes, spans=spans, seed=seed, rescale=rescale)


def _check_space(output: Path, checkpoint: Checkpoint, edit: Edit, copy: bool) -> None:
    """Refuse before anything is written; links may fail, so unless they surely work they count."""
    sizes = {name: (checkpoint.folder / name).stat().st_size for name in edit.linked}
    copied = sum(sizes.values()) if copy or not _same_disk(checkpoint.folder, output) else 0
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


def _write_weights(folder: Path, checkpoint: Checkpoint, edit: Edit, copy: bool) -> int:
    """Write every weight file and prove it; how many were linked."""
    with bar("resizing", total=edit.n_bytes, unit="B") as progress:
        for name, segments in edit.segments.items():
            write_proved(folder / name, segments, progress.update)
        linked = [
            link_or_copy(checkpoint.folder / name, folder / name, copy=copy) for name in edit.linked
        ]
    return sum(linked)


def _write_side_files(
    folder: Path,
    checkpoint: Checkpoint,
    layout: Layout,
    edit: Edit,
    extension: Extension,
    plan: RowPlan,
    tokenizer: Path,
    dtype: str,
) -> list[str]:
    """Write all but the weights; the names of small files that the output shares with the base."""
    source, converted = checkpoint.folder, dtype != "keep"
    carried = copy_others(source, tokenizer, folder)
    write_json(
        folder / CONFIG_FILE,
        new_config(checkpoint.config, edit.n_rows, dtype if converted else None),
    )
    generation = new_generation_config(
        read_optional(source / GENERATION_FILE), checkpoint.config, edit.padding
    )
    if generation is not None:
        write_json(folder / GENERATION_FILE, generation)
    if checkpoint.index is not None:
        total = sum(e.n_bytes for _, e in checkpoint.tensors.values())
        numbers = sum((edit.n_rows - p.n_rows) * p.dim for p in layout.places)
        write_json(
            folder / INDEX_FILE,
            new_index(checkpoint.index, _tensor_bytes(edit, checkpoint) - total, numbers),
        )
    padded = dataclasses.replace(
        extension,
        padded_size=edit.n_rows,
        padding=tuple(range(extension.size, edit.n_rows)),
    )
    (folder / EXTENSION_FILE).unlink(missing_ok=True)
    padded.write(folder)
    write_rows(folder / ROWS_FILE, extension, plan, edit.padding, edit.twin)
    return carried


def _tensor_bytes(edit: Edit, checkpoint: Checkpoint) -> int:
    """The bytes of all tensors after the edit, headers left out."""
    changed = sum(s.n_bytes for segments in edit.segments.values() for s in segments[1:])
    same = (e.n_bytes for n in edit.linked for e in checkpoint.headers[n].tensors)
    return changed + sum(same)


def _check(
    folder: Path,
    checkpoint: Checkpoint,
    extension: Extension,
    wanted: bool | None,
    dtype: torch.dtype | None,
) -> LogitCheck | None:
    if wanted is None:
        small = checkpoint.n_parameters < CHECKED_PARAMETERS
        wanted = small and dtype is None and "quantization_config" not in checkpoint.config
    if not wanted:
        return None
    from tokext.model.check import check_logits

    return check_logits(checkpoint.folder, folder)


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
