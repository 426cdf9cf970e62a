"""From a name to a tokenizer's files: a folder, a file, the hub, or the copy in mistral-common."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tokext.errors import TokenizerError
from tokext.tokenizer.carried import (
    TOKENIZER_FILES,
    chat_templates,
    is_licence,
    licence_of_card,
    licences,
)
from tokext.tokenizer.hub import HubRefusal, cached_folder, download, is_whole

DEFAULT_BASE = "mistralai/Mistral-7B-v0.1"

#: The digest that the hub states for tokenizer.model of mistralai/Mistral-7B-v0.1.
_MISTRAL_SHA256 = "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055"

_HUB_NAME = re.compile(r"[\w.\-]+/[\w.\-]+(@[\w.\-/]+)?")


@dataclass(frozen=True)
class TokenizerFiles:
    """Where a tokenizer's files are, and how they were found.

    `files` maps a file's name, its folder before it where it lies in one, to its path; `note` is
    the line a person should read about where the files came from. `revision` is empty unless they
    came by a hub id; `license` is what the base's card says of its terms.
    """

    name: str
    files: dict[str, Path]
    revision: str = ""
    note: str = ""
    license: str = ""


def find_base(name: str) -> TokenizerFiles:
    """Find a tokenizer by name.

    In this order: a folder or file of that name; the hub's cache, filled up from the hub where it
    was never seen whole, then the hub itself (`NAME@REVISION` pins it); for Mistral-7B-v0.1 the
    copy that mistral-common ships, when the hub cannot be reached, refuses, or is switched off with
    HF_HUB_OFFLINE.

    Raises:
        TokenizerError: There is no such tokenizer; near names are given.
    """
    path = Path(name)
    with contextlib.suppress(OSError, ValueError):  # too long for a file's name, or a NUL inside
        if path.is_dir():
            return _from_folder(name, path)
        if path.is_file():
            return _from_file(name, path)
    if _HUB_NAME.fullmatch(name) and ".." not in name:
        return _from_hub(name)
    raise _unknown(name)


def _from_folder(name: str, folder: Path) -> TokenizerFiles:
    files = {f: folder / f for f in TOKENIZER_FILES if (folder / f).is_file()}
    files |= chat_templates(folder) | licences(folder)
    if "tokenizer.model" not in files and "tokenizer.json" not in files:
        held = ", ".join(sorted(p.name for p in folder.iterdir())[:5]) or "nothing"
        raise TokenizerError(
            f"{name} holds neither tokenizer.model nor tokenizer.json (it holds {held}).",
            hint="give the folder that a tokenizer was saved to.",
        )
    return TokenizerFiles(name, files, license=licence_of_card(folder))


def _from_file(name: str, path: Path) -> TokenizerFiles:
    """A single file stands for a tokenizer by itself; its neighbours are not looked at."""
    kind = "tokenizer.json" if path.suffix == ".json" else "tokenizer.model"
    return TokenizerFiles(name, {kind: path})


def _from_hub(name: str) -> TokenizerFiles:
    # The hub's client reads this when it is imported. With it on, the client first asks the hub for
    # a list of its own: one more answer to wait for, and more than a tokenizer's name goes out.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    repository, _, revision = name.partition("@")
    if cached := cached_folder(repository, revision):
        return _from_cache(repository, cached)
    try:
        return _from_snapshot(repository, download(repository, revision), "the hub")
    except HubRefusal as refusal:
        if repository == DEFAULT_BASE and not revision and refusal.may_fall_back:
            return _from_mistral_common(str(refusal))
        if repository == DEFAULT_BASE and refusal.may_fall_back:
            raise TokenizerError(
                f"{name} could not be had from the hub: {refusal}. A pinned revision cannot come "
                "from the copy in mistral-common.",
                hint=f"give {DEFAULT_BASE} without @{revision} to use that copy.",
            ) from refusal
        if refusal.may_fall_back:
            raise TokenizerError(
                f"{name} could not be had from the hub: {refusal}.",
                hint=_near(name)
                or "download it where the hub answers, or give a folder that holds it.",
            ) from refusal
        raise _unknown(name) from refusal


def _from_cache(repository: str, cached: Path) -> TokenizerFiles:
    """What the cache holds; a revision that nobody saw whole gets what it lacks from the hub."""
    where = "the hub's cache"
    if not is_whole(cached):
        try:
            download(repository, cached.name)
            where += ", compared with the hub"
        except (HubRefusal, TokenizerError) as error:
            where += f", which may lack files of it, licences among them: {str(error).rstrip('.')}"
    return _from_snapshot(repository, cached, where)


def _from_snapshot(repository: str, folder: Path, where: str) -> TokenizerFiles:
    note = f"{repository}: revision {folder.name} from {where}."
    found = _from_folder(repository, folder)
    return dataclasses.replace(found, revision=folder.name, note=note)


def _from_mistral_common(reason: str) -> TokenizerFiles:
    import importlib.metadata
    import importlib.resources

    distribution = importlib.metadata.distribution("mistral-common")
    model = Path(str(importlib.resources.files("mistral_common") / "data" / "tokenizer.model.v1"))
    if not model.is_file():
        raise TokenizerError(
            f"mistral-common {distribution.version} no longer ships tokenizer.model.v1.",
            hint="pip install 'mistral-common<2', or give a folder with tokenizer.model.",
        )
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    if digest != _MISTRAL_SHA256:
        raise TokenizerError(
            f"{model.name} of mistral-common has sha256 {digest}, not {_MISTRAL_SHA256}.",
            hint="reinstall mistral-common, or give a folder with tokenizer.model.",
        )
    files = {"tokenizer.model": model}
    for file in distribution.files or ():
        if is_licence(file.name):
            files[file.name] = Path(str(distribution.locate_file(file)))
    note = f"{DEFAULT_BASE}: {reason}; using the copy in mistral-common {distribution.version}."
    return TokenizerFiles(DEFAULT_BASE, files, revision=f"sha256:{digest}", note=note)


def llama_config(
    special: Mapping[int, str], user_defined: Mapping[int, str] = MappingProxyType({})
) -> dict[str, Any]:
    """The `tokenizer_config.json` of Llama and Mistral, for a vocabulary that comes without one.

    Args:
        special: Id and text of the unknown and control pieces.
        user_defined: Id and text of pieces that are matched in text, and are part of it.
    """
    names = set(special.values())
    return {
        "add_bos_token": "<s>" in names,
        "add_eos_token": False,
        "added_tokens_decoder": {
            str(id_): {
                "content": content,
                "lstrip": False,
                "normalized": False,
                "rstrip": False,
                "single_word": False,
                "special": id_ in special,
            }
            for id_, content in sorted({**special, **user_defined}.items())
        },
        "additional_special_tokens": [],
        "bos_token": "<s>" if "<s>" in names else None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>" if "</s>" in names else None,
        "legacy": True,
        "model_max_length": 1000000000000000019884624838656,
        "pad_token": None,
        "sp_model_kwargs": {},
        "spaces_between_special_tokens": False,
        "tokenizer_class": "LlamaTokenizer",
        "unk_token": "<unk>",
        "use_default_system_prompt": False,
    }


def _unknown(name: str) -> TokenizerError:
    return TokenizerError(
        f"there is no tokenizer {name!r}: no folder, no file, no hub repository of that name.",
        hint=_near(name) or f"give a hub id such as {DEFAULT_BASE}, a folder, or a file.",
    )


def _near(name: str) -> str:
    parent = Path(name).parent
    neighbors = [str(p) for p in parent.iterdir()] if parent.is_dir() else []
    near = difflib.get_close_matches(name, [DEFAULT_BASE, *neighbors], n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
