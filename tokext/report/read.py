"""Results on disk, found and read: folders, files, and folders that hold such."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

from tokext.errors import InputError
from tokext.records import RECORD_FILE, Kind, file_record, read_json, read_record
from tokext.report.evidence import Evidence
from tokext.report.kinds import HINT, KINDS, kind_of_rows
from tokext.report.names import call_alike, hide_folders, named_by_recipe, recipe_of


def read_evidence(results: Iterable[str | Path]) -> Evidence:
    """Read results: folders and JSON files that tokext wrote, or folders that hold such.

    Raises:
        InputError: There is none, or one of them is missing, damaged, or of a kind that reports
            know nothing of.
    """
    evidence = Evidence()
    for result in results:
        path = Path(result)
        if not path.exists():
            raise InputError(f"{path} does not exist.", hint=HINT)
        if path.is_file() or (path / RECORD_FILE).is_file():
            _read_one(evidence, path, _name(path), alone=True)
        else:
            _read_inside(evidence, path)
    call_alike(evidence)
    hide_folders(evidence)
    if evidence.is_empty:
        raise InputError("there is no result to report on.", hint=HINT)
    return evidence


def _name(path: Path) -> str:
    """A result's name without the machine's folders; `tokenizer` alone would name nothing."""
    whole = path.resolve()
    if whole.name != "tokenizer":
        return whole.name
    return f"{recipe_of(whole.parent) or whole.parent.name}/{whole.name}"


def _read_inside(evidence: Evidence, folder: Path) -> None:
    """Read every result one level down; files that are no results of tokext are passed over."""
    before, whole = len(evidence.files), folder.resolve()
    named = recipe_of(whole) or whole.name
    for path in _results_inside(folder):
        _read_one(evidence, path, f"{named}/{path.name}", alone=False)
    if len(evidence.files) == before:
        raise InputError(f"the folder {folder} holds no result of tokext.", hint=HINT)


def _results_inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if (path / RECORD_FILE).is_file():
                yield path
        elif path.suffix == ".json" and path.name != RECORD_FILE:
            content = read_json(path)
            if kind_of_rows(content) or (isinstance(content, dict) and "kind" in content):
                yield path


def _read_one(evidence: Evidence, path: Path, name: str, *, alone: bool) -> None:
    file = path / RECORD_FILE if path.is_dir() else path
    if file.is_file() and file.suffix == ".json" and isinstance(rows := read_json(file), list):
        kind = kind_of_rows(rows) or "compression"
        evidence.add_file(file_record(file, name), kind)
        rows = named_by_recipe(rows, path.resolve().parent)
        KINDS[kind](evidence, file, name, {"result": rows})
        return
    record = read_record(path)
    kind = record["kind"]
    if "result" in record:
        record["result"] = named_by_recipe(record["result"], path.resolve().parent)
    source = f"{name}/{RECORD_FILE}" if path.is_dir() else name
    evidence.add_file(file_record(file, source), kind)
    if kind == "run" and path.is_dir():
        evidence.records.append((name, record))
        _read_inside(evidence, path)
    elif kind in KINDS:
        evidence.records.append((name, record))
        try:
            KINDS[kind](evidence, path, name, record)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{file} is not a whole {kind} record: {type(error).__name__} {error}.",
                hint="make it again with this version of tokext.",
            ) from error
    elif not alone and kind in get_args(Kind):
        evidence.not_drawn.append((name, kind))
    else:
        raise InputError(f"{file} is of kind {kind!r}, which a report cannot draw.", hint=HINT)
