"""Records: written and read here, whole or with one clear error."""

import contextvars
import copy
import functools
import hashlib
import json
import operator

import pytest

from tokext import records
from tokext.bench.compression import measure_compression
from tokext.errors import InputError
from tokext.output import json_text
from tokext.records import (
    AddedPiece,
    BaseInfo,
    CompressionRow,
    Extension,
    file_record,
    read_compression,
    read_json,
    read_record,
    run_record,
    write_record,
)

EXTENSION = Extension(
    BaseInfo("base", "ab" * 32, "cd" * 32, 4),
    6,
    8,
    (AddedPiece("日", 9, 4, (1, 2)), AddedPiece("日本", 3, 5, (1, 2, 3))),
    (6, 7),
)


def test_an_extension_is_read_as_it_was_written(tmp_path):
    EXTENSION.write(tmp_path)
    assert Extension.read(tmp_path) == EXTENSION


def test_the_extension_file_has_the_keys_that_others_rely_on(tmp_path):
    EXTENSION.write(tmp_path)
    text = (tmp_path / "extension.json").read_text(encoding="utf-8")
    assert "日本" in text
    fields = json.loads(text)
    assert set(fields) == {"base", "size", "padded_size", "added", "padding"}
    keys = {"name", "sha256", "vocabulary_digest", "size", "revision", "license"}
    assert set(fields["base"]) == keys
    assert fields["added"][0] == {"id": 4, "piece": "日", "count": 9, "constituents": [1, 2]}


@pytest.mark.parametrize("key", ["base", "size", "padded_size", "added", "padding"])
def test_an_extension_without_a_key_is_refused(tmp_path, key):
    EXTENSION.write(tmp_path)
    fields = read_json(tmp_path / "extension.json")
    del fields[key]
    (tmp_path / "extension.json").write_text(json_text(fields), encoding="utf-8")
    with pytest.raises(InputError, match=f"not an extension record: '{key}'"):
        Extension.read(tmp_path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"size": "6"}, "size is '6', not int"),
        ({"padding": [6, None]}, "padding is"),
        ({"base": {"name": 1, "sha256": "", "vocabulary_digest": "", "size": 4}}, "name is 1"),
        ({"added": [{"piece": 5, "count": 9, "id": 4, "constituents": [1]}]}, "piece is 5"),
        ({"added": [{"piece": "日", "count": 9, "id": True, "constituents": [1]}]}, "id is True"),
        ({"added": [{"piece": "日", "count": 9, "id": 4, "constituents": ["1"]}]}, "constituents"),
    ],
)
def test_an_extension_with_a_value_of_another_type_is_refused(tmp_path, change, named):
    EXTENSION.write(tmp_path)
    fields = read_json(tmp_path / "extension.json") | change
    (tmp_path / "extension.json").write_text(json_text(fields), encoding="utf-8")
    with pytest.raises(InputError, match=f"not an extension record: {named}"):
        Extension.read(tmp_path)


def test_a_list_is_no_extension(tmp_path):
    (tmp_path / "extension.json").write_text("[]")
    with pytest.raises(InputError, match="not an extension record"):
        Extension.read(tmp_path)


def test_a_record_says_what_how_when_and_where(tmp_path):
    (tmp_path / "a.txt").write_text("abc")
    given = {
        "options": {"size": 3},
        "inputs": [file_record(tmp_path / "a.txt")],
        "result": {"n": 1},
    }
    write_record(tmp_path, "plan", **given)
    record = read_record(tmp_path)
    assert set(record) == {"schema_version", "kind", "tokext_version", "created", "command",
                           "options", "inputs", "environment", "result"}  # fmt: skip
    assert record["inputs"] == [
        {"name": "a.txt", "sha256": hashlib.sha256(b"abc").hexdigest(), "n_bytes": 3}
    ]
    assert record["environment"]["device"] == "cpu"
    assert record["command"] == []
    assert str(tmp_path) not in json_text(record)


def test_a_record_of_the_command_line_holds_the_arguments_as_typed():
    def run():
        records.command_line.set(("plan", "x.txt"))
        return run_record("plan", options={}, inputs=(), result={})

    assert contextvars.copy_context().run(run)["command"] == ["plan", "x.txt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("\xff", "is not valid JSON"),
        ("[1]", "is not a tokext result"),
        ('{"kind": "plan"}', "is not a tokext result"),
        ('{"kind": "plan", "schema_version": "1"}', "is not a tokext result"),
        ('{"kind": ["plan"], "schema_version": 1}', "is not a tokext result"),
        ('{"kind": "plan", "schema_version": 99}', "has schema version 99"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, content, message):
    (tmp_path / "tokext.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=message) as caught:
        read_record(tmp_path)
    assert "tokext.json" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.json does not exist"):
        read_record(tmp_path / "nowhere.json")


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"tokenizer": "a"}]'])
def test_what_is_no_compression_is_refused(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match="row"):
        read_compression(tmp_path / "a.json")


def leaves(value, *way):
    """The way to every value in JSON that holds no other."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        if isinstance(one, dict | list) and one:
            yield from leaves(one, *way, key)
        else:
            yield *way, key


def test_no_value_of_a_row_may_be_of_another_type(tmp_path):
    derived = {"chars_per_token", "bytes_per_token", "byte_fallback_share", "added_used_share"}
    (tmp_path / "a.txt").write_text("吾輩は猫である。\n名前はまだ無い。\n", encoding="utf-8")
    measured = measure_compression("mistralai/Mistral-7B-v0.1", [tmp_path / "a.txt"])[0]
    row = json.loads(json.dumps(measured.as_dict()))
    assert CompressionRow.from_dict(row) == measured
    tried = [way for way in leaves(row) if not derived & set(way)]
    assert len(tried) > 30
    for *way, last in tried:
        damaged = copy.deepcopy(row)
        place = functools.reduce(operator.getitem, way, damaged)
        place[last] = {"of": "another kind"}
        with pytest.raises(InputError, match="not a row of tokext bench compression"):
            CompressionRow.from_dict(damaged)
