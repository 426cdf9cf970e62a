"""The small files beside the weights: config, generation config, tokenizer, licenses."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tokext.errors import ModelError
from tokext.model.origins import ROWS_FILE
from tokext.output import copy_into, json_text
from tokext.records import RECORD_FILE, read_json
from tokext.tokenizer.carried import TOKENIZER_FILES, chat_templates, is_licence, licences

GENERATION_FILE = "generation_config.json"
_WEIGHTS = {".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".h5", ".msgpack", ".onnx"}

_TOKENIZER_CONFIG = "tokenizer_config.json"
_SPECIAL_TOKENS = "special_tokens_map.json"
_TEMPLATES = ("chat_template.jinja", "chat_template.json")

#: What a fine-tune chose for itself over the same vocabulary, and keeps.
_KEPT_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")
_KEPT_FLAGS = (*_KEPT_TOKENS, "chat_template", "model_max_length", "padding_side",
               "truncation_side")  # fmt: skip


def new_config(config: Mapping[str, Any], n_rows: int, dtype: str | None = None) -> dict[str, Any]:
    """The config with the new number of rows, wherever it states one, and the new dtype."""
    changed = copy.deepcopy(dict(config))
    text = changed.get("text_config")
    nested = text if isinstance(text, dict) else None
    if nested is not None:
        nested["vocab_size"] = n_rows
    if nested is None or "vocab_size" in changed:
        changed["vocab_size"] = n_rows
    for fields in (changed, *([nested] if nested is not None else [])):
        for key in ("dtype", "torch_dtype"):
            if dtype and key in fields:
                fields[key] = dtype
    return changed


def new_generation_config(
    old: Mapping[str, Any] | None,
    config: Mapping[str, Any],
    padding: Iterable[int],
    added: range,
) -> dict[str, Any] | None:
    """The generation config with padding ids suppressed; None where none is needed.

    A checkpoint without one takes its special ids from its config, so they are written down: once
    the file exists, loaders look nowhere else.
    """
    ids = sorted(padding)
    if old is None and not ids:
        return None
    fields = dict(old) if old is not None else _special_ids(config)
    # With this mark loaders may make the file up anew from config.json, without the padding ids.
    fields.pop("_from_model_config", None)
    if suppressed := new_suppressed(fields.pop("suppress_tokens", None), ids, added):
        fields["suppress_tokens"] = suppressed
    return fields


def new_suppressed(old: Iterable[int] | None, padding: Iterable[int], added: range) -> list[int]:
    """The ids never to be generated: those of old and padding, but for what pieces stand at now.

    Example:
        >>> new_suppressed([7, 400, 401, 402], padding=[402, 403], added=range(400, 402))
        [7, 402, 403]
    """
    return sorted({*(id_ for id_ in old or () if id_ not in added), *padding})


def _special_ids(config: Mapping[str, Any]) -> dict[str, Any]:
    text = config.get("text_config")
    fields = {**config, **(text if isinstance(text, dict) else {})}
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {name: fields[name] for name in names if fields.get(name) is not None}


def new_index(index: Mapping[str, Any], added_bytes: int, added_numbers: int) -> dict[str, Any]:
    """The shard index with its totals brought up to date; which file holds what stays."""
    changed = copy.deepcopy(dict(index))
    metadata = changed.get("metadata")
    if isinstance(metadata, dict):
        for key, more in (("total_size", added_bytes), ("total_parameters", added_numbers)):
            if type(metadata.get(key)) is int:
                metadata[key] += more
    return changed


def read_optional(path: Path) -> dict[str, Any] | None:
    """The table in a JSON file, None where there is no file.

    Raises:
        ModelError: It holds something else than a table.
    """
    if not path.exists():
        return None
    fields = read_json(path)
    if not isinstance(fields, dict):
        raise ModelError(f"{path} is not a table.", hint="restore the file.")
    return fields


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file into a folder that is being filled."""
    path.write_text(json_text(value), encoding="utf-8", newline="\n")


def copy_others(checkpoint: Path, tokenizer: Path, target: Path) -> list[str]:
    """Copy the tokenizer's files, the licenses, and what else a loader needs beside the weights.

    Of the fine-tune's tokenizer settings its chat templates, the tokenizer folder's left out, and
    special tokens are kept; model cards are left behind, for they describe another model.

    Returns:
        The names of the files that came from the checkpoint.
    """
    carried = []
    settings = _settings(checkpoint)
    own = [
        name for name in (*_TEMPLATES, *chat_templates(checkpoint)) if (checkpoint / name).is_file()
    ]
    templates = {*_TEMPLATES, *chat_templates(tokenizer)}
    left_out = templates if own or settings.get("chat_template") is not None else set()
    for name, path in plain_files(tokenizer).items():
        if name != RECORD_FILE and name not in left_out:
            copy_into(target, name, path)
    for name, path in plain_files(checkpoint).items():
        theirs = is_licence(name) or name in chat_templates(checkpoint)
        if is_carried(name) and (theirs or not (target / name).exists()):
            copy_into(target, name, path)
            carried.append(name)
    for name in own:
        copy_into(target, name, checkpoint / name)
    _keep_settings(settings, target, template_is_a_file=bool(own))
    return carried


def is_carried(name: str) -> bool:
    """Whether a file of the checkpoint goes into the output as it is."""
    if is_licence(name):
        return True
    suffix = Path(name).suffix
    if suffix.lower() in _WEIGHTS or name in (*TOKENIZER_FILES, RECORD_FILE, ROWS_FILE):
        return False
    return suffix in (".json", ".py", ".jinja") and not name.endswith(".index.json")


def plain_files(folder: Path) -> dict[str, Path]:
    """The small files of a checkpoint or tokenizer by name, those in folders of theirs included."""
    here = {p.name: p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")}
    return dict(sorted((here | chat_templates(folder) | licences(folder)).items()))


def _settings(folder: Path) -> dict[str, Any]:
    """A tokenizer's settings as transformers reads them: where its config lists no added tokens,
    special tokens come from a file of their own before it.
    """
    config = read_optional(folder / _TOKENIZER_CONFIG) or {}
    if "added_tokens_decoder" in config:
        return config
    return config | (read_optional(folder / _SPECIAL_TOKENS) or {})


def _keep_settings(theirs: Mapping[str, Any], target: Path, *, template_is_a_file: bool) -> None:
    """Bring a fine-tune's settings into the target's files; none of the target's own chat templates
    may stand beside one of the fine-tune's.
    """
    kept = {key: theirs[key] for key in _KEPT_FLAGS if theirs.get(key) is not None}
    tokens = {key: kept[key] for key in _KEPT_TOKENS if key in kept}
    for name, values in ((_TOKENIZER_CONFIG, kept), (_SPECIAL_TOKENS, tokens)):
        ours = read_optional(target / name)
        if ours is None:
            continue
        changed = ours | values
        if template_is_a_file and "chat_template" not in values:
            changed.pop("chat_template", None)
        if changed != ours:
            write_json(target / name, changed)
