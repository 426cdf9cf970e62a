"""What results call tokenizers, models and texts, fit to be shown to anyone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.records import RECORD_FILE, read_json
from tokext.report.evidence import Evidence, TokenizerResult
from tokext.report.show import GENERIC

#: Where results name a tokenizer, a model or a text; elsewhere a text may hold what looks like one.
_KEYS = {"tokenizer", "model", "base", "corpus"}
#: What a run makes and measures.
_MADE = {"tokenizer", "model", "model-base"}


def recipe_of(folder: Path) -> str | None:
    """The name of the recipe whose run a folder holds; None where it holds none."""
    try:
        record = read_json(folder / RECORD_FILE) if (folder / RECORD_FILE).is_file() else None
    except InputError:
        return None
    if not isinstance(record, dict) or record.get("kind") != "run":
        return None
    options = record.get("options")
    name = options.get("name") if isinstance(options, dict) else None
    return name if isinstance(name, str) and name else None


def named_by_recipe(result: Any, folder: Path) -> Any:
    """A result in a folder; where that is a run's, what the run made has its recipe's name."""
    recipe = recipe_of(folder)
    if recipe is None:
        return result

    def rename(name: str) -> str:
        path = Path(name)
        is_made = path.name in _MADE and path.parent.name in ("", folder.name)
        return f"{recipe}/{path.name}" if is_made else name

    return _renamed(result, rename)


def call_alike(evidence: Evidence) -> None:
    """Give a tokenizer that was measured under a path the name that its own folder goes by."""
    called = {row["tokenizer"] for row in evidence.rows}
    names = {
        row["tokenizer"]: tokenizer.name
        for tokenizer in evidence.tokenizers
        for row in evidence.rows
        if tokenizer.name not in called and _is_measured(tokenizer, row)
    }
    if len(set(names.values())) == len(names):
        evidence.rows = [
            {**row, "tokenizer": names.get(row["tokenizer"], row["tokenizer"])}
            for row in evidence.rows
        ]


def _is_measured(tokenizer: TokenizerResult, row: Mapping[str, Any]) -> bool:
    """Whether a row is of the tokenizer in this folder, by its path and its size.

    Of a path that was typed elsewhere only the end is known.
    """
    extension, path = tokenizer.extension, Path(row["tokenizer"])
    if row.get("tokenizer_size") not in (extension.size, extension.padded_size):
        return False
    n = len(path.parts)
    return tokenizer.folder == path or tokenizer.folder.parts[-n:] == path.parts


def hide_folders(evidence: Evidence) -> None:
    """Call everything by names that say nothing of the folders of one machine."""
    found = [one for kind in evidence.others.values() for one in kind]
    bases = [tokenizer.extension.base.name for tokenizer in evidence.tokenizers]
    names = [*_names(evidence.rows), *_names([one.result for one in found]), *bases]
    public = public_names(names)
    evidence.rows = _renamed(evidence.rows, public.__getitem__)
    for kind, results in evidence.others.items():
        evidence.others[kind] = [
            replace(one, result=_renamed(one.result, public.__getitem__)) for one in results
        ]
    for n, tokenizer in enumerate(evidence.tokenizers):
        extension = tokenizer.extension
        base = replace(extension.base, name=public[extension.base.name])
        evidence.tokenizers[n] = replace(tokenizer, extension=replace(extension, base=base))


def public_names(names: Iterable[str]) -> dict[str, str]:
    """Each name, of an absolute path only the end, as much of it as no other name ends in.

    Example:
        >>> public_names(["a/b", "/home/me/ja", "/one/de", "/two/de"])
        {'a/b': 'a/b', '/home/me/ja': 'ja', '/one/de': 'one/de', '/two/de': 'two/de'}
    """
    known = list(dict.fromkeys(names))
    return {name: _end(name, known) if Path(name).is_absolute() else name for name in known}


def public_argument(argument: str) -> str:
    """An argument, or what stands behind its equals sign, without the folders of one machine.

    Example:
        >>> public_argument("/home/me/ja"), public_argument("--base=/home/me/zephyr")
        ('ja', '--base=zephyr')
    """
    if Path(argument).is_absolute():
        return Path(argument).name
    name, sign, value = argument.partition("=")
    return f"{name}{sign}{Path(value).name}" if Path(value).is_absolute() else argument


def _end(name: str, known: Sequence[str]) -> str:
    parts = Path(name).parts[1:] or (name,)
    others = [f"/{other}" for other in known if other != name]
    least = 2 if parts[-1] in GENERIC and len(parts) > 1 else 1
    ends = ("/".join(parts[-n:]) for n in range(least, len(parts)))
    free = (end for end in ends if not any(other.endswith(f"/{end}") for other in others))
    whole = "/".join(parts)
    return next(free, whole if whole not in known else name)


def _names(value: Any) -> Iterator[str]:
    """Every name in a JSON value."""
    if isinstance(value, list):
        for item in value:
            yield from _names(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _KEYS and isinstance(item, str):
                yield item
            else:
                yield from _names(item)


def _renamed(value: Any, rename: Callable[[str], str]) -> Any:
    """A JSON value with other names in it."""
    if isinstance(value, list):
        return [_renamed(item, rename) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: rename(item) if key in _KEYS and isinstance(item, str) else _renamed(item, rename)
        for key, item in value.items()
    }
