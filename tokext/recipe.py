"""The stages in order, skipping what is done and unchanged."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokext.corpus.embedded import corpora_folder, embedded_files
from tokext.errors import InputError, OutputError
from tokext.output import json_text, write_whole
from tokext.progress import say
from tokext.records import RECORD_FILE, read_json, run_record

_RECIPES = Path(__file__).parent / "recipes"
_EMBEDDED = "embedded:"


@dataclass(frozen=True)
class Stage:
    """One step: the command it stands for, what it leaves, and the options it takes.

    `do` gets the recipe's options, where the run's folder is, and writes `output` inside it.
    """

    name: str
    output: str
    options: frozenset[str]
    do: Callable[[Mapping[str, Any], Path], None]


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
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = sorted(p.stem for p in _RECIPES.glob("*.toml"))
        raise InputError(
            f"there is no recipe {str(name)!r}.",
            hint=f"give a TOML file, or one of {', '.join(known)}.",
        ) from error
    except IsADirectoryError as error:
        raise InputError(
            f"{path} is a folder, not a recipe.", hint="a TOML file is wanted."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}.", hint="mend that place.") from error
    if isinstance(tables.get("bench"), dict):
        for benchmark, options in tables.pop("bench").items():
            tables[f"bench {benchmark}"] = options
    shared = {key: value for key, value in tables.items() if not isinstance(value, dict)}
    given = {key: value for key, value in tables.items() if isinstance(value, dict)}
    _check_names("option", shared, _SHARED, path)
    _check_names("stage", given, [s.name for s in STAGES], path)
    _check_types("", shared, path)
    for stage in STAGES:
        options = given.get(stage.name, {})
        _check_names(f"{stage.name} option", options, stage.options, path)
        _check_types(f"{stage.name} option ", options, path)
    if not given:
        raise InputError(f"{path} has no stage.", hint="a stage begins with [train-vocab], say.")
    ordered = {s.name: given[s.name] for s in STAGES if s.name in given}
    return Recipe(path.stem, path.parent, shared, ordered)


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
    stages = [stage for stage in STAGES if stage.name in read.stages]
    for n, stage in enumerate(stages, 1):
        options = _options(read, stage, changes)
        fingerprint = _fingerprint(stage, options, state)
        done = before.get(stage.name, {})
        unchanged = done.get("fingerprint") == fingerprint and done.get("output") == _look(
            folder / stage.output
        )
        title = f"[{n}/{len(stages)}] {stage.name}"
        if unchanged:
            say(f"{title}: unchanged, skipped")
            state[stage.name] = done
        else:
            say(f"{title} ...")
            started = time.monotonic()
            stage.do(options, folder)
            say(f"{title}: {time.monotonic() - started:.1f} s")
            look = _look(folder / stage.output)
            state[stage.name] = {"fingerprint": fingerprint, "output": look}
        report[stage.name] = "unchanged" if unchanged else "done"
        _write_state(folder, read, {**before, **state})
    return report


def _train_vocab(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.vocab.added import train_vocab

    train_vocab(output=folder / "added", force=True, **options)


def _merge(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.merge.extension import merge_vocab

    merge_vocab(added=folder / "added", output=folder / "tokenizer", force=True, **options)


def _bench_compression(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.bench.compression import measure_compression

    given = dict(options)
    tokenizers = [given.pop("base"), str(folder / "tokenizer"), *given.pop("tokenizers", ())]
    rows = measure_compression(tokenizers, given.pop("texts"), **given)
    write_whole(folder / "compression.json", json_text([row.as_dict() for row in rows]), force=True)


def _report(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.report import write_report

    results = [folder / name for name in ("added", "tokenizer", "compression.json")]
    write_report(
        [r for r in results if r.exists()], output=folder / "report", force=True, **options
    )


def _tiny_model(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.corpus.read import read_corpus
    from tokext.model.tiny import train_tiny

    lines = list(read_corpus(options["inputs"]))
    train_tiny(lines, options["base"], folder / "model-base", force=True)


def _resize(options: Mapping[str, Any], folder: Path) -> None:
    from tokext.model.resize import resize_checkpoint

    given = dict(options)
    model = given.pop("model", str(folder / "model-base"))
    resize_checkpoint(
        model, tokenizer=folder / "tokenizer", output=folder / "model", force=True, **given
    )


_SHARED = ("base", "language", "seed")

#: Options that a stage takes from the shared ones, where it has no own.
_TAKES = {
    "train-vocab": ("base", "language", "seed"),
    "merge": ("base", "language", "seed"),
    "bench compression": ("base", "language"),
    "tiny-model": ("base",),
    "resize": (),
    "report": (),
}

_TRAINING = ("inputs", "size", "method", "boundary", "max_piece_length", "min_count", "text_field",
             "document", "max_bad_share", "format", "workers")  # fmt: skip

STAGES = (
    Stage("train-vocab", "added", frozenset({*_TRAINING, *_SHARED}), _train_vocab),
    Stage(
        "merge",
        "tokenizer",
        frozenset({"size", "pad_to", "keep_all", *_SHARED}),
        _merge,
    ),
    Stage(
        "bench compression",
        "compression.json",
        frozenset(
            {"texts", "tokenizers", "document_lines", "word_sample_chars", "curve", "text_field"}
            | {"format", "language", "base"}
        ),
        _bench_compression,
    ),
    Stage("tiny-model", "model-base", frozenset({"inputs", "base"}), _tiny_model),
    Stage("resize", "model", frozenset({"model", "init", "device", "dtype", "rescale"}), _resize),
    Stage("report", "report", frozenset({"locale", "title", "corpus"}), _report),
)


def _check_names(what: str, given: Mapping[str, Any], known: Any, path: Path) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=1)
            raise InputError(
                f"{path} has an unknown {what} {name!r}.",
                hint=f"did you mean {near[0]}?" if near else f"one of {', '.join(sorted(known))}.",
            )


#: Options that are no string.
_LISTS = {"inputs", "texts", "tokenizers"}
_SWITCHES = {"curve", "keep_all", "rescale"}
_NUMBERS = {"max_bad_share"}
_INTEGERS = {"document_lines", "max_piece_length", "min_count", "pad_to", "seed", "size",
             "word_sample_chars", "workers"}  # fmt: skip


def _check_types(where: str, given: Mapping[str, Any], path: Path) -> None:
    for name, value in given.items():
        wanted, example = _wanted_type(name)
        fits = isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)
        if fits and isinstance(value, list):
            fits = all(isinstance(item, str) for item in value)
        if not fits:
            raise InputError(
                f"{path}: {where}{name} = {value!r} is of the wrong type.",
                hint=f"write it as in {name} = {example}.",
            )


def _wanted_type(name: str) -> tuple[type | tuple[type, ...], str]:
    """The type of an option's value, and what one looks like in TOML."""
    if name in _LISTS:
        return list, '["one", "two"]'
    if name in _SWITCHES:
        return bool, "true"
    if name in _NUMBERS:
        return (int, float), "0.01"
    return (int, "64") if name in _INTEGERS else (str, '"text"')


def _options(recipe: Recipe, stage: Stage, changes: Mapping[str, Any]) -> dict[str, Any]:
    shared = {k: v for k, v in recipe.shared.items() if k in _TAKES[stage.name]}
    options = shared | recipe.stages[stage.name]
    if stage.name == "train-vocab":
        options |= {key: value for key, value in changes.items() if value is not None}
    for key in ("inputs", "texts"):
        if key in options:
            options[key] = [path for name in options[key] for path in _resolve(name, recipe.folder)]
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

    looked_at = {
        name: _look(Path(name))
        for key in ("inputs", "texts", "tokenizers")
        for name in options.get(key, ())
    }
    depends_on = [
        stage.name,
        version("tokext"),
        {k: v for k, v in options.items() if k != "workers"},
        looked_at,
        [earlier[name]["fingerprint"] for name in earlier],
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


def _names(folder: Path) -> Iterator[Path] | list[Path]:
    return [p for p in folder.iterdir() if not p.name.startswith(".")]


def _is_run(folder: Path) -> bool:
    record = folder / RECORD_FILE
    return record.is_file() and read_json(record).get("kind") == "run"


def _read_state(folder: Path) -> dict[str, Any]:
    if not (folder / RECORD_FILE).is_file():
        return {}
    state: dict[str, Any] = read_json(folder / RECORD_FILE)["result"]
    return state


def _write_state(folder: Path, recipe: Recipe, state: dict[str, Any]) -> None:
    options = dataclasses.asdict(recipe) | {"folder": recipe.folder.name}
    record = run_record("run", options=options, inputs=(), result=state)
    write_whole(folder / RECORD_FILE, json_text(record), force=True)
