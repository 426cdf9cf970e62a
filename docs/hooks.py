"""Puts the help of every command, the stages of a recipe and pictures of results into the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.structure.files import File, Files

from tokext.cli.main import LazyGroup, cli
from tokext.recipe.stages import STAGES

#: Where pictures of results lie; on the site, and on a forge that shows the pages as they are.
_PICTURES, _RESULTS = "results/", "../benchmarks/results/"


def on_files(files: Files, config: Any, **_: Any) -> Files:
    """Take the pictures of results along, which lie outside the pages; called by mkdocs."""
    for path in sorted(Path(config["docs_dir"], _RESULTS).glob("*.png")):
        name = f"{_PICTURES}{path.name}"
        files.append(File.generated(config, name, abs_src_path=str(path.resolve())))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace each mark by what it names; called by mkdocs."""
    for mark, made in (("<!-- every command -->", sections), ("<!-- every stage -->", stages)):
        if mark in markdown:
            markdown = markdown.replace(mark, made())
    return markdown.replace(_RESULTS, _PICTURES)


def sections() -> str:
    """A section for each command."""
    found = (f"## {name}\n\n```text\n{text}\n```" for name, text in helps(cli, "tokext"))
    return "\n\n".join(found)


def stages() -> str:
    """A table with a row for each stage."""
    rows = [("stage", "leaves", "options"), ("---",) * 3]
    for stage in STAGES:
        options = " ".join(f"`{name}`" for name in stage.options)
        rows.append((f"`[{stage.name.replace(' ', '.')}]`", f"`{stage.output}`", options))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The name of a command and its help as a terminal shows it; then those of a group's own."""
    context = click.Context(command, info_name=name, terminal_width=80)
    yield name, command.get_help(context)
    if isinstance(command, LazyGroup):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from helps(found, f"{name} {inner}")
