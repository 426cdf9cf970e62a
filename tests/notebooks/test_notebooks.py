"""The notebooks run from their first cell to their last, and show what they were saved with."""

from __future__ import annotations

import ast
import re
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


def plain(source):
    """The Python of a cell, without what only a notebook understands."""
    return re.sub(r"^( *)%.*$", r"\1pass", source, flags=re.MULTILINE)


@pytest.mark.slow
@each
def test_every_cell_runs_and_a_picture_is_drawn(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    book = read(path)
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(book, timeout=300, kernel_name="python3", resources=place).execute()
    assert any("image/png" in output.get("data", {}) for output in outputs(book))


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


@each
def test_the_first_cell_of_code_installs_tokext_where_it_is_missing(path):
    first = code(read(path))[0].source
    assert 'find_spec("tokext") is None' in first
    assert '%pip install --quiet "tokext[model]"' in first
