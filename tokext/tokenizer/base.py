"""From a name to a tokenizer's files: a folder, a file, the hub, or the copy in mistral-common."""

from __future__ import annotations

import contextlib
import difflib
import functools
import hashlib
import os
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tokext.errors import TokenizerError

DEFAULT_BASE = "mistralai/Mistral-7B-v0.1"

#: The digest that the hub states for tokenizer.model of mistralai/Mistral-7B-v0.1.
_MISTRAL_SHA256 = "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055"

#: What is carried from a base: its tokenizer, and the licence it comes under.
_TOKENIZER_FILES = (
    "tokenizer.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "extension.json",
)
_HUB_PATTERNS = [*_TOKENIZER_FILES, "LICEN[CS]E*", "NOTICE*", "USE_POLICY*", "COPYING*"]
_LICENCE = re.compile(r"(LICEN[CS]E|NOTICE|USE_POLICY|COPYING)([.\-_].*)?", re.IGNORECASE)

_HUB_NAME = re.compile(r"[\w.\-]+/[\w.\-]+(@[\w.\-/]+)?")
_HUB_SECONDS = 1.5


@dataclass(frozen=True)
class TokenizerFiles:
    """Where a tokenizer's files are, and how they were found.

    `files` maps a file's name to its path; `note` is the line a person should read about where the
    files came from.
    """

    name: str
    files: dict[str, Path]
    revision: str = ""
    note: str = ""


def find_base(name: str) -> TokenizerFiles:
    """Find a tokenizer by name.

    In this order: a folder or file of that name; the hub's cache, then the hub itself
    (`NAME@REVISION` pins it); for Mistral-7B-v0.1 the copy that mistral-common ships, when the hub
    cannot be reached, refuses, or is switched off with HF_HUB_OFFLINE.

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
    files = {f: folder / f for f in _TOKENIZER_FILES if (folder / f).is_file()}
    files |= {p.name: p for p in sorted(folder.iterdir()) if p.is_file() and is_licence(p.name)}
    if "tokenizer.model" not in files and "tokenizer.json" not in files:
        held = ", ".join(sorted(p.name for p in folder.iterdir())[:5]) or "nothing"
        raise TokenizerError(
            f"{name} holds neither tokenizer.model nor tokenizer.json (it holds {held}).",
            hint="give the folder that a tokenizer was saved to.",
        )
    return TokenizerFiles(name, files)


def _from_file(name: str, path: Path) -> TokenizerFiles:
    """A single file stands for a tokenizer by itself; its neighbours are not looked at."""
    kind = "tokenizer.json" if path.suffix == ".json" else "tokenizer.model"
    return TokenizerFiles(name, {kind: path})


def is_licence(name: str) -> bool:
    """Whether a file of this name holds the terms that a base comes under."""
    return _LICENCE.fullmatch(name) is not None


def _from_hub(name: str) -> TokenizerFiles:
    # The hub's client reads this when it is imported. With it on, the client first asks the hub for
    # a list of its own: one more answer to wait for, and more than a tokenizer's name goes out.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    repository, _, revision = name.partition("@")
    cached = _from_cache(repository, revision)
    if cached:
        return cached
    try:
        return _download(repository, revision)
    except _HubRefusal as refusal:
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


class _HubRefusal(Exception):  # noqa: N818 - an answer, not a failure
    """The hub gave no files; `may_fall_back` unless it said that there is no such repository."""

    def __init__(self, reason: str, *, may_fall_back: bool) -> None:
        super().__init__(reason)
        self.may_fall_back = may_fall_back


def _from_cache(repository: str, revision: str) -> TokenizerFiles | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=_HUB_PATTERNS,
            local_files_only=True,
        )
    except (LocalEntryNotFoundError, HFValidationError, ValueError):
        return None
    snapshot = Path(folder)
    if not any((snapshot / f).is_file() for f in ("tokenizer.model", "tokenizer.json")):
        return None
    note = f"{repository}: revision {snapshot.name} from the hub's cache."
    files = _from_folder(repository, snapshot).files
    return TokenizerFiles(repository, files, revision=snapshot.name, note=note)


def _download(repository: str, revision: str) -> TokenizerFiles:
    """Ask the hub what the repository holds, and fetch the tokenizer's files at that revision."""
    from huggingface_hub import HfApi, snapshot_download

    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}:
        raise _HubRefusal("HF_HUB_OFFLINE is set", may_fall_back=True)
    endpoint = os.environ.get("HF_ENDPOINT")
    try:
        api = HfApi(endpoint=endpoint)
        ask = functools.partial(
            api.model_info, repository, revision=revision or None, timeout=_HUB_SECONDS
        )
        _in_time(ask, _HUB_SECONDS)
        # Asked for by its name, so that the cache remembers which commit the name stood for.
        folder = snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=_HUB_PATTERNS,
            etag_timeout=_HUB_SECONDS,
            endpoint=endpoint,
        )
    except Exception as error:
        raise _refusal(error, repository, revision) from error
    commit = Path(folder).name
    note = f"{repository}: revision {commit} from the hub."
    files = _from_folder(repository, Path(folder)).files
    return TokenizerFiles(repository, files, revision=commit, note=note)


def _in_time(ask: Callable[[], object], seconds: float) -> None:
    """Ask, and give up after so long in all.

    A time-out of the client covers one read; a name server that is silent, or a hub that answers
    a byte at a time, would outlast it. The thread is left behind and ends with the program.

    Raises:
        TimeoutError: There was no whole answer in time. Any error of `ask` itself is passed on.
    """
    answer: Future[object] = Future()

    def settle() -> None:
        try:
            answer.set_result(ask())
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=settle, daemon=True).start()
    answer.result(timeout=seconds)


def _refusal(error: Exception, repository: str, revision: str) -> Exception:
    """What the hub's answer means; anything that is no answer at all means it is out of reach.

    The hub's client has changed its HTTP library more than once, so transport errors have no
    common class to name here.
    """
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    response = getattr(error, "response", None)
    status = response.status_code if response is not None else None
    if isinstance(error, RevisionNotFoundError):
        return TokenizerError(
            f"{repository} has no revision {revision!r}.", hint="give a commit, branch or tag."
        )
    if isinstance(error, GatedRepoError) or status in (401, 403):
        return _HubRefusal(f"the hub refuses it ({status})", may_fall_back=True)
    if isinstance(error, RepositoryNotFoundError):
        return _HubRefusal("there is no such repository", may_fall_back=False)
    if isinstance(error, HfHubHTTPError):
        return _HubRefusal(f"the hub answered {status}", may_fall_back=True)
    return _HubRefusal("the hub cannot be reached", may_fall_back=True)


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
