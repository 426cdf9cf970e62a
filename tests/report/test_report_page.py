"""The page: whole, alone, escaped, and readable without a Japanese font."""

from __future__ import annotations

import base64
import copy
import io
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_data import ENGLISH, HOSTILE, JAPANESE, segmentation, write_rows

from tokext.report import write_report

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Page(HTMLParser):
    """An HTML file taken apart; unclosed or misplaced tags stop it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.text.append(data)


@pytest.fixture
def hostile_folder(rows, base, extended, tokenizer_folder, tmp_path) -> Path:
    """A run whose corpus name, text and pieces were chosen to break a page."""
    tokenizer_folder(*HOSTILE)
    rows = copy.deepcopy(rows)
    for row in rows:
        if row["corpus"] == "english.txt":
            row["corpus"] = "<img src=x onerror=alert(1)>$x$\u202e.txt"
            model = extended if row["n_added"] else base.model
            row["segmentation"] = segmentation(base, model, " ".join(HOSTILE))
        if row["n_added"]:
            row["tokenizer"] = '"><script>alert(2)</script>'
    write_rows(tmp_path / "run" / "compression.json", rows)
    return tmp_path / "run"


def test_the_page_is_well_formed_and_loads_nothing(report_folder):
    html = (report_folder / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert sum(tag == "main" for tag, _ in page.tags) == 1
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "img", "base"}
        for name in ("src", "href", "xlink:href", "action", "poster", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith("#"), (tag, name, value)
    loaded = re.findall(r"url\(([^)]{0,30})", html)
    assert loaded
    assert all(url.startswith(("#", "data:font/woff;base64")) for url in loaded)
    assert "@import" not in html
    assert len(html.encode()) < 1_500_000


def test_ids_on_the_page_are_unique_and_every_reference_has_its_target(report_folder):
    page = Page((report_folder / "report.html").read_text(encoding="utf-8"))
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    references = {
        value[1:]
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"href", "xlink:href"} and value
    }
    assert references <= set(ids)


def test_every_chart_has_words_for_those_who_do_not_see_it(report_folder):
    page = Page((report_folder / "report.html").read_text(encoding="utf-8"))
    pictures = [a for _, a in page.tags if a.get("role") == "img"]
    drawings = [a for tag, a in page.tags if tag == "svg"]
    assert len(pictures) == 6
    assert all(len(str(a["aria-label"])) > 40 for a in pictures)
    assert len(drawings) == 12
    assert all(a["aria-hidden"] == "true" for a in drawings)


def test_colors_inside_the_page_follow_the_theme(report_folder):
    html = (report_folder / "report.html").read_text(encoding="utf-8")
    drawings = "".join(re.findall(r"<svg.*?</svg>", html, re.DOTALL))
    assert "var(--series-1)" in drawings
    left = set(re.findall(r"#[0-9a-f]{6}\b", drawings))
    assert left <= {"#000000"}, "a color that dark mode does not know"


@pytest.mark.parametrize("locale", ["en", "ja"])
def test_nothing_hostile_becomes_markup_and_charts_stay_xml(hostile_folder, tmp_path, locale):
    write_report([hostile_folder], tmp_path / "report", locale=locale)
    html = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag == "img" for tag, _ in page.tags)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert any("<script>alert(1)</script>" in text for text in page.text), (
        "the piece is still shown"
    )
    for character in "\u202e\u2066\x00\x1b\x7f":
        assert character not in html
    assert any("U+202E" in text for text in page.text)
    markdown = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert not re.search(r"<(?!br>|/?details)", markdown.replace("\\<", ""))
    assert "\u202e" not in markdown
    for svg in (tmp_path / "report").glob("*.svg"):
        tags = {e.tag.rpartition("}")[2] for e in ElementTree.fromstring(svg.read_bytes()).iter()}
        assert not tags & {"script", "img", "image"}


def test_every_japanese_character_of_the_page_is_in_the_font_it_brings(report_folder):
    from fontTools.ttLib import TTFont

    html = (report_folder / "report.html").read_text(encoding="utf-8")
    shown = {c for text in Page(html).text for c in text if c >= "\u2e80"}
    assert set("鬱蒼東京コーヒー森") <= shown
    brought: set[int] = set()
    for data in re.findall(r"url\(data:font/woff;base64,([^)]*)\)", html):
        with TTFont(io.BytesIO(base64.b64decode(data))) as font:
            brought |= set(font.getBestCmap())
    assert {ord(c) for c in shown} <= brought


def test_the_sample_shows_every_token_once_and_bytes_by_their_value(report_folder, rows):
    page = Page((report_folder / "report.html").read_text(encoding="utf-8"))
    boxes = [a for tag, a in page.tags if tag == "bdi" and "data-id" in a]
    tokens = [t for row in rows for t in row["segmentation"]["tokens"]]
    assert [int(str(a["data-id"])) for a in boxes] == [t["id"] for t in tokens]
    n_bytes = sum(t["is_byte"] for t in tokens)
    assert sum("byte" in str(a["class"]).split() for a in boxes) == n_bytes > 0
    assert sum("added" in str(a["class"]).split() for a in boxes) > 0
    utf8 = "鬱".encode()
    assert [f"{byte:02X}" for byte in utf8] == page.text[(at := page.text.index("E9")) : at + 3]


def test_a_report_loads_no_model_library(run_folder, tmp_path):
    code = (
        "import sys; from tokext.report import write_report;"
        "assert 'matplotlib' not in sys.modules;"
        f"write_report([{str(run_folder)!r}], {str(tmp_path / 'out')!r});"
        "print([m for m in ('torch', 'transformers', 'sentencepiece', 'tokenizers')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (1280, "dark"), (500, "light")])
def test_a_browser_draws_the_page(report_folder, tmp_path, width, theme):
    import numpy
    from matplotlib.image import imread

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    picture, profile = tmp_path / "page.png", tmp_path / "profile"
    profile.mkdir()
    options = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--hide-scrollbars", f"--user-data-dir={profile}", f"--window-size={width},1600"),
    )
    address = (report_folder / "report.html").as_uri() + f"#{theme}"
    command = [chromium, *options, f"--screenshot={picture}", address]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pixels = imread(picture)
    assert pixels.shape[:2] == (1600, width)
    ground = pixels[3, 3, :3]
    assert (ground.mean() > 0.9) == (theme == "light")
    drawn = numpy.abs(pixels[..., :3] - ground).sum(axis=2) > 0.3
    assert drawn.mean() > 0.01
    # Nothing runs out of the page at its right side.
    assert not drawn[:, -4:].any()


def test_the_fixture_is_what_it_says(rows):
    assert rows[0]["segmentation"]["text"] == JAPANESE
    assert rows[2]["segmentation"]["text"] == ENGLISH
    assert rows[1]["chars_per_token"] > rows[0]["chars_per_token"]
    assert rows[3]["n_lines_changed"] == 0
