"""The plan of the house: who imports whom, what loads what, and what every file owes its reader."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest
import regex

from tokext.cli.main import LazyGroup, cli

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tokext"

#: A room imports only from rooms before it.
ROOMS = (
    "errors", "output", "progress", "records", "languages", "tokenizer", "corpus", "vocab",
    "merge", "model", "bench", "report", "recipe", "cli",
)  # fmt: skip

#: These see less than their place would let them.
NARROW = {
    "report": {"errors", "output", "progress", "records"},
    "bench.leakage": {"errors", "output", "progress", "records", "languages"},
}

#: Imported where they are needed, and at the top of nothing but these.
HEAVY = {"torch", "transformers", "matplotlib", "pyarrow", "datasets", "ray", "accelerate"}
HEAVY_DOORS = (
    "model", "bench.speed", "bench.sampling.draw", "bench.sampling.sample", "report.charts",
)  # fmt: skip

#: These know Japanese: its letters, its words, how answers in it leak, how its charts are written.
JAPANESE = ("languages", "corpus.morphemes", "bench.leakage", "report")

FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path):
    """`tokext/bench/plan.py` -> `bench.plan`; of the package itself ``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(p for p in parts if p != "__init__")


MODULES = [module_of(path) for path in FILES]
each_file = pytest.mark.parametrize("path", FILES, ids=[m or "tokext" for m in MODULES])


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(tree):
    """The full names of the modules that a tree imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            yield node.module
            if node.module == "tokext" or node.module.startswith("tokext."):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts_in(tree):
    """The strings of a tree, documentation aside."""
    shown = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in shown:
            yield node.value


def rooms_seen(tree):
    inner = (name.split(".") for name in imports_of(tree) if name.startswith("tokext."))
    return {parts[1] for parts in inner} & set(ROOMS)


def at_the_top(tree):
    """The statements that run at import; what only a type checker reads is left out."""
    for node in tree.body:
        if isinstance(node, ast.If):
            yield from [] if "TYPE_CHECKING" in ast.unparse(node.test) else node.body
        elif not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node


def public_functions(tree):
    """Functions and methods that a reader may call, with their names."""
    for node in tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            continue
        for function in inner:
            if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                yield function


@each_file
def test_every_file_is_in_a_room_of_the_plan(path):
    assert module_of(path).partition(".")[0] in (*ROOMS, "", "__main__")


@each_file
def test_a_room_imports_only_from_rooms_before_it(path):
    room = module_of(path).partition(".")[0]
    if room in ROOMS:
        assert rooms_seen(tree_of(path)) <= {*ROOMS[: ROOMS.index(room) + 1]}


@pytest.mark.parametrize("room", NARROW)
def test_some_rooms_see_less_than_their_place_lets_them(room):
    for path, module in zip(FILES, MODULES, strict=True):
        if module == room or module.startswith(f"{room}."):
            assert rooms_seen(tree_of(path)) <= NARROW[room] | {room.partition(".")[0]}, module
            inner = [n for n in imports_of(tree_of(path)) if n.startswith(f"tokext.{room[:5]}")]
            assert all(n.startswith(f"tokext.{room}") for n in inner), module


@each_file
def test_heavy_libraries_wait_behind_their_own_doors(path):
    if not module_of(path).startswith(HEAVY_DOORS):
        top = (name for node in at_the_top(tree_of(path)) for name in imports_of(node))
        assert not {name.partition(".")[0] for name in top} & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [["-c", "from tokext import *"], ["-m", "tokext", "--help"]],
    ids=["import", "help"],
)
def test_no_heavy_library_is_loaded_by(arguments):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "tokext" in loaded
    assert not {name for name in loaded if name.partition(".")[0] in HEAVY}


@each_file
def test_nothing_is_printed_but_by_progress_and_the_command_line(path):
    if module_of(path) != "progress":
        names = [node.id for node in ast.walk(tree_of(path)) if isinstance(node, ast.Name)]
        assert "print" not in names


@each_file
def test_every_file_and_every_public_name_says_what_it_is_for(path):
    tree = tree_of(path)
    silent = [f.name for f in public_functions(tree) if not ast.get_docstring(f)]
    silent = [name for name in silent if name not in CALLED_BY_OTHERS]
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name[0] != "_"]
    silent += [c.name for c in classes if not ast.get_docstring(c)]
    assert silent == []
    assert ast.get_docstring(tree) or not tree.body


#: Methods that a library calls by these names; what they do is written in its documentation.
CALLED_BY_OTHERS = {"list_commands", "get_command", "format_commands", "parse_args"}


#: Tests are lists of laws, and may be longer; what they are built from may not.
SMALL = [
    *FILES,
    *(ROOT / "benchmarks").glob("*.py"),
    *(path for path in (ROOT / "tests").rglob("*.py") if not path.name.startswith("test_")),
]


@pytest.mark.parametrize("path", SMALL, ids=[str(path.relative_to(ROOT)) for path in SMALL])
def test_files_and_functions_are_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= 50, node.name


def commands(group=cli, words=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, LazyGroup):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


COMMANDS = dict(commands())
each_command = pytest.mark.parametrize("words", COMMANDS, ids=" ".join)


@each_command
def test_every_command_shows_a_line_to_copy(words):
    lines = COMMANDS[words].help.splitlines()
    assert any(line.strip().startswith(f"tokext {' '.join(words)}") for line in lines)


@each_command
def test_every_option_of_a_command_is_explained(words):
    options = [p for p in COMMANDS[words].params if isinstance(p, click.Option)]
    assert [o.name for o in options if not o.help] == []


@each_command
def test_every_command_has_a_test(words):
    texts = [p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py")]
    assert any(f'"{words[-1]}"' in text for text in texts)


@each_command
def test_every_command_takes_the_common_flags(words):
    flags = {flag for p in COMMANDS[words].params for flag in p.opts}
    assert {"--json", "--quiet"} <= flags
    assert "--force" in flags or "--output" not in flags


def test_the_readme_names_every_command():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [words for words in COMMANDS if f"tokext {' '.join(words)}" not in readme] == []


@each_file
def test_only_a_few_files_know_japanese(path):
    if f"{module_of(path)}.".startswith(tuple(f"{module}." for module in JAPANESE)):
        return
    kana_or_kanji = regex.compile(r"[\p{Hiragana}\p{Katakana}\p{Han}]")
    assert [text for text in texts_in(tree_of(path)) if kana_or_kanji.search(text)] == []
