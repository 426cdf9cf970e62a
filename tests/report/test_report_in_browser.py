"""The whole page in a real browser: on a phone and a desk, in the dark, in Japanese, on paper."""

from __future__ import annotations

import io
import json
import subprocess

import pytest
from browser import FLAGS, chromium, run_page
from matplotlib.image import imread
from report_data import write_run

from tokext.report import write_report

LOOK = """
    const root = document.documentElement, style = getComputedStyle(document.body);
    const wide = [...document.querySelectorAll("body *")].filter((e) =>
        !e.closest(".scroll, svg, pre") && e.getBoundingClientRect().right > innerWidth + 1);
    const button = document.querySelector(".theme"), before = style.backgroundColor;
    button.click();
    return JSON.stringify({
        overflow: root.scrollWidth - root.clientWidth,
        wide: wide.map((e) => e.outerHTML.slice(0, 90)),
        turned: before !== getComputedStyle(document.body).backgroundColor,
        shown: [...document.querySelectorAll("figure svg")].filter((e) => e.clientWidth).length,
        figures: document.querySelectorAll("figure").length, failed: window.failed ?? [],
    });"""


@pytest.fixture(scope="module")
def japanese_page(rows, base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    write_report([write_run(folder / "run", base, rows)], folder / "report", locale="ja")
    return folder / "report" / "report.html"


@pytest.mark.parametrize("width", [360, 1100])
@pytest.mark.parametrize("locale", ["en", "ja"])
def test_nothing_sticks_out_each_chart_is_shown_once_and_no_script_fails(
    report_folder, japanese_page, tmp_path, locale, width
):
    path = japanese_page if locale == "ja" else report_folder / "report.html"
    watch = "<script>addEventListener('error', (e) => (window.failed ??= []).push(e.message));"
    page = path.read_text(encoding="utf-8").replace("<head>", f"<head>{watch}</script>", 1)
    # A headless window has a least width; a frame does not.
    found = json.loads(run_framed(page, tmp_path, width))
    assert found["wide"] == []
    assert found["overflow"] <= 0
    assert found["turned"]
    assert found["shown"] == found["figures"] > 4
    assert found["failed"] == []


def run_framed(page: str, folder, width: int) -> str:
    """What LOOK returns inside a frame so wide."""
    inner = page.replace(
        "</body>", f"<script>window.look = async () => {{{LOOK}}};</script></body>"
    )
    (folder / "inner.html").write_text(inner, encoding="utf-8")
    frame = f'<body><iframe src="inner.html" width="{width}" height="900"></iframe></body>'
    script = """
        const frame = document.querySelector("iframe");
        if (!frame.contentWindow.look) await new Promise((done) => { frame.onload = done; });
        return await frame.contentWindow.look();"""
    return run_page(frame, folder, script, "--allow-file-access-from-files")


def shot(path, folder, *flags) -> bytes:
    picture = folder / "shot.png"
    arguments = [*FLAGS, f"--user-data-dir={folder / 'profile'}", f"--screenshot={picture}"]
    subprocess.run(
        [chromium(), *arguments, *flags, path], capture_output=True, timeout=120, check=True
    )
    return picture.read_bytes()


def test_the_page_is_drawn_light_and_dark(japanese_page, tmp_path):
    flags = ("--window-size=500,900", "--virtual-time-budget=3000")
    light = imread(io.BytesIO(shot(japanese_page.as_uri(), tmp_path, *flags)))
    dark = imread(io.BytesIO(shot(f"{japanese_page.as_uri()}#dark", tmp_path, *flags)))
    assert light[..., :3].mean() > 0.8
    assert dark[..., :3].mean() < 0.3
    assert light[..., :3].std() > 0.03, "there is something on it"


def test_the_page_goes_on_paper(japanese_page, tmp_path):
    paper = tmp_path / "paper.pdf"
    arguments = [*FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={paper}"]
    command = [chromium(), *arguments, "--virtual-time-budget=3000", japanese_page.as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    data = paper.read_bytes()
    assert data.startswith(b"%PDF")
    assert 2 <= data.count(b"/Type /Page\n") + data.count(b"/Type/Page/") <= 30
