"""Prompts that come with tokext, and files of one's own."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from tokext.bench.leakage.scripts import n_kana
from tokext.bench.sampling.prompts import Prompt, as_prompts, read_prompts
from tokext.errors import InputError


def test_there_are_sixty_japanese_prompts_over_a_dozen_kinds():
    prompts = read_prompts("ja")
    assert len(prompts) >= 60
    assert len(Counter(p.kind for p in prompts)) >= 12
    assert len({p.prompt for p in prompts}) == len(prompts)


def test_there_are_twenty_english_controls():
    prompts = read_prompts("en")
    assert len(prompts) == 20
    assert {p.language for p in prompts} == {"en"}


def test_japanese_prompts_are_japanese_or_told_to_answer_in_it():
    for prompt in read_prompts("ja"):
        assert prompt.language == "ja"
        asked = re.sub('"[^"]+"', "", prompt.prompt) + prompt.system
        assert n_kana(asked) * 10 >= len(asked), prompt.id


def test_only_prompts_that_ask_for_english_allow_it():
    allowing = {p.kind for p in read_prompts("ja") if p.allowed}
    assert allowing == {"translation-from-japanese"}


def test_toml_and_jsonl_say_the_same(tmp_path):
    (tmp_path / "p.toml").write_text(
        'language = "ja"\n[[prompts]]\nid = "a"\nprompt = "はい？"\nallowed = ["en"]\n', "utf-8"
    )
    fields = {"id": "a", "prompt": "はい？", "allowed": ["en"], "language": "ja"}
    (tmp_path / "p.jsonl").write_text(json.dumps(fields) + "\n\n", "utf-8")
    read = read_prompts(tmp_path / "p.toml")
    assert read == read_prompts(tmp_path / "p.jsonl")
    assert read == (Prompt("a", "はい？", language="ja", allowed=("en",)),)


def test_a_prompt_without_an_id_is_called_by_its_file_and_place(tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"prompt": "a"}\n{"prompt": "b"}\n', "utf-8")
    assert [p.id for p in read_prompts(tmp_path / "mine.jsonl")] == ["mine-1", "mine-2"]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + '{"prompt": "あ"}\r\n'.encode())
    assert read_prompts(path)[0].prompt == "あ"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.toml", b"[[prompts]\n", "is not TOML"),
        ("p.toml", b"", "holds no prompt"),
        ("p.toml", b'title = "x"\n', "'title' outside of a prompt"),
        ("p.toml", b'prompts = "x"\n', "not a list of tables"),
        ("p.toml", b"prompts = [1]\n", "prompt 1 is no table: 1"),
        ("p.toml", b'[[prompts]]\nid = "a"\n', "prompt 1 has no prompt"),
        ("p.toml", b'[[prompts]]\nid = ""\nprompt = "a"\n', "prompt 1 has no id"),
        ("p.toml", b"[[prompts]]\nprompt = 7\n", "prompt is 7, not text"),
        ("p.toml", b'[[prompts]]\nprompt = "a"\nsistem = "b"\n', "a key 'sistem'"),
        ("p.toml", b'[[prompts]]\nprompt = "a"\nallowed = "en"\n', "allows 'en'"),
        ("p.jsonl", b'{"prompt": "a"}\n{"prompt"', "line 2 is not JSON"),
        ("p.jsonl", b"[1]\n", "line 1 is no table"),
        ("p.jsonl", b'{"prompt": "  "}\n', "line 1 has no prompt"),
        ("p.jsonl", b'{"prompt": "\\ud83d"}\n', "half of a surrogate pair"),
        ("p.jsonl", b'{"id": "a", "prompt": "a"}\n{"id": "a", "prompt": "b"}\n', "the id 'a'"),
        ("p.jsonl", b'{"prompt": "\xff"}\n', "not UTF-8: byte 12 is 0xff"),
        ("p.txt", b"hello\n", "neither .toml nor .jsonl"),
    ],
)
def test_a_malformed_file_is_refused_with_the_place(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_prompts(path)
    assert said in str(refused.value)
    assert refused.value.hint


def test_a_missing_file_is_refused_with_the_names_that_there_are():
    with pytest.raises(InputError, match="no prompt file 'de'") as refused:
        read_prompts("de")
    assert "en, ja" in refused.value.hint


def test_bare_texts_are_prompts_and_none_is_refused():
    assert [p.id for p in as_prompts(["a", "b"])] == ["prompt-1", "prompt-2"]
    with pytest.raises(InputError, match="no prompt"):
        as_prompts([])
