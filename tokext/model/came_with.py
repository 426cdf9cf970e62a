"""The tokenizer that a loaded model came with, where that can be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakSet

from tokext.errors import ModelError, TokenizerError
from tokext.model.checkpoint import CONFIG_FILE
from tokext.model.side_files import read_optional
from tokext.tokenizer.load import Tokenizer, load_tokenizer

#: Models that are no longer what lies where they were loaded from.
_PARTED: WeakSet[Any] = WeakSet()

_WAY_OUT = "give tokenizer=, the model's own: a folder or a hub id."


def open_tokenizer(model: Any, n_rows: int) -> Tokenizer:
    """The tokenizer from the folder, or of the hub id, that a model was loaded from.

    Newer releases of transformers do not remember the revision: it is then the one that the hub's
    cache, or the hub, has for the id.

    Args:
        model: A model of transformers.
        n_rows: How many rows it has now: as many as it had there, or the tokenizer is no longer
            its own.

    Raises:
        ModelError: It was not loaded from a place that can be told, or changed since.
    """
    if model in _PARTED:
        raise _unknown("it was resized since it was loaded")
    name = str(getattr(model, "name_or_path", "") or "")
    commit = str(getattr(model.config, "_commit_hash", None) or "")
    if not name:
        raise _unknown("it does not say where it was loaded from")
    here = Path(name).is_dir()
    fields = read_optional(Path(name) / CONFIG_FILE if here else _config_at(name, commit)) or {}
    stated = (fields.get("text_config") or fields).get("vocab_size")
    if stated != n_rows:
        raise _unknown(f"it has {n_rows:,} rows, and {name} states {stated}")
    try:
        return load_tokenizer(f"{name}@{commit}" if commit and not here else name)
    except TokenizerError as error:
        raise _unknown(str(error).rstrip(".")) from error


def part_from_tokenizer(model: Any) -> None:
    """Remember that a model's rows are no longer those of the tokenizer that it came with."""
    _PARTED.add(model)


def _config_at(repository: str, commit: str) -> Path:
    """The config in a repository of the hub; from the cache, where the model came that way."""
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repository, CONFIG_FILE, revision=commit or None))
    except Exception as error:  # transport errors of the hub's client have no common class
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise _unknown(
            f"{repository} could not be had from the hub: {reason.rstrip('.')}"
        ) from error


def _unknown(why: str) -> ModelError:
    return ModelError(
        f"the model's tokenizer is not known, so its base cannot be told: {why}.", hint=_WAY_OUT
    )
