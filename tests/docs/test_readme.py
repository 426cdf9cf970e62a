"""What the README shows is run: its commands here, its example as a doctest of its own."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import re
import shlex

import pytest
from page_folder import DOCS, run_command

from tokext.cli.main import cli
from tokext.corpus.embedded import embedded_files

ROOT = DOCS.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Indented lines, and commands in a sentence that leave nothing to be filled in.
SHOWN = re.findall(r"^    (\S.*)$", README, re.MULTILINE)
TOLD = re.findall(r"`(tokext [a-z -]+ [^`A-Z]*\.[^`A-Z]+)`", README)


def beginning(name):
    return [line for line in SHOWN if line.startswith(f"{name} ")]


@pytest.fixture
def folder(tmp_path):
    """The files that the README speaks of, small."""
    learned, held_out = (
        "".join(p.read_text("utf-8") for p in embedded_files("ja", held_out=h))
        for h in (False, True)
    )
    for name in ("corpus.txt.gz", "ja_train.txt.gz"):
        (tmp_path / name).write_bytes(gzip.compress(learned.encode()))
    (tmp_path / "ja_heldout_literature.txt").write_text(held_out, encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_every_command_runs_in_the_order_that_it_is_shown_in(folder):
    local = [line for line in beginning("tokext") if "--address" not in line]
    assert (len(local), len(TOLD)) == (2, 1)
    with contextlib.chdir(folder):
        for command in [*local, *TOLD]:
            run_command(command, {})
    assert (folder / "mistral-ja" / "tokenizer.json").is_file()


def test_a_command_for_a_cluster_has_options_that_there_are():
    """It is parsed and not run: the tests of clusters start one, which takes its time."""
    [line] = [line for line in beginning("tokext") if "--address" in line]
    _, name, *arguments = shlex.split(line)
    command = cli.get_command(None, name)
    given = command.make_context(name, arguments).params
    assert (given["engine"], given["address"]) == ("ray", "HEAD:6379")


def test_every_script_is_there_and_knows_the_options_it_is_shown_with():
    for line in beginning("python"):
        _, script, *words = shlex.split(line, comments=True)
        source = (ROOT / script).read_text(encoding="utf-8")
        assert [w for w in words if w.startswith("-") and f'"{w}"' not in source] == [], line
        for name in (b for a, b in itertools.pairwise(words) if a == "--only"):
            assert (ROOT / "benchmarks" / f"{name}.py").is_file()


def test_every_target_of_make_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {line.split()[1] for line in beginning("make")}
    assert targets >= {"demo", "test", "bench"}
    for target in targets:
        assert re.search(rf"^{target}\b.*:", makefile, re.MULTILINE), target


def test_no_line_is_left_that_no_test_knows():
    known = ("tokext ", "python ", "make ", "pip install ", "ray start ")
    assert [line for line in SHOWN if not line.startswith(known)] == []
