"""Data sets of the Hugging Face hub, streamed: ``hf:NAME[:CONFIG][@REVISION]``."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.corpus.formats import missing_row, no_field
from tokext.corpus.kept import KeptStream, kept_batches
from tokext.corpus.tally import Tally
from tokext.errors import InputError, TokextError
from tokext.records import InputFile

PREFIX = "hf:"
_BATCH_ROWS = 1000


@dataclass(frozen=True)
class HubText:
    """A data set of the hub, or a local folder in the form of one."""

    dataset: str
    config: str | None
    revision: str | None
    split: str

    @property
    def label(self) -> str:
        """The data set as the person would write it."""
        config = f":{self.config}" if self.config else ""
        revision = f"@{self.revision}" if self.revision else ""
        return f"{PREFIX}{self.dataset}{config}{revision}"


def parse_hub(given: str, split: str) -> HubText:
    """Take ``hf:NAME[:CONFIG][@REVISION]`` apart.

    Raises:
        InputError: There is no name, or a revision is asked of a local folder.

    Example:
        >>> parse_hub("hf:wikimedia/wikipedia:20231101.ja@main", "train").config
        '20231101.ja'
    """
    rest, _, revision = given.removeprefix(PREFIX).partition("@")
    name, _, config = rest.partition(":")
    if not name:
        raise InputError(
            f"'{given}' names no data set.",
            hint="write hf:NAME, such as hf:wikimedia/wikipedia:20231101.ja.",
        )
    if revision and Path(name).is_dir():
        raise InputError(
            f"'{given}' asks for a revision of a folder, which has none.",
            hint=f"write {given.removesuffix(f'@{revision}')} for the folder as it is.",
        )
    return HubText(name, config or None, revision or None, split)


def read_hub(
    source: HubText, tally: Tally, text_field: str, keep: Path | None = None
) -> Iterator[list[str] | InputFile]:
    """Yield the documents in batches, and at the end the record of what was read.

    The record names the revision that `revision` stood for. Its digest is that of the documents,
    each followed by a zero byte. Text that comes over the network is kept in the folder `keep`, if
    one is given, and is not fetched again while it is there.

    Raises:
        InputError: `datasets` is missing, the hub has no such data set or refuses it, or the data
            set lacks the text field.
    """
    digest = hashlib.sha256()
    resolved = resolved_revision(source)
    with _explained(source):
        rows = _open(source, resolved)
        if rows.column_names is not None and text_field not in rows.column_names:
            raise no_field(tally, text_field, tuple(rows.column_names))
        n_before = 0
        for values in _values(rows, text_field, source, resolved, keep):
            documents = _documents(values, n_before, tally, text_field)
            digest.update("".join(f"{d}\0" for d in documents).encode())
            n_before += len(values)
            yield documents
    name = HubText(source.dataset, source.config, resolved, source.split).label
    if Path(source.dataset).is_dir():
        name = PREFIX + Path(source.dataset).resolve().name
    yield InputFile(name, digest.hexdigest(), tally.counts["n_bytes"])


def _values(
    rows: Any, text_field: str, source: HubText, resolved: str | None, keep: Path | None
) -> Iterator[list[Any]]:
    if keep is not None and resolved is not None:
        identity = (source.dataset, source.config, resolved, source.split, text_field)
        yield from kept_batches(rows, text_field, _BATCH_ROWS, KeptStream(keep, *identity))
        return
    for batch in rows.iter(batch_size=_BATCH_ROWS):
        yield batch.get(text_field) or [None] * len(next(iter(batch.values())))


def _documents(values: list[Any], n_before: int, tally: Tally, text_field: str) -> list[str]:
    documents, numbers = [], []
    for number, value in enumerate(values, n_before + 1):
        if isinstance(value, str):
            tally.add("n_read_bytes", len(value.encode("utf-8", "surrogatepass")))
            documents.append(value)
            numbers.append(number)
        else:
            missing_row(tally, text_field, f"row {number:,}")
    return tally.keep(documents, numbers, "row")


def resolved_revision(source: HubText) -> str | None:
    """The commit that the revision stands for now; None for a local folder.

    Raises:
        InputError: The hub has no such data set, or cannot be asked.
    """
    if Path(source.dataset).is_dir():
        return None
    with _explained(source):
        from huggingface_hub import HfApi

        return str(HfApi().dataset_info(source.dataset, revision=source.revision).sha)


def _open(source: HubText, revision: str | None) -> Any:
    try:
        from datasets import load_dataset
    except ImportError as error:
        raise InputError(
            f"{source.label} needs the package datasets, which is not installed.",
            hint="pip install 'tokext[hub]'.",
        ) from error
    # False also for the old releases that would ask, and run a script of the data set on a yes.
    splits = load_dataset(
        source.dataset,
        source.config,
        revision=revision,
        streaming=True,
        trust_remote_code=False,
    )
    if source.split not in splits:
        raise InputError(
            f"{source.label} has no split '{source.split}'; it has {', '.join(splits)}.",
            hint=f"choose one with --split, such as --split {next(iter(splits))}.",
        )
    return splits[source.split]


@contextlib.contextmanager
def _explained(source: HubText) -> Iterator[None]:
    try:
        yield
    except TokextError:
        raise
    # Four libraries read for us, each with its own family of errors.
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise InputError(
            f"{source.label} cannot be read: {reason}.",
            hint="check its name and HF_HUB_OFFLINE; for a gated one set HF_TOKEN.",
        ) from error
