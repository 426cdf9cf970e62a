"""What nobody thought of is still one line, that names it and says whose fault it is."""

import pytest

from tokext import recipe as recipes
from tokext.output import json_text


@pytest.fixture
def recipe(tmp_path, tiny_base, text):
    """A recipe of one small stage."""
    path = tmp_path / "r.toml"
    path.write_text(
        f'base = "{tiny_base}"\n[train-vocab]\ninputs = ["{text.name}"]\nsize = 20\nworkers = 1\n',
        encoding="utf-8",
    )
    return path


def fail(error):
    def failing(*_, **__):
        raise error

    return failing


def test_an_error_that_nobody_thought_of_is_one_line_and_said_to_be_a_fault_of_tokext(
    tokext, recipe, monkeypatch
):
    monkeypatch.setattr(recipes, "run_recipe", fail(KeyError("a\nb")))
    message, hint = tokext("run", recipe, "-q").error()
    assert message == r"tokext met something that it does not expect: KeyError: 'a\nb'"
    assert "a fault of tokext" in hint
    shown = tokext("--debug", "run", recipe, "-q")
    assert shown.status == 1
    assert "Traceback (most recent call last)" in shown.err


def test_an_interrupt_is_no_fault(tokext, recipe, monkeypatch):
    monkeypatch.setattr(recipes, "run_recipe", fail(KeyboardInterrupt()))
    ended = tokext("run", recipe, "-q")
    assert (ended.status, ended.err.strip()) == (130, "Interrupted; nothing half-done was left.")


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "run"},
        {"kind": "run", "result": {"merge": 5, "train-vocab": {"fingerprint": 1}}},
        {"kind": "run", "result": []},
    ],
)
def test_a_run_whose_record_is_damaged_is_done_again(tokext, recipe, tmp_path, record):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "tokext.json").write_text(json_text(record), encoding="utf-8")
    ended = tokext("run", recipe, "-o", folder, "-q")
    assert (ended.status, ended.out) == (0, "train-vocab: done\n")


def test_a_folder_whose_record_is_no_table_is_no_run(tokext, recipe, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "tokext.json").write_text("[1]", encoding="utf-8")
    message, _ = tokext("run", recipe, "-o", folder, "-q").error()
    assert message == f"{folder} exists and is not the folder of a run."
