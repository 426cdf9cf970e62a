"""What the pages show is run, and what the site is made of is whole."""

from __future__ import annotations

import re

import click
import pytest
import yaml
from loopback import serve
from page_folder import DOCS, blocks, fill, run_page

from tokext.cli.main import cli
from tokext.recipe import read_recipe

ROOT = DOCS.parent
PAGES = sorted(p for p in DOCS.rglob("*.md") if p.parent.name not in ("systems", "reference"))
NAMES = [str(p.relative_to(DOCS)) for p in PAGES]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_and_example_of_a_page_runs(page, tmp_path):
    fill(tmp_path, page)
    shown = sum(block.text.count("tokext ") for block in blocks(page) if block.language == "sh")
    with serve() as server:
        ran = run_page(page, tmp_path, {"http://localhost:8000/v1": server.url})
    assert len(ran) == shown - page.read_text(encoding="utf-8").count("pip install 'tokext ")


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: p.stem)
def test_no_command_stands_outside_a_block_that_is_run(page):
    text = page.read_text(encoding="utf-8")
    outside = re.sub(r"```\w+\n.*?```", "", text, flags=re.DOTALL)
    names = "|".join(cli.list_commands(click.Context(cli)))
    assert not re.search(rf"^\s*(\$ )?tokext ({names}) ", outside, re.MULTILINE)
    assert {block.language for block in blocks(page)} <= {"sh", "python", "toml", "text"}


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: p.stem)
def test_recipes_name_stages_and_options_that_there_are(page, tmp_path):
    for block in blocks(page):
        if block.language == "toml":
            (tmp_path / "recipe.toml").write_text(block.text, encoding="utf-8")
            assert read_recipe(tmp_path / "recipe.toml").stages


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    shown = set(re.findall(r"[\w/-]+\.md", str(yaml.safe_load(text)["nav"])))
    assert shown == {str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md")}
