"""What came from the hub, kept beside the output: a second start does not fetch it again."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokext.errors import OutputError

#: Batches to a file.
_FILE_BATCHES = 20


class KeptStream:
    """Batches of a stream in numbered files, each with the place where the stream goes on."""

    def __init__(self, folder: Path, *identity: str | None) -> None:
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        self._stem = folder / f"hub-{digest[:32]}"
        self._n_files = 0

    def read(self) -> Iterator[tuple[list[list[Any]], Any]]:
        """Yield what is kept: some batches, and the state of the stream behind them."""
        import pyarrow
        import pyarrow.parquet

        while True:
            try:
                table = pyarrow.parquet.read_table(
                    self._path(self._n_files), page_checksum_verification=True
                )
            except (OSError, ValueError):  # not there, or damaged: it is fetched again
                return
            self._n_files += 1
            yield table.column(0).to_pylist(), json.loads(table.schema.metadata[b"state"])

    def write(self, batches: list[list[Any]], state: Any) -> None:
        """Keep some batches more.

        Raises:
            OutputError: The disk is full, or may not be written to.
        """
        import pyarrow
        import pyarrow.parquet

        texts = [[v if isinstance(v, str) else None for v in batch] for batch in batches]
        column = pyarrow.array(texts, pyarrow.list_(pyarrow.string()))
        table = pyarrow.table({"batch": column})
        table = table.replace_schema_metadata({"state": json.dumps(state)})
        path = self._path(self._n_files)
        unfinished = path.with_suffix(f".{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            pyarrow.parquet.write_table(
                table, unfinished, compression="zstd", write_page_checksum=True
            )
            unfinished.replace(path)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else error
            raise OutputError(
                f"what comes from the hub cannot be kept in {path.parent}: {reason}.",
                hint="free some space, or choose an -o on another disk; the next start goes on.",
            ) from error
        finally:
            unfinished.unlink(missing_ok=True)
        self._n_files += 1

    def _path(self, number: int) -> Path:
        return self._stem.with_name(f"{self._stem.name}-{number:06}.parquet")


def kept_batches(rows: Any, field: str, batch_rows: int, kept: KeptStream) -> Iterator[list[Any]]:
    """The batches of a streamed data set: first what is kept, then the rest, kept as it comes.

    Args:
        rows: An iterable data set of `datasets`, which can tell and take up its state.
        field: The column that is read.
        batch_rows: Rows to a batch.
        kept: Where they are kept.
    """
    for batches, state in kept.read():
        yield from batches
        rows.load_state_dict(state)
    fresh = (batch.get(field) or [None] * _n_rows(batch) for batch in rows.iter(batch_rows))
    while some := list(itertools.islice(fresh, _FILE_BATCHES)):
        kept.write(some, rows.state_dict())
        yield from some


def _n_rows(batch: dict[str, list[Any]]) -> int:
    return len(next(iter(batch.values())))
