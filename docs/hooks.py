"""Puts the `--help` of every command into the page that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from tokext.cli.main import LazyGroup, cli

MARK = "<!-- every command -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the mark by a section for each command; called by mkdocs."""
    if MARK not in markdown:
        return markdown
    sections = (f"## {name}\n\n```text\n{text}\n```" for name, text in helps(cli, "tokext"))
    return markdown.replace(MARK, "\n\n".join(sections))


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The name of a command and its help as a terminal shows it; then those of a group's own."""
    context = click.Context(command, info_name=name, terminal_width=80)
    yield name, command.get_help(context)
    if isinstance(command, LazyGroup):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from helps(found, f"{name} {inner}")
