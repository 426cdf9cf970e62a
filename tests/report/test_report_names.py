"""Results are called by what they are, not by the folders of the machine they were made on."""

from __future__ import annotations

import copy
import json
import shutil

import pytest
from report_data import write_rows, write_run, write_tokenizer

from tokext.records import Extension, write_record
from tokext.report import write_report
from tokext.report.names import public_names, recipe_of
from tokext.report.parts import Segmenter
from tokext.tokenizer.load import load_tokenizer


def called(rows, before, after):
    """The rows as they are measured with these two tokenizers."""
    rows = copy.deepcopy(rows)
    for row in rows:
        row["tokenizer"] = after if row["n_added"] else before
    return rows


def shown(folder):
    """What anyone may read, and the names in its first chart."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    texts = [(folder / f"report.{end}").read_text(encoding="utf-8") for end in ("md", "html")]
    return "\n".join(texts), report["charts"]["compression"]["series"]


@pytest.mark.parametrize("prefix", ["", "run/", "{folder}/run/"])
def test_what_a_recipe_s_run_made_has_the_recipe_s_name(rows, base, tmp_path, prefix):
    name = f"{prefix.format(folder=tmp_path)}tokenizer"
    run = write_run(tmp_path / "run", base, called(rows, "mistralai/Mistral-7B-v0.1", name))
    write_record(run, "run", options={"name": "mistral-ja"}, inputs=[], result={})
    write_report([run], tmp_path / "report")
    text, series = shown(tmp_path / "report")
    assert series == ["Mistral-7B-v0.1", "mistral-ja"]
    assert "hf upload YOUR-NAME/mistral-ja run/tokenizer" in text
    assert str(tmp_path) not in text
    write_report([run / "tokenizer", run / "compression.json"], run / "report")
    text, series = shown(run / "report")
    assert series == ["Mistral-7B-v0.1", "mistral-ja"]
    assert "cp report/report.md tokenizer/README.md" in text
    assert "hf upload YOUR-NAME/mistral-ja tokenizer" in text


def test_a_tokenizer_has_one_name_in_charts_and_in_the_box(rows, extended_folder, tmp_path):
    run = tmp_path / "run"
    extension = Extension.read(shutil.copytree(extended_folder, run / "tokenizer"))
    write_record(run, "run", options={"name": "mistral-ja"}, inputs=[], result={})
    measured = called(rows, "mistralai/Mistral-7B-v0.1", "run/tokenizer")
    for row in measured:
        row["tokenizer_size"] = extension.size if row["n_added"] else extension.base.size
    gain = write_rows(tmp_path / "gain.json", measured)
    report = write_report([run / "tokenizer", gain], tmp_path / "report")
    [box] = report.parts(Segmenter)
    _, series = shown(tmp_path / "report")
    assert [box.before, box.after] == series == ["Mistral-7B-v0.1", "mistral-ja"]


def test_no_folder_of_the_machine_is_on_the_card(rows, base, tmp_path):
    folder = tmp_path / "someone" / "zephyr"
    folder.mkdir(parents=True)
    (folder / "tokenizer.model").write_bytes(base.found.files["tokenizer.model"].read_bytes())
    extended = write_tokenizer(tmp_path / "someone" / "ja", load_tokenizer(folder))
    path = write_rows(tmp_path / "gain.json", called(rows, str(folder), str(extended)))
    write_report([extended, path], tmp_path / "report")
    text, series = shown(tmp_path / "report")
    assert series == ["zephyr", "ja"]
    assert "hf upload YOUR-NAME/ja ja" in text
    assert str(tmp_path) not in text


def test_tokenizers_of_one_name_are_told_apart(rows, tmp_path):
    path = write_rows(tmp_path / "gain.json", called(rows, "/home/me/one/ja", "/home/me/two/ja"))
    write_report([path], tmp_path / "report")
    text, series = shown(tmp_path / "report")
    assert series == ["one/ja", "two/ja"]
    assert "/home" not in text


def test_public_names_are_as_many_as_there_were():
    names = ["/a/b/c", "/b/c", "/c", "b/c", "/x/tokenizer", "/y/tokenizer", "tokenizer", "/"]
    public = public_names(names)
    assert list(public) == names
    assert len(set(public.values())) == len(names)


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "run"}', '{"kind": "run", "options": 3}'])
def test_a_damaged_record_beside_a_result_names_no_recipe(tmp_path, text):
    (tmp_path / "tokext.json").write_text(text, encoding="utf-8")
    assert recipe_of(tmp_path) is None
