"""Prompt formats, against the strings that the models were trained with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_models import ZEPHYR, write_tokenizer
from transformers import AutoTokenizer

from tokext.bench.sampling.prompts import Prompt
from tokext.bench.sampling.templates import OWN, TEMPLATES, PromptFormat, find_template
from tokext.errors import InputError, TokenizerError

ASKED = Prompt("p", "こんにちは", system="日本語で。")
#: As the models' own pages print them.
WANTED = {
    "zephyr": "<|system|>\n日本語で。</s>\n<|user|>\nこんにちは</s>\n<|assistant|>\n",
    "llama-2": "[INST] <<SYS>>\n日本語で。\n<</SYS>>\n\nこんにちは [/INST]",
    "synthia": "SYSTEM: 日本語で。 \nUSER: こんにちは \nASSISTANT: ",
    "vicuna": "日本語で。 USER: こんにちは ASSISTANT:",
    "chatml": "<|im_start|>system\n日本語で。<|im_end|>\n<|im_start|>user\nこんにちは<|im_end|>\n"
    "<|im_start|>assistant\n",
    "plain": "日本語で。\n\nこんにちは",
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load(write_tokenizer(tmp_path_factory.mktemp("tokenizer")))


def load(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)


def with_template(tokenizer: Any, folder: Path, template: str | None) -> Any:
    return load(write_tokenizer(folder, chat_template=template))


def test_every_known_format_is_here():
    assert TEMPLATES.keys() == WANTED.keys()


@pytest.mark.parametrize("name", WANTED)
def test_a_format_is_equal_to_the_string_the_model_was_trained_with(name):
    assert find_template(name).render("こんにちは", "日本語で。") == WANTED[name]


def test_vicuna_has_its_own_system_message_where_there_is_none():
    assert find_template("vicuna").render("こんにちは") == (
        "A chat between a curious user and an artificial intelligence assistant. The assistant "
        "gives helpful, detailed, and polite answers to the user's questions. "
        "USER: こんにちは ASSISTANT:"
    )


@pytest.mark.parametrize("name", WANTED)
def test_without_a_system_message_no_empty_slot_is_left(name):
    text = find_template(name).render("こんにちは")
    assert text.count("こんにちは") == 1
    for rest in ("<<SYS>>", "SYSTEM", "<|system|>", "<|im_start|>system", "{"):
        assert rest not in text


def test_a_prompt_that_names_a_slot_keeps_it():
    text = find_template("plain").render("{system}と{user}", "指示")
    assert text == "指示\n\n{system}と{user}"


@pytest.mark.parametrize("name", [*WANTED, "own"])
def test_the_begin_of_sequence_token_stands_in_front_once(tokenizer, name):
    for prompt in (ASKED, Prompt("p", "こんにちは")):
        ids = PromptFormat(tokenizer, name).ids(prompt)
        assert ids[0] == tokenizer.bos_token_id
        assert ids.count(tokenizer.bos_token_id) == 1


def test_a_chat_template_that_writes_the_token_itself_still_has_it_once(tokenizer, tmp_path):
    own = with_template(tokenizer, tmp_path, "{{ bos_token }}" + ZEPHYR)
    assert PromptFormat(own).ids(ASKED) == PromptFormat(tokenizer).ids(ASKED)


BEGINS = {
    "without": ZEPHYR,
    "before": "{{ bos_token }}{% for m in messages %}[INST] {{ m['content'] }} [/INST]{% endfor %}",
    "spaced": "{% for m in messages %}{{ bos_token + ' [INST] ' + m['content'] }}{% endfor %}",
}


@pytest.mark.parametrize("is_legacy", [True, False])
@pytest.mark.parametrize("where", BEGINS)
def test_the_ids_of_the_own_template_are_those_of_transformers(tmp_path, is_legacy, where):
    folder = write_tokenizer(tmp_path, chat_template=BEGINS[where])
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    config["legacy"] = is_legacy
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    # Without it transformers makes the fast tokenizer as `legacy` says.
    (folder / "tokenizer.json").unlink()
    tokenizer = load(folder)
    asked = [{"role": "user", "content": "こんにちは"}]
    wanted = tokenizer.apply_chat_template(asked, add_generation_prompt=True)["input_ids"]
    begin = tokenizer.bos_token_id
    assert (wanted[0] == begin) == (where != "without")
    ids = PromptFormat(tokenizer).ids(Prompt("p", "こんにちは"))
    assert ids == (wanted if wanted[0] == begin else [begin, *wanted])


def test_a_file_that_writes_the_begin_token_itself_has_it_once(tokenizer, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("<s>[INST] {user} [/INST]", "utf-8")
    assert PromptFormat(tokenizer, path).ids(ASKED).count(tokenizer.bos_token_id) == 1


def test_the_own_template_is_what_transformers_makes_of_it(tokenizer):
    messages = [
        {"role": "system", "content": ASKED.system},
        {"role": "user", "content": ASKED.prompt},
    ]
    wanted = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert PromptFormat(tokenizer).text(ASKED) == wanted == WANTED["zephyr"]


def test_the_end_of_turn_in_a_format_is_the_control_token(tokenizer):
    ids = PromptFormat(tokenizer, "zephyr").ids(ASKED)
    assert ids.count(tokenizer.eos_token_id) == 2


def test_a_tokenizer_without_a_begin_token_goes_without(tmp_path):
    bare = load(write_tokenizer(tmp_path))
    bare.bos_token = None
    ids = PromptFormat(bare, "plain").ids(ASKED)
    assert ids == bare("日本語で。\n\nこんにちは", add_special_tokens=False)["input_ids"]


def test_a_chat_template_that_refuses_system_messages_gets_them_before_the_prompt(tmp_path):
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}"
    own = with_template(None, tmp_path / "strict", strict + ZEPHYR)
    silent = (
        "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join }}"
    )
    dropping = with_template(None, tmp_path / "silent", silent)
    assert "<|user|>\n日本語で。\n\nこんにちは</s>" in PromptFormat(own).text(ASKED)
    assert PromptFormat(dropping).text(ASKED) == "日本語で。\n\nこんにちは"


def test_a_file_never_goes_by_the_name_of_a_known_format_and_another_text_has_another(tmp_path):
    path = tmp_path / "chatml.txt"
    names = set()
    for text in ("{user}\n答え: ", "{user}\n回答: "):
        path.write_text(text, "utf-8")
        names.add(find_template(path).name)
    path = tmp_path / "plain"
    path.write_text("{user}", "utf-8")
    names.add(find_template(path).name)
    assert len(names) == 3
    assert not names & {*TEMPLATES, OWN}
    assert find_template(path).name == find_template(path).name


def test_a_file_is_a_format_and_one_final_newline_is_the_editors(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("# {system}\n質問: {user}\n答え:\n", "utf-8")
    mine = find_template(path)
    assert mine.render("問", "指示") == "# 指示\n質問: 問\n答え:"
    assert mine.render("問") == "質問: 問\n答え:"


@pytest.mark.parametrize("text", ["質問\n", "{user} {user}", "{system}"])
def test_a_file_without_one_user_slot_is_refused(tmp_path, text):
    path = tmp_path / "mine.txt"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"\{user\} slots"):
        find_template(path)


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="no prompt format 'alpaca'") as refused:
        find_template("alpaca")
    assert "zephyr, llama-2" in refused.value.hint


def test_a_tokenizer_without_a_chat_template_is_refused(tmp_path):
    with pytest.raises(TokenizerError, match="has no chat template"):
        PromptFormat(with_template(None, tmp_path, None))


@pytest.mark.parametrize("template", ["hello", "{% for m in messages %}{{ m['content'] "])
def test_a_chat_template_without_a_place_for_the_user_is_refused(tmp_path, template):
    with pytest.raises(TokenizerError, match="chat template"):
        PromptFormat(with_template(None, tmp_path, template))


def test_a_prompt_that_holds_a_control_token_is_refused(tokenizer):
    with pytest.raises(InputError, match="holds '</s>'"):
        PromptFormat(tokenizer).ids(Prompt("p", "終わり</s>始め"))
