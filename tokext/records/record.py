"""``tokext.json``: what a folder is and how it came to be; and JSON, read with one clear error."""

from __future__ import annotations

import contextvars
import dataclasses
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tokext.errors import InputError
from tokext.output import json_text

SCHEMA_VERSION = 1
RECORD_FILE = "tokext.json"

#: The arguments as typed, set by the command line; empty when tokext is used as a library.
command_line: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar(
    "command_line", default=()
)

_LIBRARIES = ("sentencepiece", "tokenizers", "transformers", "fugashi", "torch", "ray")

Kind = Literal[
    "added vocabulary",
    "tokenizer",
    "checkpoint",
    "verification",
    "compression",
    "throughput",
    "samples",
    "leakage",
    "plan",
    "sweep",
    "report",
    "run",
]


@dataclass(frozen=True)
class InputFile:
    """A file that was read: its name without folders of the machine, its bytes and their digest."""

    name: str
    sha256: str
    n_bytes: int


def write_record(
    folder: str | Path,
    kind: Kind,
    *,
    options: Mapping[str, Any],
    inputs: Iterable[InputFile],
    result: Any,
    device: str = "cpu",
) -> None:
    """Write ``tokext.json`` into a folder that is being filled."""
    record = run_record(kind, options=options, inputs=inputs, result=result, device=device)
    (Path(folder) / RECORD_FILE).write_text(json_text(record), encoding="utf-8", newline="\n")


def run_record(
    kind: Kind,
    *,
    options: Mapping[str, Any],
    inputs: Iterable[InputFile],
    result: Any,
    device: str = "cpu",
) -> dict[str, Any]:
    """The content of ``tokext.json``, also of a result that is one JSON file."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        "tokext_version": importlib.metadata.version("tokext"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(command_line.get()),
        "options": dict(options),
        "inputs": [dataclasses.asdict(i) for i in inputs],
        "environment": _environment(device),
        "result": result,
    }


def read_record(path: str | Path) -> dict[str, Any]:
    """Read the record of a folder, or a result that is one JSON file.

    Raises:
        InputError: There is none, it is not JSON, or a newer tokext wrote it.
    """
    path = Path(path)
    file = path / RECORD_FILE if path.is_dir() else path
    record = read_json(file)
    stated = {"kind": str, "schema_version": int}
    if not isinstance(record, dict) or any(type(record.get(k)) is not t for k, t in stated.items()):
        raise InputError(
            f"{file} is not a tokext result.", hint="give folders or files that tokext wrote."
        )
    if record["schema_version"] > SCHEMA_VERSION:
        raise InputError(
            f"{file} has schema version {record['schema_version']}; this tokext reads up to "
            f"{SCHEMA_VERSION}.",
            hint="pip install --upgrade tokext.",
        )
    return record


def read_rows(path: str | Path, measured: str) -> list[dict[str, Any]]:
    """Read a result that is a list of rows, as a benchmark writes it.

    Args:
        path: The file.
        measured: What it is of, as the benchmark is called: ``compression``, ``throughput``.

    Raises:
        InputError: The file is missing, or holds something else.
    """
    rows = read_json(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError(
            f"{path} is not a list of {measured} rows.",
            hint=f"give a file that tokext bench {measured} -o wrote.",
        )
    return rows


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: It is missing or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"{path} does not exist.", hint="check the name; tokext writes it with every result."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not valid JSON: {error}.", hint="write it again, or restore a copy."
        ) from error


def file_record(path: str | Path, name: str | None = None) -> InputFile:
    """Digest and size of a file, under its bare name or the one given."""
    path = Path(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return InputFile(name or path.name, digest, path.stat().st_size)


def _environment(device: str) -> dict[str, str]:
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found | {"device": device}
