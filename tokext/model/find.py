"""From a name to a checkpoint's folder: a folder, the hub's cache, or the hub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tokext.errors import ModelError
from tokext.tokenizer.carried import LICENCE_PATTERNS

_HUB_NAME = re.compile(r"[\w.\-]+/[\w.\-]+(@[\w.\-/]+)?")
_ASK_SECONDS = 5.0
_PATTERNS = [
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "tokenizer.model",
    "*.jinja",
    *LICENCE_PATTERNS,
]


@dataclass(frozen=True)
class FoundCheckpoint:
    """Where a checkpoint is. `cached` says that its files belong to the hub's cache."""

    name: str
    folder: Path
    revision: str = ""
    cached: bool = False


def find_checkpoint(name: str | Path) -> FoundCheckpoint:
    """Find a checkpoint: a folder of that name, else the hub's cache, else the hub itself.

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
    folder = _cached(repository, revision) or _downloaded(repository, revision)
    return FoundCheckpoint(repository, folder, revision=folder.name, cached=True)


def found_revision(name: str) -> str:
    """The commit that a hub id stands for, in the hub's cache or on the hub; empty where neither
    says it.
    """
    repository, _, revision = name.partition("@")
    if cached := _cached(repository, revision):
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
        folder = Path(
            snapshot_download(repository, revision=revision or None, local_files_only=True)
        )
    except (LocalEntryNotFoundError, HFValidationError, ValueError):
        return None
    # The cache may hold the tokenizer alone; the weights are then still to be fetched.
    whole = (folder / "config.json").exists() and any(folder.glob("*.safetensors"))
    return folder if whole else None


def _downloaded(repository: str, revision: str) -> Path:
    from huggingface_hub import constants, snapshot_download

    if constants.HF_HUB_OFFLINE:
        raise ModelError(
            f"{repository} is not in the hub's cache, and HF_HUB_OFFLINE is set.",
            hint="unset HF_HUB_OFFLINE, or give a folder.",
        )
    try:
        return Path(
            snapshot_download(repository, revision=revision or None, allow_patterns=_PATTERNS)
        )
    except Exception as error:  # transport errors of the hub's client have no common class
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(
            f"{repository} could not be had from the hub: {reason}",
            hint="check the name and HF_TOKEN, or download it and give the folder.",
        ) from error
