"""The site builds without a warning, offline, and holds every command and public name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import tokext
from tokext.cli.main import cli
from tokext.recipe.stages import STAGES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", folder]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.mark.slow
def test_the_site_loads_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = [part.split('"')[0] for part in text.split('src="')[1:]]
        loaded += [p.split('href="')[1].split('"')[0] for p in text.split("<link ")[1:]]
        assert not [address for address in loaded if address.startswith(("http", "//"))], page


@pytest.mark.slow
def test_the_site_has_every_command_stage_and_public_name(site):
    commands = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    for name in [*cli.list_commands(click.Context(cli)), "bench compression"]:
        assert f'id="tokext-{name.replace(" ", "-")}"' in commands, name
    assert "\\b" not in commands  # what keeps examples apart is no text
    recipe = (site / "how-to" / "recipe.html").read_text(encoding="utf-8")
    assert not [stage.name for stage in STAGES if f"[{stage.name.replace(' ', '.')}]" not in recipe]
    python = (site / "reference" / "python.html").read_text(encoding="utf-8")
    for name in tokext.__all__:
        assert f'id="tokext.{name}"' in python, name


@pytest.mark.slow
def test_the_first_page_shows_a_picture_of_results_and_says_what_it_shows(site):
    text = (site / "index.html").read_text(encoding="utf-8")
    [alt] = re.findall(r'<img alt="([^"]*)" src="results/compression.png"', text)
    assert len(alt) > 80
    shown = (site / "results" / "compression.png").read_bytes()
    assert shown == (ROOT / "benchmarks" / "results" / "compression.png").read_bytes()
