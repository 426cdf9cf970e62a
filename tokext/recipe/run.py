"""Stages done in order, each unless it is done and nothing it depends on has changed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokext.corpus.embedded import corpora_folder, embedded_files
from tokext.errors import InputError, OutputError
from tokext.output import json_text, write_whole
from tokext.progress import say
from tokext.recipe.read import Recipe, read_recipe
from tokext.recipe.stage import Stage
from tokext.recipe.stages import STAGES
from tokext.records import RECORD_FILE, read_json, run_record

_EMBEDDED = "embedded:"


def run_recipe(
    recipe: str | Path,
    output: str | Path,
    *,
    inputs: list[str] | None = None,
    size: int | None = None,
    more: Mapping[str, dict[str, Any]] | None = None,
    force: bool = False,
) -> dict[str, str]:
    """Do the stages of a recipe, each unless it is done and nothing it depends on has changed.

    Args:
        recipe: A TOML file, or the name of a recipe that comes with tokext.
        output: The folder of the run; each stage has its own place inside.
        inputs: Text to learn from instead of the recipe's.
        size: Pieces to learn instead of the recipe's.
        more: Stages to do beside the recipe's, each with its options.
        force: Do every stage again.

    Returns:
        For each stage, `done` or `unchanged`.

    Raises:
        InputError: The recipe cannot be used.
        OutputError: The folder holds something else than a run.
    """
    read = read_recipe(recipe)
    read = dataclasses.replace(read, stages=read.stages | dict(more or {}))
    folder = Path(output)
    _refuse_strange_folder(folder)
    changes = {"inputs": inputs and [str(Path(i).absolute()) if Path(i).exists() else i
                                     for i in inputs], "size": size}  # fmt: skip
    before = {} if force else _read_state(folder)
    state: dict[str, Any] = {}
    report: dict[str, str] = {}
    # All options first: what is missing is said before anything is done.
    given = [(s, _options(read, s, changes)) for s in STAGES if s.name in read.stages]
    for n, (stage, options) in enumerate(given, 1):
        fingerprint = _fingerprint(stage, options, state)
        title = f"[{n}/{len(given)}] {stage.name}"
        done = before.get(stage.name, {})
        state[stage.name] = {"fingerprint": fingerprint, "output": _look(folder / stage.output)}
        if unchanged := done == state[stage.name]:
            say(f"{title}: unchanged, skipped")
        else:
            _do(stage, options, folder, title)
            state[stage.name]["output"] = _look(folder / stage.output)
        report[stage.name] = "unchanged" if unchanged else "done"
        _write_state(folder, read, {**before, **state})
    return report


def _do(stage: Stage, options: Mapping[str, Any], folder: Path, title: str) -> None:
    say(f"{title} ...")
    started = time.monotonic()
    stage.do(options, folder)
    say(f"{title}: {time.monotonic() - started:.1f} s")


def _options(recipe: Recipe, stage: Stage, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a stage: the shared ones, its own, a caller's; texts as paths."""
    shared = {key: value for key, value in recipe.shared.items() if key in stage.shared}
    options = shared | recipe.stages[stage.name]
    if stage.name == "train-vocab":
        options |= {key: value for key, value in changes.items() if value is not None}
    for key in stage.needs:
        if not options.get(key):
            raise InputError(
                f"the stage {stage.name} of {recipe.name} has no {key}.",
                hint=f"write {key} = {stage.takes[key].example} under it.",
            )
    for key, kind in stage.takes.items():
        if kind.beside and key in options:
            options[key] = [
                path
                for name in options[key]
                for path in ([name] if name in kind.known else _resolve(name, recipe.folder))
            ]
    return options


def _resolve(name: str, folder: Path) -> list[str]:
    """The files that a recipe's name of a text stands for."""
    if name.startswith(_EMBEDDED):
        inside = name.removeprefix(_EMBEDDED)
        if "/" not in inside:
            return [str(p) for p in embedded_files(inside, held_out=False)]
        return [str(corpora_folder() / inside)]
    if name.startswith("hf:") or name == "-":
        return [name]
    return [str(folder / name)]


def _fingerprint(stage: Stage, options: Mapping[str, Any], earlier: Mapping[str, Any]) -> str:
    """What the outcome of a stage depends on: options, texts, tokext itself, earlier stages."""
    from importlib.metadata import version

    files = [key for key, kind in stage.takes.items() if kind.files]
    depends_on = [
        stage.name,
        version("tokext"),
        {key: value for key, value in options.items() if key != "workers"},
        {name: _look(Path(name)) for key in files for name in options.get(key, ())},
        [earlier[name]["fingerprint"] for name in stage.after if name in earlier],
    ]
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()


def _look(path: Path) -> list[list[Any]]:
    """Name, size and time of change of a file, or of every file in a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [
        [file.name, file.stat().st_size, file.stat().st_mtime_ns]
        for file in files
        if file.is_file()
    ]


def _refuse_strange_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or (_names(folder) and not _is_run(folder))):
        raise OutputError(
            f"{folder} exists and is not the folder of a run.", hint="choose another -o."
        )


def _names(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if not p.name.startswith(".")]


def _is_run(folder: Path) -> bool:
    record = folder / RECORD_FILE
    fields = read_json(record) if record.is_file() else None
    return isinstance(fields, dict) and fields.get("kind") == "run"


def _read_state(folder: Path) -> dict[str, Any]:
    if not (folder / RECORD_FILE).is_file():
        return {}
    state = read_json(folder / RECORD_FILE).get("result")
    if not isinstance(state, dict):
        return {}
    return {name: done for name, done in state.items() if isinstance(done, dict)}


def _write_state(folder: Path, recipe: Recipe, state: dict[str, Any]) -> None:
    options = dataclasses.asdict(recipe) | {"folder": recipe.folder.name}
    record = run_record("run", options=options, inputs=(), result=state)
    write_whole(folder / RECORD_FILE, json_text(record), force=True)
