"""What the names in a recipe stand for: files beside it, corpora of tokext, names of the hub."""

from __future__ import annotations

import os
from pathlib import Path

from tokext.corpus.embedded import corpora_folder, embedded_files
from tokext.recipe.stage import Kind

_EMBEDDED = "embedded:"


def resolve(value: str | list[str], kind: Kind, folder: Path) -> str | list[str]:
    """The value of an option with every name in it spelled out.

    Args:
        value: A name, or several.
        kind: What the names are of.
        folder: Where the recipe stands.

    Example:
        >>> from tokext.recipe.stage import TOKENIZER
        >>> resolve("mistralai/Mistral-7B-v0.1", TOKENIZER, Path("recipes"))
        'mistralai/Mistral-7B-v0.1'
    """
    if isinstance(value, str):
        return _beside(value, folder)
    return [
        path
        for name in value
        for path in ([name] if name in kind.known else _texts(name, folder, kind))
    ]


def _texts(name: str, folder: Path, kind: Kind) -> list[str]:
    if kind.reads != "text":
        return [_beside(name, folder)]
    if name.startswith(_EMBEDDED):
        inside = name.removeprefix(_EMBEDDED)
        if "/" not in inside:
            return [str(p) for p in embedded_files(inside, held_out=False)]
        return [str(corpora_folder() / inside)]
    if name.startswith("hf:") or name == "-":
        return [name]
    return [str(folder / name)]


def _beside(name: str, folder: Path) -> str:
    """A name that may also be a hub id, or a word: what stands beside the recipe comes first."""
    return str(folder / name) if os.path.lexists(folder / name) or _is_path(name) else name


def _is_path(name: str) -> bool:
    """Whether a name can only be that of a file: so that its absence is told of the right place."""
    return name.startswith(("./", "../")) or name.count("/") > 1
