"""Every number of the report can be followed to the file it is from; the card names its base."""

from __future__ import annotations

import contextvars
import hashlib
import json
import shutil

import pytest
from report_data import JAPANESE, write_rows, write_run, write_tokenizer
from traced import NUMBER, untraced

from tokext.cli.main import main
from tokext.records import write_record
from tokext.report import write_report
from tokext.report.licenses import License, license_of
from tokext.report.markdown import _text
from tokext.report.names import public_argument
from tokext.tokenizer.carried import licence_of_card
from tokext.tokenizer.load import load_tokenizer


@pytest.fixture
def shown(report_folder):
    return json.loads((report_folder / "report.json").read_text(encoding="utf-8"))


def test_every_number_of_the_markdown_is_in_the_json(report_folder):
    assert untraced(report_folder) == []


def test_a_number_that_stands_elsewhere_in_the_json_is_not_traced(report_folder, shown, tmp_path):
    folder = shutil.copytree(report_folder, tmp_path / "damaged")
    whole = (folder / "report.md").read_text(encoding="utf-8")
    rows = shown["tables"]["compression"]["rows"]
    before, after = (f"| {row['chars_per_token']:.3f} |" for row in rows[:2])
    [token, *_] = shown["samples"][0]["segmentations"][0]["tokens"]
    times = f"{shown['headline']['times']:.2f}"
    for one, other in ((before, after), (f"carries {times}", f"carries {token['id']}")):
        assert one in whole
        (folder / "report.md").write_text(whole.replace(one, other, 1), encoding="utf-8")
        assert untraced(folder) == [NUMBER.findall(other)[0]]
    (folder / "report.md").write_text(whole, encoding="utf-8")


def test_every_table_chart_and_fact_names_files_that_are_what_they_say(shown, base, rows, tmp_path):
    sources = shown["sources"]
    assert set(sources) == {"run/compression.json", "run/tokenizer/tokext.json"}
    for part in [*shown["tables"].values(), *shown["charts"].values(), *shown["facts"]]:
        assert part["sources"]
        assert set(part["sources"]) <= set(sources)
    assert shown["charts"]["compression"]["sources"] == ["run/compression.json"]
    assert shown["charts"]["vocabulary"]["sources"] == ["run/tokenizer/tokext.json"]
    assert shown["headline"]["source"] in sources
    assert sources["run/tokenizer/tokext.json"]["inputs"][0]["name"] == "added.model"
    run = write_run(tmp_path / "run", base, rows)
    digest = hashlib.sha256((run / "compression.json").read_bytes()).hexdigest()
    assert sources["run/compression.json"]["sha256"] == digest


def test_the_card_names_base_licence_and_the_command_that_uploads(extended_folder, tmp_path):
    write_report([extended_folder], tmp_path / "my report")
    markdown = (tmp_path / "my report" / "report.md").read_text(encoding="utf-8")
    head = markdown.split("---")[1]
    assert 'base_model: "mistralai/Mistral-7B-v0.1"\nlicense: "apache-2.0"\nlanguage: "ja"' in head
    assert "    hf upload YOUR-NAME/extended extended\n" in markdown
    assert "    cp 'my report'/report.md extended/README.md\n" in markdown


def test_an_unknown_licence_is_asked_for_in_the_front_of_the_card(extended_folder, tmp_path):
    folder = shutil.copytree(extended_folder, tmp_path / "bare")
    (folder / "LICENSE").unlink()
    record = json.loads((folder / "extension.json").read_text(encoding="utf-8"))
    record["base"]["license"] = ""
    (folder / "extension.json").write_text(json.dumps(record), encoding="utf-8")
    write_report([folder], tmp_path / "report")
    head = (tmp_path / "report" / "report.md").read_text(encoding="utf-8").split("---")[1]
    assert "\n# license: say which, by the name that the hub gives it, such as apache-2.0\n" in head


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Apache License\n  Version 2.0, January 2004", "apache-2.0"),
        ("Permission is hereby granted,\nfree of charge, to any person", "mit"),
        ("LLAMA 2 COMMUNITY LICENSE AGREEMENT", "llama2"),
        ("All rights reserved.", "other"),
    ],
)
def test_a_licence_is_known_by_its_text(tmp_path, text, name):
    assert license_of(tmp_path) is None
    assert license_of(tmp_path, "apache-2.0") == License("apache-2.0")
    (tmp_path / "LICENSE.txt").write_text(text, encoding="utf-8")
    assert license_of(tmp_path) == License(name, "LICENSE.txt")


def test_an_unknown_licence_points_at_its_file(extended_folder, tmp_path):
    folder = shutil.copytree(extended_folder, tmp_path / "odd")
    (folder / "LICENSE").unlink()
    (folder / "LICENSE.txt").write_text("Ask me first.", encoding="utf-8")
    card = write_report([folder], tmp_path / "report").card
    assert (card["license"], card["license_link"]) == ("other", "LICENSE.txt")


def test_a_base_in_a_folder_gives_its_card_s_licence_and_no_path_for_a_name(base, tmp_path):
    folder = tmp_path / "synthia"
    folder.mkdir()
    shutil.copyfile(base.found.files["tokenizer.model"], folder / "tokenizer.model")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    extended = write_tokenizer(tmp_path / "extended", load_tokenizer(folder))
    write_report([extended], tmp_path / "report")
    head = (tmp_path / "report" / "report.md").read_text(encoding="utf-8").split("---")[1]
    assert head.startswith('\n# base_model: say which, as OWNER/NAME\nlicense: "apache-2.0"\n')
    assert str(tmp_path) not in head


def test_commands_are_shown_without_the_folders_of_this_machine(rows, tmp_path):
    typed = ["bench", "compression", "/home/me/zephyr", "ja", "--text=/home/me/a.txt", "-o", "x/y"]
    path = write_rows(tmp_path / "gain.json", [row | {"command": typed} for row in rows])
    write_report([path], tmp_path / "report")
    shown = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    [row] = shown["tables"]["commands"]["rows"]
    assert row["command"] == "tokext bench compression zephyr ja --text=a.txt -o x/y"
    assert "/home/me" not in json.dumps(shown)


def told(folder):
    """How every compression figure of a report was made, by the file it is from."""
    shown = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    parts = [shown["charts"]["compression"], shown["charts"]["unchanged"]]
    files = {file for part in parts for file in part["sources"]}
    files |= {row["source"] for row in shown["tables"]["compression"]["rows"]}
    files |= {shown["headline"]["source"]}
    listed = {row["result"]: row for row in shown["tables"]["commands"]["rows"]}
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    for file in files:
        source = shown["sources"][file]
        assert listed[file]["command"] == " ".join(["tokext", *source["command"]])
        given = {key: value for key, value in source["options"].items() if value is not None}
        assert listed[file]["options"] == ", ".join(f"{k}={v}" for k, v in given.items())
        assert f"| {_text(listed[file]['options'])} |" in markdown
    return {file: shown["sources"][file] for file in files}


@pytest.mark.parametrize("options", [[], ["--document-lines", "2"]])
def test_every_compression_figure_has_its_command_and_options_beside_it(
    extended_folder, tmp_path, options
):
    (tmp_path / "ja.txt").write_text(JAPANESE, encoding="utf-8")
    typed = ["bench", "compression", "mistralai/Mistral-7B-v0.1", str(extended_folder)]
    typed += ["--text", str(tmp_path / "ja.txt"), "--no-curve", *options]
    typed += ["-o", str(tmp_path / "gain.json")]
    with pytest.raises(SystemExit) as end:
        contextvars.copy_context().run(main, typed)
    assert not end.value.code
    write_report([tmp_path / "gain.json"], tmp_path / "report")
    [source] = told(tmp_path / "report").values()
    assert source["command"] == [public_argument(argument) for argument in typed]
    assert source["options"]["document_lines"] == (2 if options else None)


def test_a_run_s_record_is_a_source_with_its_command(run_folder, tmp_path):
    write_record(run_folder, "run", options={"name": "ours"}, inputs=[], result={})
    write_report([run_folder], tmp_path / "report")
    shown = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert shown["sources"]["run/tokext.json"]["kind"] == "run"
    assert [row["result"] for row in shown["tables"]["commands"]["rows"]] == [
        "run", "ours/tokenizer", "ours/compression.json",
    ]  # fmt: skip


def test_a_result_that_does_not_say_how_it_was_measured_is_named(rows, tmp_path):
    silent = [{**row, "command": [], "options": None} for row in rows]
    for name, given in (("silent.json", silent), ("gain.json", rows)):
        write_report([write_rows(tmp_path / name, given)], tmp_path / "report", force=True)
        markdown = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
        assert ("Everything above can be recomputed" in markdown) == (name == "gain.json")
        assert ("how they were measured\\: silent.json" in markdown) == (name == "silent.json")


def test_a_card_that_cannot_be_read_states_no_licence(tmp_path):
    for text in (
        "---\nlicense: [\n---\n",
        "---\nlicense: a\\nb\n---\n",
        "no front",
        "---\n- a\n---\n",
    ):
        (tmp_path / "README.md").write_text(text)
        assert licence_of_card(tmp_path) == ""
