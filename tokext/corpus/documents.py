"""One file to documents: opened, unpacked, and handed to the reader of its format."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tokext.corpus import formats
from tokext.corpus.encodings import compression_of
from tokext.corpus.hub import HubText, read_hub
from tokext.corpus.inputs import TextFile
from tokext.corpus.json_values import read_json
from tokext.corpus.lines import without_bom
from tokext.corpus.parquet import read_parquet
from tokext.corpus.stored import Advance, opened, unpacked
from tokext.corpus.tally import Tally
from tokext.output import scratch_folder
from tokext.records import InputFile

Document = Literal["line", "file"]


@dataclass(frozen=True)
class ReadOptions:
    """How inputs are read; `read_corpus` explains the fields."""

    text_field: str = "text"
    document: Document = "line"
    max_bad_share: float = 0.01
    max_line_chars: int = 100_000


def read_file(
    file: TextFile | HubText,
    tally: Tally,
    options: ReadOptions,
    advance: Advance,
    records: list[InputFile],
    keep: Path | None = None,
) -> Iterator[list[str]]:
    """Yield the documents of a file, and add its record at the end.

    What comes over the network is kept in the folder `keep`.
    """
    if isinstance(file, HubText):
        for item in read_hub(file, tally, options.text_field, keep):
            if isinstance(item, InputFile):
                records.append(item)
            else:
                yield item
        return
    with opened(file.path(), file.label, advance) as stored:
        compression = file.compression
        if compression is None:
            compression = compression_of(file.path())
        blocks = unpacked(stored, compression, file.label)
        if file.format == "parquet":
            with _as_path(file, compression, blocks) as path:
                yield from read_parquet(path, tally, options.text_field)
        else:
            yield from _documents(file, _counted(without_bom(blocks), tally), tally, options)
        records.append(stored.record(file.name))


def _documents(
    file: TextFile, blocks: Iterator[bytes], tally: Tally, options: ReadOptions
) -> Iterator[list[str]]:
    if file.format == "jsonl":
        return formats.read_jsonl(blocks, tally, options.text_field)
    if file.format == "json":
        return read_json(blocks, tally, options.text_field)
    if file.format == "csv":
        return formats.read_csv(blocks, tally, options.text_field)
    if options.document == "file":
        return formats.read_whole(blocks, tally)
    return formats.read_lines(blocks, tally)


@contextlib.contextmanager
def _as_path(file: TextFile, compression: str, blocks: Iterator[bytes]) -> Iterator[Path]:
    """A Parquet file has its index at the end, so a compressed one is unpacked to a copy first."""
    if not compression:
        yield file.path()
        return
    with scratch_folder("tokext-unpacked") as folder:
        copy = folder / "unpacked.parquet"
        with copy.open("wb") as out:
            out.writelines(blocks)
        yield copy


def _counted(blocks: Iterator[bytes], tally: Tally) -> Iterator[bytes]:
    for block in blocks:
        tally.add("n_read_bytes", len(block))
        yield block
