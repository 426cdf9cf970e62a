"""The edit of a checkpoint's files, planned as segments before a byte is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tokext.model.checkpoint import Checkpoint
from tokext.model.header import FLOAT_NAMES, FLOATS, TensorEntry, write_header
from tokext.model.layout import Layout, Place
from tokext.model.maker import RowMaker
from tokext.model.padding import padding_bias, padding_twin
from tokext.model.plan import RowPlan, bias_plan
from tokext.model.segments import (
    ConvertedBytes,
    CopiedBytes,
    MadeRows,
    PlainBytes,
    Segment,
    read_exactly,
)

_BLOCK_BYTES = 8 << 20


class FileRows:
    """The first `n_rows` rows of a matrix that lies in a file. Shape: (n_rows, dim)."""

    def __init__(self, folder: Path, place: Place, n_rows: int | None = None) -> None:
        self.path = folder / place.file
        self.place = place
        self.n_rows = place.n_rows if n_rows is None else min(n_rows, place.n_rows)
        self.dim = place.dim
        self.dtype = FLOATS[place.entry.dtype]

    def take(self, ids: Tensor) -> Tensor:
        """The rows (len(ids), dim) of ascending, distinct ids."""
        rows = torch.empty(len(ids), self.dim, dtype=self.dtype)
        size = self.place.row_bytes
        view = rows.view(torch.uint8).numpy().reshape(-1).data if len(ids) else None
        with self.path.open("rb", buffering=0) as file:
            done = 0
            for first, n_rows in _runs(ids):
                assert view is not None
                file.seek(self.place.entry.start + first * size)
                read_exactly(file, view[done * size : (done + n_rows) * size])
                done += n_rows
        return rows

    def blocks(self) -> Iterator[Tensor]:
        """All rows, in blocks (n, dim) of a few megabytes."""
        step = max(1, _BLOCK_BYTES // self.place.row_bytes)
        for start in range(0, self.n_rows, step):
            stop = min(start + step, self.n_rows)
            part = self.bytes_of(start, stop)
            block = torch.empty(stop - start, self.dim, dtype=self.dtype)
            filled = 0
            view = block.view(torch.uint8).numpy().reshape(-1).data
            for chunk in part.chunks():
                view[filled : filled + len(chunk)] = chunk
                filled += len(chunk)
            yield block

    def bytes_of(self, start: int, stop: int) -> CopiedBytes:
        """The bytes of rows `start` to `stop`."""
        size = self.place.row_bytes
        first = self.place.entry.start + start * size
        return CopiedBytes(self.path, first, (stop - start) * size)


def _runs(ids: Tensor) -> list[tuple[int, int]]:
    """Ascending ids as runs of neighbors: the first of each, and how many."""
    if not len(ids):
        return []
    starts = torch.cat([torch.tensor([0]), (ids.diff() != 1).nonzero()[:, 0] + 1])
    lengths = torch.cat([starts, torch.tensor([len(ids)])]).diff()
    return list(zip(ids[starts].tolist(), lengths.tolist(), strict=True))


@dataclass(frozen=True)
class Edit:
    """What becomes of a checkpoint's files.

    `segments` holds the new content of every file that changes, by name; `linked` names the files
    that stay as they are. `n_rows` counts vocabulary rows afterwards; `padding` lists the ids that
    no text uses; `twin` is the base id that their rows copy.
    """

    segments: Mapping[str, list[Segment]]
    linked: tuple[str, ...]
    makers: Mapping[str, RowMaker]
    n_rows: int
    padding: tuple[int, ...]
    twin: int | None

    @property
    def n_bytes(self) -> int:
        """How many bytes the changed files take."""
        return sum(s.n_bytes for segments in self.segments.values() for s in segments)


@dataclass(frozen=True)
class Ids:
    """Which ids are what: the base's up to `base_size`, added up to `size`, padding to `n_rows`.

    `unknown` is the id of the base's unknown piece, where it is known.
    """

    base_size: int
    size: int
    n_rows: int
    unknown: int | None = None


def is_tied(checkpoint: Checkpoint, layout: Layout) -> bool:
    """Whether one matrix serves as input embeddings and output head, as transformers sees it: the
    files hold one, or the config says so and the two that they hold are equal.
    """
    if layout.head is None:
        return True
    if not layout.says_tied or layout.head.entry.shape != layout.inputs.entry.shape:
        return False
    both = (FileRows(checkpoint.folder, place).blocks() for place in (layout.inputs, layout.head))
    return all(torch.equal(one, other) for one, other in zip(*both, strict=True))


def plan_edit(
    checkpoint: Checkpoint,
    layout: Layout,
    plan: RowPlan,
    ids: Ids,
    *,
    device: torch.device,
    dtype: torch.dtype | None,
) -> Edit:
    """Plan the new content of every file.

    Args:
        checkpoint: The checkpoint to edit.
        layout: Its tensors with one row a token.
        plan: What the new rows are made of.
        ids: Which ids are base, added and padding.
        device: Where rows are calculated.
        dtype: The dtype that all float tensors are converted to; None keeps each as it is.
    """
    absent = range(min(layout.inputs.n_rows, ids.base_size), ids.base_size)
    padding = (*absent, *range(ids.size, ids.n_rows))
    wide = layout.head or layout.inputs
    trained = FileRows(checkpoint.folder, wide, ids.base_size)
    twin = padding_twin(trained.blocks, ids.unknown) if padding else None
    makers = {}
    parts: dict[str, list[Segment]] = {}
    for place in layout.places:
        source = FileRows(checkpoint.folder, place, ids.base_size)
        target = dtype or source.dtype
        is_bias = place == layout.bias
        own_plan = bias_plan(plan, source.n_rows) if is_bias else plan
        makers[place.name] = RowMaker(own_plan, source, device, target)
        pad = _padding_row(source, twin, is_bias, target)
        parts[place.name] = _place_segments(source, makers[place.name], pad, ids, target)
    segments, linked = {}, []
    for file in checkpoint.headers:
        if dtype is None and not any(p.file == file for p in layout.places):
            linked.append(file)
        else:
            segments[file] = _file_segments(checkpoint, file, parts, ids.n_rows, dtype)
    return Edit(segments, tuple(linked), makers, ids.n_rows, padding, twin)


def _padding_row(source: FileRows, twin: int | None, is_bias: bool, dtype: torch.dtype) -> Tensor:
    """The row (1, dim) of padding ids in one tensor."""
    if twin is None:
        return torch.zeros(1, source.dim, dtype=dtype)
    if is_bias:
        values = torch.cat(list(source.blocks())).view(-1)
        return torch.full((1, 1), padding_bias(values), dtype=dtype)
    return source.take(torch.tensor([twin])).to(dtype)


def _place_segments(
    source: FileRows, maker: RowMaker, pad: Tensor, ids: Ids, dtype: torch.dtype
) -> list[Segment]:
    kept: Segment = source.bytes_of(0, source.n_rows)
    if dtype != source.dtype:
        kept = ConvertedBytes(source.bytes_of(0, source.n_rows), source.dtype, dtype)
    n_added = ids.size - ids.base_size
    return [
        kept,
        _repeated(pad, ids.base_size - source.n_rows),
        MadeRows(maker.make, maker.make_again, n_added, maker.dim, dtype),
        _repeated(pad, ids.n_rows - ids.size),
    ]


def _repeated(row: Tensor, n_rows: int) -> MadeRows:
    def repeat(start: int, stop: int) -> Tensor:
        return row.expand(stop - start, -1)

    return MadeRows(repeat, lambda a, b: repeat(a, b).float(), n_rows, row.shape[1], row.dtype, 0.0)


def _file_segments(
    checkpoint: Checkpoint,
    file: str,
    parts: Mapping[str, list[Segment]],
    n_rows: int,
    dtype: torch.dtype | None,
) -> list[Segment]:
    header = checkpoint.headers[file]
    described, body = [], []
    # Wide numbers first, so that every tensor starts at a multiple of its element's size.
    for entry in sorted(header.tensors, key=lambda e: -_new_bits(e, dtype)):
        shape = (n_rows, *entry.shape[1:]) if entry.name in parts else entry.shape
        described.append((entry.name, _new_dtype(entry, dtype), shape))
        body += parts.get(entry.name) or [_whole(header.path, entry, dtype)]
    return [PlainBytes(write_header(described, header.metadata)), *body]


def _whole(path: Path, entry: TensorEntry, dtype: torch.dtype | None) -> Segment:
    copied = CopiedBytes(path, entry.start, entry.n_bytes)
    old = FLOATS.get(entry.dtype)
    if dtype is None or old is None or old == dtype:
        return copied
    return ConvertedBytes(copied, old, dtype)


def _new_dtype(entry: TensorEntry, dtype: torch.dtype | None) -> str:
    return FLOAT_NAMES[dtype] if dtype is not None and entry.dtype in FLOATS else entry.dtype


def _new_bits(entry: TensorEntry, dtype: torch.dtype | None) -> int:
    return dtype.itemsize * 8 if dtype is not None and entry.dtype in FLOATS else entry.bits
