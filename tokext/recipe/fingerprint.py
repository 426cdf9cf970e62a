"""What the outcome of a stage depends on, so that it is done again when any of it has changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tokext.corpus.hub import PREFIX, parse_hub, resolved_revision
from tokext.corpus.inputs import STANDARD_INPUT, places
from tokext.errors import InputError
from tokext.progress import say
from tokext.recipe.stage import Stage
from tokext.records import file_record
from tokext.tokenizer.base import find_base

#: Where and with what a stage works; its outcome does not depend on it.
_MEANS = frozenset({"workers", "max_memory", "engine", "address"})

#: Names of files with their sizes and times of change or their digests, or a revision.
Seen = list[list[Any]]


class Fingerprints:
    """Takes the fingerprints of a run's stages.

    `revisions` are those of data sets of the hub, by name: what a hub that is out of reach said
    before is taken to hold still.
    """

    def __init__(self, revisions: Mapping[str, str]) -> None:
        self._before = dict(revisions)
        self.revisions: dict[str, str] = {}
        self._tokenizers: dict[str, Seen] = {}

    def of(self, stage: Stage, options: Mapping[str, Any], earlier: Iterable[str | Seen]) -> str:
        """The digest of a stage's options, of all that it reads, and of tokext.

        Args:
            stage: The stage.
            options: Its options.
            earlier: Of each stage that it comes after the fingerprint; or, where nothing is known
                of how its output was made, what that looks like.
        """
        from importlib.metadata import version

        depends_on = [
            stage.name,
            version("tokext"),
            {key: value for key, value in options.items() if key not in _MEANS},
            [[name, *self._seen(reads, name)] for reads, name in _names(stage, options)],
            list(earlier),
        ]
        return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()

    def _seen(self, reads: str, name: str) -> Seen:
        if reads == "text" and name.startswith(PREFIX):
            return self._data_set(name)
        if reads == "tokenizer":
            return self._tokenizer(name)
        if reads == "checkpoint" and not Path(name).exists():
            from tokext.model.find import found_revision  # the room needs torch, recipes do not

            return [[found_revision(name)]]
        found = places([name])
        if name == STANDARD_INPUT or any(p.exists() and not (p.is_file() or p.is_dir())
                                         for p in found):  # fmt: skip
            return [[time.time_ns()]]  # a pipe is not to be seen without being read
        return [entry for path in found for entry in look(path)]

    def _tokenizer(self, name: str) -> Seen:
        """By what they hold: the same files come from the hub, its cache and mistral-common."""
        if name not in self._tokenizers:
            files = find_base(name).files.items()
            self._tokenizers[name] = [[n, file_record(path).sha256] for n, path in files]
        return self._tokenizers[name]

    def _data_set(self, name: str) -> Seen:
        source = parse_hub(name, "train")
        if Path(source.dataset).is_dir():
            return look(Path(source.dataset))
        if name not in self.revisions:
            try:
                self.revisions[name] = resolved_revision(source) or ""
            except InputError as error:
                if name not in self._before:
                    raise
                say(f"{error} It is taken to be as before.")
                self.revisions[name] = self._before[name]
        return [[self.revisions[name]]]


def _names(stage: Stage, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything that a stage's options name, with what it is."""
    for key, kind in stage.takes.items():
        given = options.get(key) if kind.reads else None
        for name in [given] if isinstance(given, str) else given or []:
            yield kind.reads, name


def look(path: Path) -> Seen:
    """Name, size and time of change of a file, or of every file in a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    seen = ((file, file.stat()) for file in files if file.is_file())
    return [
        [file.relative_to(path.parent).as_posix(), stat.st_size, stat.st_mtime_ns]
        for file, stat in seen
    ]
