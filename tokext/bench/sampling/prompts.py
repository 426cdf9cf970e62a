"""Prompts: what comes with tokext, or a TOML or JSONL file, checked line by line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tokext.errors import InputError

_EMBEDDED = Path(__file__).parents[2] / "prompts"
_FORM = 'in TOML a [[prompts]] table with prompt = "...", in JSONL {"prompt": "..."} a line'


@dataclass(frozen=True)
class Prompt:
    """What a model is asked.

    `system` is the system message, empty for none; `kind` groups prompts; `language` is the one the
    answer is wanted in, and `allowed` names the others that the prompt asks for.
    """

    id: str
    prompt: str
    system: str = ""
    kind: str = ""
    language: str = ""
    allowed: tuple[str, ...] = ()


_KEYS = {field.name for field in fields(Prompt)}


def read_prompts(*sources: str | Path) -> tuple[Prompt, ...]:
    """Read prompts, in the order they are given.

    Args:
        sources: TOML or JSONL files, or the names of those that come with tokext: ``ja``, ``en``.
            The Japanese ones if nothing is given.

    Raises:
        InputError: A file is missing or malformed, a prompt has no text, or two share an id.

    Example:
        >>> prompts = read_prompts("ja", "en")
        >>> len(prompts), prompts[0].id, prompts[0].kind
        (86, 'arithmetic-change', 'arithmetic')
    """
    found: dict[str, Prompt] = {}
    for source in sources or ("ja",):
        for prompt in _read_file(_find(source)):
            if prompt.id in found:
                raise InputError(
                    f"two prompts have the id {prompt.id!r}, the second in {source}.",
                    hint="give each an id of its own.",
                )
            found[prompt.id] = prompt
    return tuple(found.values())


def embedded_prompts() -> list[str]:
    """The names of the prompt files that come with tokext.

    Example:
        >>> embedded_prompts()
        ['en', 'ja']
    """
    return sorted(path.stem for path in _EMBEDDED.glob("*.toml"))


def _find(source: str | Path) -> Path:
    path = Path(source)
    if not path.exists() and str(source) in embedded_prompts():
        path = _EMBEDDED / f"{source}.toml"
    if not path.is_file():
        names = ", ".join(embedded_prompts())
        raise InputError(
            f"there is no prompt file {str(source)!r}.",
            hint=f"give a .toml or .jsonl file, or one of those that come with tokext: {names}.",
        )
    return path


def _read_file(path: Path) -> list[Prompt]:
    readers = {".toml": _read_toml, ".jsonl": _read_jsonl}
    if path.suffix not in readers:
        raise InputError(
            f"{path} is neither .toml nor .jsonl.", hint=f"write the prompts as one: {_FORM}."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8: byte {error.start} is {error.object[error.start]:#x}.",
            hint="save it as UTF-8.",
        ) from error
    found = [
        _prompt(record, f"{path}, {place}", f"{path.stem}-{number}")
        for number, (place, record) in enumerate(readers[path.suffix](text, path), 1)
    ]
    if not found:
        raise InputError(f"{path} holds no prompt.", hint=f"{_FORM}.")
    return found


def _read_toml(text: str, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path} is not TOML: {error}.", hint="mend that place.") from error
    shared = {"language": table["language"]} if "language" in table else {}
    unknown = sorted(table.keys() - {"language", "prompts"})
    if unknown:
        raise InputError(
            f"{path} has {unknown[0]!r} outside of a prompt, which means nothing.",
            hint=f"only language may stand there; {_FORM}.",
        )
    given = table.get("prompts", [])
    if not isinstance(given, list):
        raise InputError(f"{path}: prompts is not a list of tables.", hint=f"{_FORM}.")
    for number, record in enumerate(given, 1):
        yield f"prompt {number}", shared | record if isinstance(record, dict) else record


def _read_jsonl(text: str, path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path}, line {number} is not JSON: {error}.", hint="mend that line."
            ) from error


def _prompt(record: Any, place: str, default_id: str) -> Prompt:
    """One prompt from its table, everything in it checked.

    A key that means nothing is refused: it may be a misspelled `system`.
    """
    if not isinstance(record, Mapping):
        raise InputError(f"{place} is no table: {record!r:.60}.", hint=f"{_FORM}.")
    unknown = sorted(record.keys() - _KEYS)
    if unknown:
        raise InputError(
            f"{place} has a key {unknown[0]!r}, which means nothing.",
            hint=f"the keys are {', '.join(sorted(_KEYS))}.",
        )
    allowed = record.get("allowed", ())
    if not isinstance(allowed, list | tuple) or not all(isinstance(a, str) for a in allowed):
        raise InputError(
            f"{place} allows {allowed!r}, which is no list of languages.",
            hint='write allowed = ["en"].',
        )
    texts = {key: record[key] for key in _KEYS - {"allowed"} if key in record}
    _check_texts(texts, place)
    return Prompt(**{"id": default_id, **texts, "allowed": tuple(allowed)})


def _check_texts(texts: Mapping[str, Any], place: str) -> None:
    for key, value in texts.items():
        if not isinstance(value, str):
            raise InputError(f"{place}: {key} is {value!r}, not text.", hint="put it in quotes.")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise InputError(
                f"{place}: {key} holds half of a surrogate pair, which is no character.",
                hint="write the character itself.",
            )
    for key in ("prompt", "id"):
        if not texts.get(key, "" if key == "prompt" else "-").strip():
            raise InputError(f"{place} has no {key}.", hint=f"{_FORM}.")


def as_prompts(given: Iterable[Prompt | str] | str | Path) -> tuple[Prompt, ...]:
    """Prompts from whatever a caller has: a file, or prompts and bare texts in a row.

    Raises:
        InputError: There is none, or two share an id.

    Example:
        >>> as_prompts(["こんにちは"])
        (Prompt(id='prompt-1', prompt='こんにちは', system='', kind='', language='', allowed=()),)
    """
    if isinstance(given, str | Path):
        return read_prompts(given)
    found: dict[str, Prompt] = {}
    for number, item in enumerate(given, 1):
        name = f"prompt-{number}"
        prompt = _prompt({"prompt": item}, name, name) if isinstance(item, str) else item
        if prompt.id in found:
            raise InputError(
                f"two prompts have the id {prompt.id!r}.", hint="give each an id of its own."
            )
        found[prompt.id] = prompt
    if not found:
        raise InputError("there is no prompt to sample.", hint="give at least one.")
    return tuple(found.values())
