"""Stages done in order, each unless it is done and nothing it depends on has changed."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tokext.corpus.hub import PREFIX
from tokext.corpus.inputs import STANDARD_INPUT
from tokext.errors import InputError, OutputError
from tokext.output import json_text, write_whole
from tokext.progress import say
from tokext.recipe.fingerprint import Fingerprints, Seen, look
from tokext.recipe.read import Recipe, read_recipe
from tokext.recipe.resolve import resolve
from tokext.recipe.stage import Stage
from tokext.recipe.stages import STAGES
from tokext.records import RECORD_FILE, read_json, run_record
from tokext.tokenizer.base import DEFAULT_BASE


def run_recipe(
    recipe: str | Path,
    output: str | Path,
    *,
    inputs: list[str] | None = None,
    size: int | None = None,
    reading: Mapping[str, Any] | None = None,
    seed: int | None = None,
    more: Mapping[str, dict[str, Any]] | None = None,
    force: bool = False,
) -> dict[str, str]:
    """Do the stages of a recipe, each unless it is done and nothing it depends on has changed.

    Args:
        recipe: A TOML file, or the name of a recipe that comes with tokext.
        output: The folder of the run; each stage has its own place inside.
        inputs: Text to learn from instead of the recipe's.
        size: Pieces to learn instead of the recipe's.
        reading: How the text to learn from is read, where the recipe does not say it or says it
            otherwise: `format`, `text_field` and the other options of `read_corpus`.
        seed: Of every stage that draws something, instead of the recipe's.
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
    texts = {"inputs": inputs and [_absolute(i) for i in inputs], "size": size, **(reading or {})}
    before = {} if force else _read_state(folder)
    fingerprints = Fingerprints(_revisions(before))
    state: dict[str, Any] = {}
    report: dict[str, str] = {}
    # All options first: what is missing is said before anything is done.
    given = [(s, _options(read, s, texts, seed)) for s in STAGES if s.name in read.stages]
    for n, (stage, options) in enumerate(given, 1):
        fingerprint = fingerprints.of(stage, options, _earlier(stage, state, folder))
        title = f"[{n}/{len(given)}] {stage.name}"
        now = {"fingerprint": fingerprint, "output": look(folder / stage.output)}
        if unchanged := now.items() <= before.get(stage.name, {}).items():
            say(f"{title}: unchanged, skipped")
        else:
            if stage.resumes:
                begun = _begin(stage, fingerprint, before.get(stage.name, {}), folder)
                _write_state(folder, read, {**before, **state, stage.name: begun})
            _do(stage, options, folder, title)
            now["output"] = look(folder / stage.output)
        state[stage.name] = now | {"revisions": dict(fingerprints.revisions)}
        report[stage.name] = "unchanged" if unchanged else "done"
        _write_state(folder, read, {**before, **state})
    return report


def _earlier(stage: Stage, state: Mapping[str, Any], folder: Path) -> Iterator[str | Seen]:
    """What a stage comes after; the output of another recipe's stage is seen as it lies there."""
    outputs = {other.name: other.output for other in STAGES}
    for name in stage.after:
        yield state[name]["fingerprint"] if name in state else look(folder / outputs[name])


def _absolute(name: str) -> str:
    """An input that a caller names is relative to where the caller stands, not to the recipe."""
    return name if name == STANDARD_INPUT or name.startswith(PREFIX) else os.path.abspath(name)


def _revisions(state: Mapping[str, Any]) -> dict[str, str]:
    found = (done.get("revisions") for done in state.values())
    return {name: one for r in found if isinstance(r, dict) for name, one in r.items()}


def _begin(
    stage: Stage, fingerprint: str, before: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """What the state says of a stage that a kill may stop; leftovers of another are removed."""
    if before.get("begun") != fingerprint:
        for name in stage.resumes:
            (folder / stage.output / name).unlink(missing_ok=True)
    return {"begun": fingerprint, "revisions": before.get("revisions")}


def _do(stage: Stage, options: Mapping[str, Any], folder: Path, title: str) -> None:
    say(f"{title} ...")
    started = time.monotonic()
    stage.do(options, folder)
    say(f"{title}: {time.monotonic() - started:.1f} s")


def _options(
    recipe: Recipe, stage: Stage, texts: Mapping[str, Any], seed: int | None
) -> dict[str, Any]:
    """The options of a stage: the shared ones, its own, a caller's; names as paths."""
    shared = {"base": DEFAULT_BASE, **recipe.shared}
    options = {key: value for key, value in shared.items() if key in stage.shared}
    options |= recipe.stages[stage.name]
    if stage.name == "train-vocab":
        options |= {key: value for key, value in texts.items() if value is not None}
    if stage.name == "report":
        options["stages"] = [other.name for other in STAGES if other.name in recipe.stages]
    if seed is not None and "seed" in stage.shared:
        options["seed"] = seed
    for key in stage.needs:
        if not options.get(key):
            raise InputError(
                f"the stage {stage.name} of {recipe.name} has no {key}.",
                hint=f"write {key} = {stage.takes[key].example} under it.",
            )
    for key, kind in stage.takes.items():
        if kind.reads and key in options:
            options[key] = resolve(options[key], kind, recipe.folder)
    return options


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
