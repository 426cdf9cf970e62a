"""The notebooks run from their first cell to their last, and show what they were saved with."""

from __future__ import annotations

import ast
import importlib.util
import re
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])
DOCUMENTED = set(
    re.findall(r"^::: ([\w.]+)$", (ROOT / "docs/reference/python.md").read_text("utf-8"), re.M)
)


def read(path):
    return nbformat.read(path, as_version=4)


def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def outputs(book):
    return [output for cell in code(book) for output in cell.outputs]


def run(book, folder):
    place = {"metadata": {"path": str(folder)}}
    NotebookClient(book, timeout=300, kernel_name="python3", resources=place).execute()


def said(book):
    """The guarantees that it prints: they are the same on every machine."""
    text = "".join(o.text for o in outputs(book) if o.output_type == "stream")
    return re.findall(r"^(?:kept|BROKEN|not tried) .*$", text, re.MULTILINE)


def plain(source):
    """The Python of a cell, without what only a notebook understands."""
    return re.sub(r"^( *)%.*$", r"\1pass", source, flags=re.MULTILINE)


@pytest.mark.slow
@each
def test_every_cell_runs_and_a_picture_is_drawn(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    book = read(path)
    saved = said(book)
    run(book, tmp_path)
    assert any("image/png" in output.get("data", {}) for output in outputs(book))
    assert said(book) == saved


@each
def test_it_is_saved_with_its_outputs_small_and_free_of_errors_and_of_a_machine_s_folders(path):
    book = read(path)
    assert path.stat().st_size < 200_000
    assert all(cell.execution_count for cell in code(book))
    assert any("image/png" in output.get("data", {}) for output in outputs(book))
    assert {o.output_type for o in outputs(book)} <= {"stream", "display_data", "execute_result"}
    assert not [o for o in outputs(book) if o.get("name") == "stderr"]
    assert not re.search(r"/(tmp|home|root|work)/", str(outputs(book)))


@each
def test_it_uses_what_the_reference_documents(path):
    for cell in code(read(path)):
        for node in ast.walk(ast.parse(plain(cell.source))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("tokext"):
                assert {f"{node.module}.{alias.name}" for alias in node.names} <= DOCUMENTED
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "tokext":
                assert f"tokext.{node.attr}" in DOCUMENTED


def run_first_cell(path, asked):
    """The first cell where tokext is not installed; what pip is asked for is put into `asked`."""
    first = re.sub(r'%pip install --quiet (".*")', r"asked.append(f\1)", code(read(path))[0].source)
    exec(first, {"asked": asked})


@pytest.fixture
def no_tokext(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize("where", ["beside a checkout", "in a checkout"])
@each
def test_the_first_cell_installs_what_is_there_with_extras_that_there_are(
    path, where, tmp_path, monkeypatch, no_tokext
):
    if where == "beside a checkout":
        (tmp_path / "checkout").symlink_to(ROOT)
    monkeypatch.chdir(tmp_path if where == "beside a checkout" else ROOT / "notebooks")
    asked = []
    run_first_cell(path, asked)
    [(source, extras)] = [re.fullmatch(r"(.+)\[(.+)\]", one).groups() for one in asked]
    assert source == str(ROOT)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    given = [need for extra in extras.split(",") for need in known["optional-dependencies"][extra]]
    four_bit = "load_in_4bit" in str(code(read(path)))
    assert any(need.startswith("bitsandbytes") for need in given) == four_bit


@each
def test_without_a_checkout_the_first_cell_stops_and_says_how_to_get_one(
    path, tmp_path, monkeypatch, no_tokext
):
    monkeypatch.chdir(tmp_path)
    asked = []
    with pytest.raises(SystemExit, match=r"^tokext is not here: .*`!git clone ADDRESS checkout`"):
        run_first_cell(path, asked)
    assert asked == []
    assert "bring one\nto `./checkout` first" in read(path).cells[0].source


@pytest.mark.slow
def test_a_model_is_extended_and_asked_in_four_bits(tmp_path, monkeypatch):
    pytest.importorskip("bitsandbytes")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    book = read(ROOT / "notebooks" / "2_extend_a_model.ipynb")
    [chosen] = [cell for cell in code(book) if '"tiny", False, 24' in cell.source]
    chosen.source = chosen.source.replace('"tiny", False, 24', '"tiny", True, 24')
    used = nbformat.v4.new_code_cell('import sys\nprint("bitsandbytes" in sys.modules)')
    book.cells.append(used)
    run(book, tmp_path)
    assert [output.text for output in used.outputs] == ["True\n"]
