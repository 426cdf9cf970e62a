"""The systems people run, from a page's first command to its last, on small twins of them."""

from __future__ import annotations

import json

import pytest
import torch
from page_folder import DOCS, blocks
from plain_twin import load_plain
from safetensors.torch import load_file

from tokext.bench.sampling.prompts import Prompt, read_prompts
from tokext.bench.sampling.templates import OWN, PromptFormat
from tokext.tokenizer.load import load_tokenizer

pytestmark = pytest.mark.slow

MATRICES = {"model.embed_tokens.weight", "lm_head.weight"}
ENGLISH = "The train left the station a few minutes late; nobody minded."
TEMPLATE = {"mistral": "plain", "zephyr": "zephyr", "synthia": "synthia", "shisa": "llama-2",
            "xwin": "vicuna"}  # fmt: skip


def as_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def tensors(folder):
    return {n: t for path in folder.glob("*.safetensors") for n, t in load_file(path).items()}


def same_bits(one, other):
    return torch.equal(one.view(torch.uint8), other.view(torch.uint8))


def test_all_tensors_but_two_and_all_settings_but_the_size_are_the_base_s(ran):
    old, new = tensors(ran.base), tensors(ran.extended)
    assert set(new) == set(old)
    for name in set(old) - MATRICES:
        assert same_bits(new[name], old[name]), name
    for name in MATRICES:
        kept = load_tokenizer(ran.base).size
        assert same_bits(new[name][:kept].clone(), old[name][:kept].clone()), name
        assert new[name].dtype == old[name].dtype
    before, after = as_json(ran.base / "config.json"), as_json(ran.extended / "config.json")
    assert after == before | {"vocab_size": len(new["lm_head.weight"])}


def test_shards_keep_their_names_and_their_index(ran):
    def index(folder):
        path = folder / "model.safetensors.index.json"
        return as_json(path)["weight_map"] if path.exists() else None

    assert index(ran.extended) == index(ran.base)
    weights = {p.name for p in ran.base.glob("*.safetensors")}
    assert {p.name for p in ran.extended.glob("*.safetensors")} == weights
    assert (len(weights) == 1) == (ran.system.page in ("xwin", "synthia"))


def test_the_rows_are_a_multiple_of_64_behind_every_id_of_the_base(ran):
    extension = as_json(ran.extended / "extension.json")
    assert extension["base"]["size"] == load_tokenizer(ran.base).size
    assert extension["added"][0]["id"] == extension["base"]["size"]
    assert as_json(ran.extended / "config.json")["vocab_size"] == extension["padded_size"]
    assert extension["padded_size"] % 64 == 0


def test_transformers_loads_it_and_english_gets_the_logits_it_got(ran):
    old, tokenizer = load_plain(ran.base)
    new, extended = load_plain(ran.extended)
    ids = tokenizer(ENGLISH, return_tensors="pt")["input_ids"]
    assert torch.equal(extended(ENGLISH, return_tensors="pt")["input_ids"], ids)
    kept = load_tokenizer(ran.base).size
    with torch.no_grad():
        before, after = old(ids).logits[..., :kept], new(ids).logits[..., :kept]
    assert torch.equal(after, before)


def test_the_prompt_is_what_the_model_was_made_for(ran):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(ran.extended, local_files_only=True)
    prompt = Prompt("q", "駅はどこですか。", system="日本語で答えてください。")
    wanted = ran.system.prompt.format(system=prompt.system, user=prompt.prompt)
    named = PromptFormat(tokenizer, TEMPLATE[ran.system.page])
    assert named.text(prompt) == wanted
    ids = named.ids(prompt)
    assert ids.count(tokenizer.bos_token_id) == 1
    assert ids[0] == tokenizer.bos_token_id
    # Llama-type tokenizers put a space behind a control token, also where a template has none.
    assert tokenizer.decode(ids[1:]).replace("</s> ", "</s>") == wanted
    if tokenizer.chat_template:
        assert PromptFormat(tokenizer, OWN).ids(prompt) == ids


def test_the_server_of_a_page_that_has_one_is_sent_the_prompts_in_the_model_s_own_form(ran):
    """Each as text, with no mark of a sequence's beginning: servers put that there themselves."""
    page = DOCS / "systems" / f"{ran.system.page}.md"
    [shown] = [b.text.strip() for b in blocks(page) if "{user}" in b.text] or [""]
    wanted = [
        ran.system.prompt.format(system=asked.system, user=asked.prompt)
        if asked.system
        else shown.replace("{user}", asked.prompt)
        for asked in read_prompts("ja")
    ]
    assert sorted(ran.prompts) == (sorted(wanted) if ran.system.page == "xwin" else [])


def test_every_prompt_has_an_answer_and_no_answer_a_padding_piece(ran):
    answers = ran.folder / ("after.jsonl" if ran.system.page == "zephyr" else "answers.jsonl")
    samples = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    assert {s["prompt"] for s in samples} == {p.prompt for p in read_prompts("ja")}
    assert all(0 < s["n_tokens"] <= 8 for s in samples)
    padding = as_json(ran.extended / "extension.json")["padding"]
    pieces = load_tokenizer(ran.extended).pieces
    assert padding
    assert not any(pieces[id_].text in s["text"] for id_ in padding for s in samples)


def test_japanese_takes_fewer_tokens_and_english_the_same(ran):
    rows = as_json(ran.folder / "gain.json")
    japanese = [r["chars_per_token"] for r in rows if r["corpus"] == "held-out.txt"]
    english = [r for r in rows if r["corpus"] == "english.txt"]
    assert japanese[1] > 1.1 * japanese[0]
    assert english[0]["n_tokens"] == english[1]["n_tokens"]
    assert english[1]["n_lines_changed"] == 0


def test_the_page_s_measurements_are_in_its_report(ran):
    speed = as_json(ran.folder / "speed.json")
    assert [row["batch_size"] for row in speed] == [1, 1]
    assert all(row["decode_chars_per_second"] > 0 for row in speed)
    shown = (ran.folder / "report" / "report.json").read_text(encoding="utf-8")
    assert all(str(row["n_tokens"]) in shown for row in as_json(ran.folder / "gain.json"))


def test_the_index_says_how_many_pieces_the_small_twin_has(ran):
    page = (DOCS / "systems" / "index.md").read_text(encoding="utf-8")
    [line] = [row for row in page.splitlines() if f"({ran.system.page}.md)" in row]
    said = line.split("|")[3].strip()
    assert said == f"{load_tokenizer(ran.base).size:,}"


def test_the_base_comes_back_byte_for_byte(ran):
    for path in ran.base.glob("*.safetensors"):
        assert (ran.again / path.name).read_bytes() == path.read_bytes()
    assert as_json(ran.again / "config.json") == as_json(ran.base / "config.json")
