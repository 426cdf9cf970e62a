"""`tokext plan` as a person types it."""

import json

import pytest


@pytest.fixture
def arguments(text, tiny_base):
    return ["plan", text, "--base", tiny_base, "--text", text, "--workers", 1, "--sizes", 50, 100]


def test_a_line_a_size_and_the_knee_is_marked(tokext, arguments):
    ended = tokext(*arguments)
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[3:]] == ["0", "50", "100"]
    assert ended.out.count("knee") == ended.out.count("fastest") == 1


def test_the_file_holds_what_standard_output_says(tokext, arguments, tmp_path):
    ended = tokext(*arguments, "--json", "-o", tmp_path / "plan.json")
    said = json.loads(ended.out)
    assert said == json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert said["kind"] == "plan"
    assert [file["name"] for file in said["inputs"]] == ["ja.txt", "ja.txt"]
    assert [row["n_added"] for row in said["result"]["rows"]] == [0, 50, 100]


def test_a_text_that_gives_less_says_how_much(tokext, arguments):
    assert "gives no more than" in tokext(*arguments[:-2], 50_000).out


def test_an_existing_file_is_refused_before_the_work(tokext, arguments, tmp_path):
    (tmp_path / "plan.json").write_text("mine")
    said, hint = tokext(*arguments, "-o", tmp_path / "plan.json").error()
    assert "plan.json" in said
    assert "--force" in hint
    assert (tmp_path / "plan.json").read_text() == "mine"


def test_the_text_that_is_learned_from_is_never_the_output(tokext, arguments, text):
    before = text.read_bytes()
    tokext(*arguments, "--force", "-o", text).error()
    assert text.read_bytes() == before
