"""The page in a real browser: what it hides at first, and that the keyboard moves through it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tokext.bench.leakage import measure_leakage
from tokext.bench.leakage.page import html_page

CLEAN, WORD, LINE = "はい、そうです。", "この essay は長い文章だと思います。", "No, it is not."


@pytest.fixture
def browser() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium is installed")


def _run(browser: str, folder: Path, script: str) -> str:
    """What `script` leaves in the page's title, after the page's own script."""
    page = html_page(measure_leakage([CLEAN, WORD, LINE]))
    path = folder / "page.html"
    text = page.replace(
        "</body>", f"<script>document.title = (() => {{ {script} }})();</script></body>"
    )
    path.write_text(text, encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    done = subprocess.run(
        [browser, *flags, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    return re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)[1]


@pytest.mark.slow
def test_clean_answers_are_hidden_until_asked_for(browser, tmp_path):
    count = 'return document.getElementById("count").textContent;'
    assert _run(browser, tmp_path, count) == "2 / 3"
    show = 'shown.value = "all"; shown.dispatchEvent(new Event("input"));'
    show = 'const s = document.getElementById("shown"); ' + show.replace("shown.", "s.")
    assert _run(browser, tmp_path, show + count) == "3 / 3"


@pytest.mark.slow
def test_filters_narrow_to_one_kind(browser, tmp_path):
    script = (
        'const s = document.getElementById("level"); s.value = "word"; '
        's.dispatchEvent(new Event("input")); return document.getElementById("count").textContent;'
    )
    assert _run(browser, tmp_path, script) == "1 / 3"


@pytest.mark.slow
def test_keys_move_from_answer_to_answer(browser, tmp_path):
    press = 'document.dispatchEvent(new KeyboardEvent("keydown", {key: "%s"})); '
    read = 'return document.activeElement.querySelector(".text").textContent;'
    assert _run(browser, tmp_path, press % "j" + read) == LINE
    assert _run(browser, tmp_path, press % "j" * 2 + read) == WORD
    assert _run(browser, tmp_path, press % "j" * 2 + press % "k" + read) == LINE
    assert _run(browser, tmp_path, press % "/" + "return document.activeElement.id;") == "find"
