"""What a recipe file says, checked: no stage, option or value that there is not."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.recipe.stage import SHARED, Kind
from tokext.recipe.stages import STAGES

_RECIPES = Path(__file__).parents[1] / "recipes"


@dataclass(frozen=True)
class Recipe:
    """What a recipe file says: options shared by all stages, and those of each stage.

    `folder` is where the file stands; names in it are relative to that.
    """

    name: str
    folder: Path
    shared: dict[str, Any]
    stages: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_recipe(name: str | Path) -> Recipe:
    """Read a recipe: a TOML file, or the name of one that comes with tokext.

    Raises:
        InputError: There is none, it is not TOML, it has no stage, it names a stage or an option
            that there is not, or a value is of the wrong type.

    Example:
        >>> list(read_recipe("mistral-ja").stages)
        ['train-vocab', 'merge', 'bench compression', 'report']
    """
    path = Path(name)
    if not path.is_file() and (_RECIPES / f"{name}.toml").is_file():
        path = _RECIPES / f"{name}.toml"
    tables = _read_toml(path)
    if isinstance(tables.get("bench"), dict):
        for benchmark, options in tables.pop("bench").items():
            tables[f"bench {benchmark}"] = options
    shared = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    given = {key: value for key, value in tables.items() if isinstance(value, dict)}
    _check(path, shared, given)
    ordered = {stage.name: given[stage.name] for stage in STAGES if stage.name in given}
    return Recipe(path.stem, path.parent, shared, ordered)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = sorted(p.stem for p in _RECIPES.glob("*.toml"))
        raise InputError(
            f"there is no recipe {str(path)!r}.",
            hint=f"give a TOML file, or one of {', '.join(known)}.",
        ) from error
    except IsADirectoryError as error:
        raise InputError(
            f"{path} is a folder, not a recipe.", hint="a TOML file is wanted."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}.", hint="mend that place.") from error


def _check(path: Path, shared: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    _check_names("option", shared, SHARED, path)
    _check_names("stage", given, [stage.name for stage in STAGES], path)
    _check_values("", shared, SHARED, path)
    for stage in STAGES:
        options = given.get(stage.name, {})
        _check_names(f"{stage.name} option", options, stage.takes, path)
        _check_values(f"{stage.name} option ", options, stage.takes, path)
    if not given:
        raise InputError(f"{path} has no stage.", hint="a stage begins with [train-vocab], say.")


def _check_names(what: str, given: Iterable[str], known: Iterable[str], path: Path) -> None:
    known = sorted(known)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"{path} has an unknown {what} {name!r}.",
                hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}.",
            )


def _check_values(
    where: str, given: Mapping[str, Any], kinds: Mapping[str, Kind], path: Path
) -> None:
    for name, value in given.items():
        if not kinds[name].fits(value):
            raise InputError(
                f"{path}: {where}{name} = {value!r} is of the wrong type.",
                hint=f"write it as in {name} = {kinds[name].example}.",
            )
