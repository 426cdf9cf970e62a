"""Bases as people have them: a fine-tune with tokens of its own, tokenizer.json alone, a file."""

import json

import pytest
from tiny_bases import (
    JAPANESE,
    change_json,
    extend_base,
    japanese_candidates,
    train_model,
    write_base,
    write_chatml,
    write_slow_chatml,
)
from transformers import AutoTokenizer

from tokext.corpus.embedded import embedded_lines
from tokext.errors import InputError, TokenizerError
from tokext.merge.extension import merge_vocab
from tokext.merge.pair import Pair
from tokext.merge.verify import prove
from tokext.merge.write import require_carried, write_tokenizer
from tokext.records import AddedPiece, Extension
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.folder import write_added

CHAT = [{"role": "user", "content": "東京は？"}, {"role": "assistant", "content": "日本です。"}]
TEXTS = ["<|im_start|>user\n日本語<|im_end|>", "これは<|im_end|>です", " x  <s>日本</s>", "a"]


def kept(base, extended):
    pair = Pair(load_tokenizer(base), load_tokenizer(extended), JAPANESE)
    pair.texts = [*TEXTS, *embedded_lines("ja")[:30], *embedded_lines("en")[:10]]
    return {g.name: g.examples for g in prove(pair) if not g.passed} == {}


@pytest.fixture(scope="module", params=[(True, True), (False, False)], ids=["special", "plain"])
def chatml(request, tmp_path_factory, plain):
    special, legacy = request.param
    folder = tmp_path_factory.mktemp("chatml")
    base = write_chatml(folder / "base", plain.base_folder, special=special, legacy=legacy)
    return extend_base(base, folder)


def test_tokens_of_a_fine_tune_keep_their_ids_and_the_extension_starts_behind_them(chatml, plain):
    n = plain.base.size
    assert chatml.base.size == n + 2
    assert [p.text for p in chatml.tokenizer.pieces[n : n + 2]] == ["<|im_start|>", "<|im_end|>"]
    assert chatml.merged.extension.added[0].id == n + 2
    assert chatml.merged.extension.base.size == n + 2


def test_tokens_of_a_fine_tune_are_recognized_inside_text(chatml, plain):
    n = plain.base.size
    for text in ("<|im_start|>user\n東京<|im_end|>", "日本<|im_end|>日本"):
        for tokenizer in (chatml.base, chatml.tokenizer):
            assert n + 1 in tokenizer.fast.encode(text)
        assert n + 1 in chatml.loaders.transformers(text)["input_ids"]
    assert chatml.tokenizer.model.encode("<|im_end|>") == chatml.base.model.encode("<|im_end|>")


def test_a_chat_is_laid_out_as_before(chatml):
    before, after = chatml.base_loaders.transformers, chatml.loaders.transformers
    text = before.apply_chat_template(CHAT, tokenize=False)
    assert after.apply_chat_template(CHAT, tokenize=False) == text
    assert text.count("<|im_start|>") == 2
    old = before.apply_chat_template(CHAT)["input_ids"]
    new = after.apply_chat_template(CHAT)["input_ids"]
    assert chatml.in_base_ids(new) == old
    assert len(new) < len(old)


def test_the_files_of_a_fine_tune_are_carried_along(chatml):
    source = chatml.base_folder
    for name in ("LICENSE", "NOTICE", "chat_template.jinja", "added_tokens.json",
                 "tokenizer_config.json"):  # fmt: skip
        assert (chatml.folder / name).read_bytes() == (source / name).read_bytes(), name
    before, after = chatml.base_loaders.transformers, chatml.loaders.transformers
    for flag in ("legacy", "add_prefix_space", "add_bos_token", "eos_token", "bos_token"):
        assert getattr(after, flag) == getattr(before, flag), flag


CARRIED = {
    "additional_chat_templates/tool_use.jinja": "{{ messages[0].content }} with tools",
    "LICENSES/Apache-2.0.txt": "the terms of the weights",
    "THIRD_PARTY_NOTICES.md": "whose work is in it",
    "license.txt": "the terms",
}


def write_carried(folder):
    for name, text in CARRIED.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.slow
def test_named_chat_templates_and_every_licence_file_come_along(tmp_path, plain):
    base = write_carried(write_chatml(tmp_path / "base", plain.base_folder))
    added = tmp_path / "added"
    added.mkdir()
    write_added(added, japanese_candidates(20), like=plain.base.model)
    merge_vocab(added, tmp_path / "out", base=str(base), pad_to=32)
    for name, text in CARRIED.items():
        assert (tmp_path / "out" / name).read_text() == text
    before, after = (AutoTokenizer.from_pretrained(f) for f in (base, tmp_path / "out"))
    assert set(before.chat_template) == {"default", "tool_use"}
    assert after.chat_template == before.chat_template


@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_a_carried_file_that_did_not_come_along_is_refused(tmp_path, plain, damage):
    base = load_tokenizer(write_carried(write_chatml(tmp_path / "base", plain.base_folder)))
    out = tmp_path / "out"
    out.mkdir()
    write_tokenizer(out, base)
    require_carried(out, base)
    notices = out / "THIRD_PARTY_NOTICES.md"
    notices.unlink() if damage == "lost" else notices.write_text("others")
    with pytest.raises(TokenizerError, match=r"THIRD_PARTY_NOTICES.md of .* did not come along"):
        require_carried(out, base)


def test_every_guarantee_holds_for_a_fine_tune(chatml):
    assert kept(chatml.base_folder, chatml.folder)


@pytest.mark.slow
def test_a_fine_tune_is_extended_from_folder_to_folder(chatml, tmp_path):
    added = tmp_path / "added"
    added.mkdir()
    write_added(added, japanese_candidates(60), like=chatml.base.model)
    merge_vocab(added, tmp_path / "out", base=str(chatml.base_folder), pad_to=32)
    made = AutoTokenizer.from_pretrained(str(tmp_path / "out"))
    assert len(made) == Extension.read(tmp_path / "out").padded_size


def test_a_gap_below_a_fine_tunes_tokens_is_refused(chatml, tmp_path, plain):
    base = write_chatml(tmp_path / "base", plain.base_folder)
    gone = plain.base.size

    def drop(fields):
        fields["added_tokens"] = [t for t in fields["added_tokens"] if t["id"] != gone]

    change_json(base / "tokenizer.json", drop)
    with pytest.raises(TokenizerError, match=f"no piece for id {gone}") as error:
        extend_base(base, tmp_path / "out")
    assert "gaps" in error.value.hint


@pytest.fixture(scope="module", params=["both files", "configuration", "added_tokens.json"])
def slow_chatml(request, tmp_path_factory, plain):
    """A fine-tune without tokenizer.json, its tokens stated in both small files or in one."""
    folder = tmp_path_factory.mktemp("slow")
    base = write_slow_chatml(folder / "base", plain.base_folder)
    if request.param == "configuration":
        (base / "added_tokens.json").unlink()
    if request.param == "added_tokens.json":
        change_json(base / "tokenizer_config.json", lambda f: f.pop("added_tokens_decoder"))
    return base, extend_base(base, folder / "made")


def test_without_tokenizer_json_tokens_of_a_fine_tune_keep_their_ids(slow_chatml, plain):
    base, made = slow_chatml
    n = plain.base.size
    before, after = (AutoTokenizer.from_pretrained(str(f)) for f in (base, made.folder))
    tokens = ["<|im_start|>", "<|im_end|>"]
    assert before.convert_tokens_to_ids(tokens) == [n, n + 1]
    assert after.convert_tokens_to_ids(tokens) == [n, n + 1]
    assert made.merged.extension.added[0].id == n + 2
    assert len(after) == made.merged.extension.padded_size
    for text in ("<|im_start|>user\nthe<|im_end|>", "the<|im_end|>the", " a <|im_start|>", "a"):
        ids = before(text)["input_ids"]
        assert after(text)["input_ids"] == ids, text
        assert [i for i in made.tokenizer.fast.encode(text) if i >= n] == [i for i in ids if i >= n]


def test_every_guarantee_holds_for_a_fine_tune_without_tokenizer_json(slow_chatml):
    base, made = slow_chatml
    assert kept(base, made.folder)


@pytest.mark.parametrize("special", [True, False])
def test_tokens_beside_a_model_are_special_where_the_files_say_so(plain, tmp_path, special):
    base = write_slow_chatml(tmp_path / "base", plain.base_folder, special=special)
    tokens = load_tokenizer(base).fast.added_tokens[-2:]
    assert [t["special"] for t in tokens] == [special, special]
    change_json(base / "tokenizer_config.json", lambda f: f.pop("added_tokens_decoder"))
    tokens = {t["content"]: t["special"] for t in load_tokenizer(base).fast.added_tokens[-2:]}
    assert tokens == {"<|im_start|>": False, "<|im_end|>": True}  # the end of a turn is eos_token


@pytest.fixture(scope="module", params=["tokext", "transformers"])
def json_only(request, tmp_path_factory, plain):
    """A folder without tokenizer.model, written by tokext or saved by transformers."""
    folder = tmp_path_factory.mktemp("json")
    base = folder / "base"
    if request.param == "transformers":
        AutoTokenizer.from_pretrained(str(plain.base_folder)).save_pretrained(base)
    else:
        base.mkdir()
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (base / name).write_bytes((plain.base_folder / name).read_bytes())
    assert not (base / "tokenizer.model").exists()
    return extend_base(base, folder)


def test_from_tokenizer_json_alone_both_files_come(json_only):
    assert {"tokenizer.model", "tokenizer.json"} <= {p.name for p in json_only.folder.iterdir()}
    pieces = json_only.tokenizer.model.pieces
    assert {p.text: i for i, p in enumerate(pieces)} == json_only.tokenizer.fast.ids


def test_every_guarantee_holds_for_tokenizer_json_alone(json_only):
    assert kept(json_only.base_folder, json_only.folder)


def test_both_files_agree_on_real_text(json_only):
    texts = [*embedded_lines("ja")[:50], *embedded_lines("en")[:50]]
    by_model = json_only.tokenizer.model.processor.encode(texts)
    assert by_model == json_only.tokenizer.fast.encode_batch(texts)


def test_a_model_file_alone_gets_a_configuration(plain, tmp_path):
    made = extend_base(plain.base_folder / "tokenizer.model", tmp_path)
    config = json.loads((made.folder / "tokenizer_config.json").read_text())
    assert config["tokenizer_class"] == "LlamaTokenizer"
    assert config["bos_token"] == "<s>"
    assert made.loaders.transformers.convert_tokens_to_ids("<s>") == 1


@pytest.mark.slow
@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_any_sentencepiece_model_can_be_added(plain, tmp_path, model_type):
    path = tmp_path / "other.model"
    path.write_bytes(
        train_model(
            embedded_lines("ja"), 2500, model_type=model_type, character_coverage=0.9995,
            byte_fallback=False,
        )
    )  # fmt: skip
    result = merge_vocab(path, tmp_path / "out", base=str(plain.base_folder), size=300)
    assert len(result.extension.added) == 300
    assert all(JAPANESE.has_letter(a.piece) for a in result.extension.added)
    assert all(g.passed for g in result.guarantees)


def test_other_normalization_is_refused_with_both_names(plain, tmp_path):
    path = tmp_path / "other.model"
    path.write_bytes(train_model(embedded_lines("ja"), 2000, normalization_rule_name="nmt_nfkc"))
    with pytest.raises(InputError, match=r"nmt_nfkc .* against 'identity'"):
        merge_vocab(path, tmp_path / "out", base=str(plain.base_folder))


@pytest.mark.slow
def test_more_pieces_than_there_are_names_the_largest_number(plain, tmp_path):
    added = tmp_path / "added"
    added.mkdir()
    write_added(added, japanese_candidates(40), like=plain.base.model)
    with pytest.raises(InputError, match="not 4,000") as error:
        merge_vocab(added, tmp_path / "out", base=str(plain.base_folder), size=4000)
    most = int("".join(c for c in error.value.hint.split(" is ")[0] if c.isdigit()))
    result = merge_vocab(added, tmp_path / "out", base=str(plain.base_folder), size=most)
    assert len(result.extension.added) == most


@pytest.mark.slow
def test_keep_all_counts_what_it_changes(plain, tmp_path):
    added = tmp_path / "added"
    added.mkdir()
    # Words of the English lines that guarantees are tried on, and one that none of them holds.
    pieces = ["qz", "the lake", "harbor", "weather", *(a.piece for a in japanese_candidates(20))]
    write_added(added, [AddedPiece(p, 1) for p in pieces],
                like=plain.base.model)  # fmt: skip
    result = merge_vocab(added, tmp_path / "out", base=str(plain.base_folder), keep_all=True)
    broken = [g for g in result.guarantees if not g.passed]
    assert [g.name for g in broken] == ["other_text_unchanged"]
    assert "'qz'" in broken[0].examples
    assert (tmp_path / "out").is_dir()


def test_a_unigram_base_is_refused_by_name(tmp_path):
    base = write_base(tmp_path / "base", model_type="unigram", vocab_size=700)
    with pytest.raises(TokenizerError, match="unigram"):
        extend_base(base, tmp_path / "out")


def test_a_base_without_byte_fallback_is_refused(tmp_path):
    base = write_base(tmp_path / "base", byte_fallback=False)
    with pytest.raises(TokenizerError, match="no byte fallback"):
        extend_base(base, tmp_path / "out")
