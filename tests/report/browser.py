"""Pages run in headless Chromium."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


def chromium() -> str:
    """The browser's program; tests that need it skip where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium is installed, so the page's scripts are not tried")


def run_page(page: str, folder: Path, script: str, *flags: str) -> str:
    """What `script`, the body of an async function, returns after the page's own scripts ran."""
    call = "(async () => {" + script + "})().catch((e) => `failed: ${e}`)"
    leave = '.then((found) => { document.body.innerHTML = ""; document.body.append(found); })'
    path = folder / "page.html"
    path.write_text(page.replace("</body>", f"<script>{call}{leave}</script></body>"), "utf-8")
    arguments = [*FLAGS, f"--user-data-dir={folder / 'profile'}", *flags]
    done = subprocess.run(
        [chromium(), *arguments, "--virtual-time-budget=20000", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
    )
    return html.unescape(re.search("<body>(.*?)</body>", done.stdout, re.DOTALL)[1])
