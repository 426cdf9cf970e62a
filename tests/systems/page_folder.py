"""The folder that a page speaks of, its texts and models, and its commands, run there."""

from __future__ import annotations

import contextlib
import contextvars
import doctest
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_systems import SYSTEMS

from tokext.cli.main import main
from tokext.corpus.embedded import embedded_files

DOCS = Path(__file__).parents[2] / "docs"
_FENCE = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
#: What a page may show and no test runs: how to install, comments, empty lines.
_NOT_RUN = re.compile(r"pip install |#|$")
#: What a small checkpoint and a small text can give.
_SMALLER = {"--size": "1000", "--max-new-tokens": "8", "--new-tokens": "8"}


@dataclass(frozen=True)
class Shown:
    """One block of a page: its language and its text."""

    language: str
    text: str


def blocks(page: Path) -> Iterator[Shown]:
    """The fenced blocks of a page, in order."""
    for indent, language, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        yield Shown(language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))


def commands(block: Shown) -> Iterator[str]:
    """The commands of a shell block, continued lines joined."""
    for line in block.text.replace("\\\n", " ").splitlines():
        yield line.strip()


def fill(folder: Path, page: Path) -> None:
    """Write what a page takes for granted: texts, and a small twin of each system it names."""
    for name, language, held_out in (
        ("japanese.txt", "ja", False),
        ("held-out.txt", "ja", True),
        ("english.txt", "en", True),
    ):
        texts = [p.read_text(encoding="utf-8") for p in embedded_files(language, held_out=held_out)]
        (folder / name).write_text("".join(texts), encoding="utf-8")
    shown = page.read_text(encoding="utf-8")
    if "folder/" in shown:
        (folder / "folder").mkdir()
        (folder / "folder" / "more.txt").write_bytes((folder / "japanese.txt").read_bytes())
    if "novels.jsonl" in shown:
        line = json.dumps({"text": "庭の柿の木に、今年もたくさんの実がなった。"})
        (folder / "novels.jsonl").write_text(f"{line}\n" * 3, encoding="utf-8")
    for system in SYSTEMS:
        if system.hub_id in shown:
            system.write(folder / system.hub_id)


def run_page(page: Path, folder: Path, instead: Mapping[str, str] | None = None) -> list[str]:
    """Run all that a page shows, in order, in its folder; the commands that ran.

    Args:
        page: A Markdown file.
        folder: What `fill` made.
        instead: What to put for a text in commands: a server's address for that of an example.
    """
    ran: list[str] = []
    names: dict[str, object] = {}
    with contextlib.chdir(folder):
        for block in blocks(page):
            if block.language == "python":
                _run_python(block.text, names, page)
            for command in commands(block) if block.language == "sh" else ():
                if not _NOT_RUN.match(command):
                    run_command(command, instead or {})
                    ran.append(command)
    return ran


def run_command(command: str, instead: Mapping[str, str]) -> None:
    """Run one `tokext` command in this process; anything but success fails the test."""
    for text, other in instead.items():
        command = command.replace(text, other)
    name, *arguments = shlex.split(command, comments=True)
    assert name == "tokext", f"a page shows a command that is not run: {command}"
    for flag, value in _SMALLER.items():
        if flag in arguments:
            arguments[arguments.index(flag) + 1] = value
    with pytest.raises(SystemExit) as end:
        contextvars.copy_context().run(main, [*arguments, "-q"])
    assert not end.value.code, command


def _run_python(text: str, names: dict[str, object], page: Path) -> None:
    """Run a block: an example with its output as a doctest, anything else as it is."""
    if not text.lstrip().startswith(">>>"):
        exec(compile(text, str(page), "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(text, names, page.name, str(page), 0)
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=told.append, clear_globs=False)
    names |= test.globs
    assert not told, "".join(told)
