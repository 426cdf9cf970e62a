"""From a name to a checkpoint's folder: a folder, the hub's cache, or the hub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tokext.errors import ModelError
from tokext.model.checkpoint import (
    CONFIG_FILE,
    INDEX_FILE,
    SINGLE_FILE,
    find_pickle,
    pickle_error,
)
from tokext.records import read_json
from tokext.tokenizer.carried import LICENCE_PATTERNS

_HUB_NAME = re.compile(r"[\w.\-]+/[\w.\-]+(@[\w.\-/]+)?")
#: One of several weight files, which an index belongs to.
_SHARD = re.compile(r"-\d+-of-\d+\.safetensors$")
_ASK_SECONDS = 5.0
_PATTERNS = [
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "tokenizer.model",
    "*.jinja",
    *LICENCE_PATTERNS,
]


#: The same weights once more, in the layout of another program: Mistral's come with it.
_NOT_LOADED = ["consolidated*.safetensors"]


@dataclass(frozen=True)
class FoundCheckpoint:
    """Where a checkpoint is. `cached` says that its files belong to the hub's cache."""

    name: str
    folder: Path
    revision: str = ""
    cached: bool = False


def find_checkpoint(name: str | Path, *, for_weights: bool = True) -> FoundCheckpoint:
    """Find a checkpoint: a folder of that name, else the hub's cache, else the hub itself.

    Unless it is `for_weights`, one without safetensors files will do, for its tokenizer.
    `NAME@REVISION` pins a revision; HF_HOME, HF_HUB_OFFLINE, HF_ENDPOINT and HF_TOKEN are honored.

    Raises:
        ModelError: There is no such checkpoint, or the hub does not give it.
    """
    text = str(name)
    if Path(text).is_dir():
        return FoundCheckpoint(text, Path(os.path.abspath(text)))
    if Path(text).exists():
        raise ModelError(f"{text} is a file.", hint="give the folder that holds config.json.")
    if not _HUB_NAME.fullmatch(text) or ".." in text:
        raise ModelError(
            f"there is no checkpoint {text!r}: no folder, and not the form of a hub id.",
            hint="give a folder, or OWNER/NAME as on the hub.",
        )
    repository, _, revision = text.partition("@")
    folder = _cached(repository, revision)
    if folder is None or lacks(folder):
        folder = _downloaded(repository, revision, folder, for_weights)
    return FoundCheckpoint(repository, folder, revision=folder.name, cached=True)


def found_revision(name: str) -> str:
    """The commit that a hub id stands for, in the hub's cache or on the hub; empty where neither
    says it.
    """
    repository, _, revision = name.partition("@")
    cached = _cached(repository, revision)
    if cached is not None and not lacks(cached):
        return cached.name
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(repository, revision=revision or None, timeout=_ASK_SECONDS)
    except Exception:  # resizing it will say what is wrong with it
        return ""
    return str(info.sha or "")


def _cached(repository: str, revision: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=_PATTERNS,
                ignore_patterns=_NOT_LOADED,
                local_files_only=True,
            )
        )
    except (LocalEntryNotFoundError, HFValidationError, ValueError):
        return None


def lacks(folder: Path) -> str:
    """The first file that a checkpoint in the cache lacks; empty where it is whole.

    The cache may hold the tokenizer alone, or what a killed download left.
    """
    if not (folder / CONFIG_FILE).exists():
        return CONFIG_FILE
    if (folder / INDEX_FILE).exists():
        index = read_json(folder / INDEX_FILE)
        named = index.get("weight_map") if isinstance(index, dict) else None
        names = sorted(map(str, named.values())) if isinstance(named, dict) else []
        return next((name for name in names if not (folder / name).exists()), "")
    found = [path.name for path in folder.glob("*.safetensors")]
    if SINGLE_FILE in found or (len(found) == 1 and not _SHARD.search(found[0])):
        return ""
    return INDEX_FILE if found else SINGLE_FILE


def _downloaded(repository: str, revision: str, cached: Path | None, for_weights: bool) -> Path:
    """The folder of a checkpoint, fetched from the hub but for what is cached of it."""
    from huggingface_hub import HfApi, constants, snapshot_download

    if constants.HF_HUB_OFFLINE:
        return _offline(repository, cached, for_weights)
    try:
        folder = Path(
            snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=_PATTERNS,
                ignore_patterns=_NOT_LOADED,
            )
        )
        ask = for_weights and not any(folder.glob("*.safetensors"))
        names = HfApi().list_repo_files(repository, revision=folder.name) if ask else []
    except Exception as error:  # transport errors of the hub's client have no common class
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{repository} could not be had from the hub: {reason}",
            hint="check the name and HF_TOKEN, or download it and give the folder.",
        ) from error
    if pickle := find_pickle(names):
        target = f"{repository.split('/')[1]}-safetensors"
        raise pickle_error(f"{pickle} of {repository}", repository, target)
    return folder


def _offline(repository: str, cached: Path | None, for_weights: bool) -> Path:
    """What the cache holds, where opening it will say what is wrong; else an error."""
    names = [] if cached is None else [path.name for path in cached.iterdir()]
    if cached is not None and (find_pickle(names) or not for_weights):
        return cached
    there = "not" if cached is None else f"without {lacks(cached)}"
    raise ModelError(
        f"{repository} is {there} in the hub's cache, and HF_HUB_OFFLINE is set.",
        hint="unset HF_HUB_OFFLINE, or give a folder.",
    )
