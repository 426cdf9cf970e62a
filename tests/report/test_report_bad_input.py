"""Bad input: one clear line that names the file, and nothing left behind."""

from __future__ import annotations

import json

import pytest
from report_data import write_rows

from tokext.errors import InputError, OutputError
from tokext.records import write_record
from tokext.report import write_report


def refused(results, tmp_path, **options):
    with pytest.raises(InputError) as caught:
        write_report(results, tmp_path / "report", **options)
    assert not (tmp_path / "report").exists()
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_result(tmp_path):
    assert refused([], tmp_path) == "there is no result to report on."


def test_a_result_that_does_not_exist(tmp_path):
    assert "nowhere" in refused([tmp_path / "nowhere"], tmp_path)


def test_an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty holds no result" in refused([tmp_path / "empty"], tmp_path)


def test_a_kind_that_no_report_draws(tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    write_record(folder, "checkpoint", options={}, inputs=[], result={})
    message = refused([folder], tmp_path)
    assert "'checkpoint'" in message
    assert str(folder / "tokext.json") in message


def test_a_kind_that_is_unknown_is_refused_even_inside_a_run(run_folder, tmp_path):
    record = json.loads((run_folder / "tokenizer" / "tokext.json").read_text())
    (run_folder / "odd.json").write_text(json.dumps(record | {"kind": "horoscope"}))
    message = refused([run_folder], tmp_path)
    assert "'horoscope'" in message
    assert "odd.json" in message


def test_a_known_kind_inside_a_run_is_listed_as_not_drawn(run_folder, tmp_path):
    (run_folder / "model").mkdir()
    write_record(run_folder / "model", "checkpoint", options={}, inputs=[], result={})
    write_report([run_folder], tmp_path / "report")
    shown = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert shown["tables"]["not_drawn"]["rows"] == [{"name": "run/model", "kind": "checkpoint"}]


def test_a_file_that_is_not_json(tmp_path):
    (tmp_path / "broken.json").write_text('[{"tokenizer": ')
    assert "broken.json is not valid JSON" in refused([tmp_path / "broken.json"], tmp_path)


def test_json_that_is_no_result(tmp_path):
    (tmp_path / "config.json").write_text('{"vocab_size": 32000}')
    assert "config.json is not a tokext result" in refused([tmp_path / "config.json"], tmp_path)


def test_rows_that_are_not_compression_rows(rows, tmp_path):
    broken = [dict(row) for row in rows]
    del broken[1]["n_tokens"]
    path = write_rows(tmp_path / "compression.json", broken)
    message = refused([path], tmp_path)
    assert "row 2" in message
    assert "'n_tokens'" in message


def test_an_empty_list(tmp_path):
    path = write_rows(tmp_path / "compression.json", [])
    assert "holds no compression rows" in refused([path], tmp_path)


@pytest.mark.parametrize("key", ["tokenizer", "corpus", "n_tokens", "chars_per_token"])
@pytest.mark.parametrize("value", [None, [], {}, True])
def test_a_row_with_a_value_of_another_type(rows, tmp_path, key, value):
    path = write_rows(tmp_path / "gain.json", [rows[0], rows[1] | {key: value}])
    assert f"row 2 of {path} has {key} '{value}', which is" in refused([path], tmp_path)


def test_a_segmentation_that_is_not_whole(rows, tmp_path):
    broken = [dict(row) for row in rows]
    broken[0]["segmentation"] = {"text": "a", "tokens": [{"id": 1}]}
    path = write_rows(tmp_path / "compression.json", broken)
    assert "segmentation by mistralai/Mistral-7B-v0.1" in refused([path], tmp_path)


def test_two_results_that_contradict_each_other(rows, tmp_path):
    one = write_rows(tmp_path / "one.json", rows)
    other = write_rows(tmp_path / "two.json", [row | {"n_tokens": 1} for row in rows])
    message = refused([one, other], tmp_path)
    assert "one.json" in message
    assert "two.json" in message


def test_a_tokenizer_folder_without_guarantees(tokenizer_folder, tmp_path):
    folder = tokenizer_folder()
    record = json.loads((folder / "tokext.json").read_text())
    del record["result"]["guarantees"]
    (folder / "tokext.json").write_text(json.dumps(record))
    assert "KeyError 'guarantees'" in refused([folder], tmp_path)


def test_an_added_vocabulary_whose_table_is_torn(tmp_path):
    folder = tmp_path / "added"
    folder.mkdir()
    write_record(folder, "added vocabulary", options={}, inputs=[], result={})
    assert "added.tsv does not exist" in refused([folder], tmp_path)
    (folder / "added.tsv").write_text("piece\tcount\n東京\tmany\n", encoding="utf-8")
    assert "added.tsv is not a table" in refused([folder], tmp_path)


def test_an_unknown_locale_and_an_unknown_corpus(run_folder, tmp_path):
    assert "'fr'" in refused([run_folder], tmp_path, locale="fr")
    assert "'nothing'" in refused([run_folder], tmp_path, corpus="nothing")


def test_an_output_that_exists_is_kept_until_force(run_folder, tmp_path):
    output = tmp_path / "report"
    output.mkdir()
    (output / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_report([run_folder], output)
    assert (output / "mine.txt").read_text() == "mine"
    write_report([run_folder], output, force=True)
    assert not (output / "mine.txt").exists()
    assert (output / "report.html").is_file()


def test_an_output_inside_a_result_is_refused(run_folder):
    with pytest.raises(OutputError, match="lies inside the input"):
        write_report([run_folder], run_folder / "report")
