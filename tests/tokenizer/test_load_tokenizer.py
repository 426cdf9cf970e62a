"""Every form in which a tokenizer lies on a disk, and the forms that are refused by name."""

import io
import json
import shutil

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Fast
from tokenizers import decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer
from transformers.convert_slow_tokenizer import generate_merges

from tokext.corpus.embedded import embedded_lines
from tokext.errors import InputError, TokenizerError
from tokext.languages import find_language
from tokext.merge.merge import extend
from tokext.merge.write import write_tokenizer
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import PieceType, SentencePieceModel


def train(**options):
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*embedded_lines("en")[:150], *embedded_lines("ja")[:20]]),
        model_writer=written, vocab_size=520, hard_vocab_limit=False, minloglevel=2,
        **{"model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity",
           "remove_extra_whitespaces": False, "character_coverage": 0.99, **options},
    )  # fmt: skip
    return written.getvalue()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A folder with both files and a configuration. Not to be changed."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "only.model").write_bytes(train(user_defined_symbols=["<sep>"]))
    both = folder / "both"
    both.mkdir()
    write_tokenizer(both, load_tokenizer(folder / "only.model"))
    return both


@pytest.fixture(scope="module")
def mistral():
    return load_tokenizer("mistralai/Mistral-7B-v0.1")


def byte_level(model, trainer):
    fast = Fast(model)
    fast.pre_tokenizer = pre_tokenizers.ByteLevel()
    fast.decoder = decoders.ByteLevel()
    fast.train_from_iterator(embedded_lines("en")[:50], trainer)
    return fast


OTHERS = {
    "byte-level BPE": lambda: byte_level(
        models.BPE(), trainers.BpeTrainer(vocab_size=400, show_progress=False)
    ),
    "Unigram": lambda: byte_level(
        models.Unigram(), trainers.UnigramTrainer(vocab_size=400, show_progress=False)
    ),
    "WordPiece": lambda: byte_level(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=400, show_progress=False, special_tokens=["[UNK]"]),
    ),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_kinds_are_counted_with_and_refused_by_merge(kind, tmp_path):
    path = tmp_path / "tokenizer.json"
    OTHERS[kind]().save(str(path))
    opened = load_tokenizer(path)
    assert opened.kind == kind
    assert opened.encode_batch(["the cat"]) == [opened.encode("the cat")]
    assert opened.size == len(opened.pieces) == 400 or opened.size > 100
    with pytest.raises(TokenizerError, match=f"is a {kind} tokenizer; only Llama-type") as error:
        extend(opened, [], language=find_language("ja"))
    assert "bench compression" in error.value.hint


def test_each_form_of_a_tokenizer_encodes_the_same(folder, tmp_path):
    only_json = tmp_path / "json"
    only_json.mkdir()
    shutil.copy(folder / "tokenizer.json", only_json)
    names = (folder, folder / "tokenizer.model", only_json, only_json / "tokenizer.json")
    opened = [load_tokenizer(name) for name in names]
    for text in ("日本語 text and more", "one line", "two\nlines", "a<sep>"):
        assert len({tuple(t.encode(text)) for t in opened}) == 1, text
    assert {t.size for t in opened} == {load_tokenizer(folder).model.size}
    assert len({t.info().vocabulary_digest for t in opened}) == 1


def test_the_digest_is_the_same_when_transformers_saves_the_vocabulary(folder, tmp_path):
    AutoTokenizer.from_pretrained(str(folder)).save_pretrained(tmp_path / "saved")
    saved = load_tokenizer(tmp_path / "saved")
    assert saved.model_file is None
    assert saved.info().vocabulary_digest == load_tokenizer(folder).info().vocabulary_digest
    assert saved.info().sha256 != load_tokenizer(folder).info().sha256


@pytest.mark.slow
def test_mistral_is_the_same_vocabulary_in_each_file(mistral, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    write_tokenizer(own, mistral)
    AutoTokenizer.from_pretrained(str(own)).save_pretrained(tmp_path / "saved")
    digest = mistral.info().vocabulary_digest
    assert load_tokenizer(tmp_path / "saved").info().vocabulary_digest == digest
    assert load_tokenizer(own / "tokenizer.json").info().vocabulary_digest == digest


def test_merges_are_those_that_transformers_makes(mistral, folder):
    for opened in (mistral, load_tokenizer(folder)):
        made = FastTokenizer.from_sentencepiece(opened.model)
        assert made.merges == generate_merges(dict(opened.model.ids), None)


@pytest.mark.slow
def test_the_conversion_encodes_as_that_of_transformers(mistral, folder, tmp_path):
    for name, opened in (("mistral", mistral), ("tiny", load_tokenizer(folder))):
        alone = tmp_path / name
        alone.mkdir()
        (alone / "tokenizer.model").write_bytes(opened.model.data)
        config = {"tokenizer_class": "LlamaTokenizer", "legacy": True, "add_bos_token": True}
        (alone / "tokenizer_config.json").write_text(json.dumps(config))
        theirs = AutoTokenizer.from_pretrained(str(alone))
        lines = [*embedded_lines("ja"), *embedded_lines("en"), *embedded_lines("ko")]
        lines = [line for line in lines if not line.startswith(" ")]  # see Metaspace
        ours = FastTokenizer.from_sentencepiece(opened.model)
        assert ours.encode_batch(lines) == theirs(lines, add_special_tokens=False)["input_ids"]
        for text in ("a <s>b", "日本</s>語"):
            assert ours.encode(text) == theirs.encode(text, add_special_tokens=False)
        assert ours.tokenizer.encode("one", "two").ids == theirs("one", "two")["input_ids"]


@pytest.mark.slow
def test_mistrals_tokenizer_json_turns_back_into_its_model(mistral):
    """By id and by score the pieces of white space alone stand differently."""
    built = FastTokenizer.from_sentencepiece(mistral.model).to_sentencepiece()
    assert built.ids == mistral.model.ids
    assert [p.type for p in built.pieces] == [p.type for p in mistral.model.pieces]
    lines = [*embedded_lines("ja"), *embedded_lines("en"), *embedded_lines("code")]
    before, after = mistral.model.encode_all(lines), built.encode_all(lines)
    by_json = mistral.fast.encode_batch(lines)
    assert after == by_json
    changed = [t for t, b, a in zip(lines, before, after, strict=True) if a != b]
    assert all("  " in f" {text}" for text in changed)
    assert len(changed) < len(lines) / 4


@settings(max_examples=80, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_model_built_from_tokenizer_json_encodes_as_it(folder, text):
    fast = load_tokenizer(folder / "tokenizer.json").fast
    built = load_tokenizer(folder / "tokenizer.json").model
    if "▁" not in text and not any(p in text for p in ("<s>", "</s>", "<unk>", "<sep>")):
        assert built.encode(text) == (fast.encode(text) if text else [])


def test_user_defined_pieces_are_matched_in_text_by_both_files(folder):
    opened = load_tokenizer(folder)
    id_ = opened.model.ids["<sep>"]
    assert opened.model.pieces[id_].type is PieceType.USER_DEFINED
    assert opened.model.encode("a<sep>b").count(id_) == 1
    assert opened.fast.encode("a<sep>b").count(id_) == 1
    assert id_ in AutoTokenizer.from_pretrained(str(folder)).encode("a<sep>b")


def broken_json(folder, change):
    fields = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    change(fields)
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer.model", b"", "is not a SentencePiece model"),
        ("tokenizer.model", b"\x00\x01\x02garbage", "is not a SentencePiece model"),
        ("tokenizer.model", "テキスト".encode(), "is not a SentencePiece model"),
        ("tokenizer.json", b"", "is not valid JSON"),
        ("tokenizer.json", b"{", "is not valid JSON"),
        ("tokenizer.json", b"\xff\xfe", "is not valid JSON"),
        ("tokenizer.json", b"[1]", "holds no model"),
        ("tokenizer.json", b'{"model": 3}', "holds no model"),
        ("tokenizer.json", b'{"model": {"type": "BPE"}}', "cannot be loaded"),
        ("tokenizer.json", b'{"model": {"type": "Odd", "vocab": {"a": 0}}}', "cannot be loaded"),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TokenizerError, match=message) as error:
        load_tokenizer(path).encode("a")
    assert str(path) in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f["model"]["merges"].append("one"), "a merge that is not two pieces"),
        (lambda f: f["model"]["vocab"].update({"gap": 5000}), "has no piece for id"),
        (lambda f: f["model"]["merges"].append(f["model"]["merges"][0]), "stand apart"),
    ],
)
def test_what_no_model_can_say_is_refused_for_a_base(folder, tmp_path, change, message):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(broken_json(folder, change))
    with pytest.raises(TokenizerError, match=message):
        extend(load_tokenizer(path), [], language=find_language("ja"))


def test_a_folder_without_a_tokenizer_says_what_it_holds(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(TokenizerError, match=r"it holds config\.json"):
        load_tokenizer(tmp_path)


def test_a_mistyped_folder_gets_its_neighbor_as_a_hint(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "tokenizer")
    with pytest.raises(TokenizerError) as error:
        load_tokenizer(tmp_path / "tokenzier")
    assert error.value.hint == f"did you mean {tmp_path / 'tokenizer'}?"


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "../../nobody"])
def test_what_can_be_no_name_is_one_clear_line(name):
    with pytest.raises(TokenizerError, match="there is no tokenizer"):
        load_tokenizer(name)


def test_a_model_written_and_read_again_is_the_same(folder):
    model = load_tokenizer(folder).model
    assert SentencePieceModel(model.data).pieces == model.pieces
    assert model.extended([]).pieces == model.pieces


def test_an_unknown_language_is_named():
    with pytest.raises(InputError, match="xx"):
        find_language("xx")


def test_a_tokenizer_travels_to_other_processes(extended_folder):
    import pickle

    tokenizer = load_tokenizer(extended_folder)
    text = "東京の本屋で Hello, world を読む。"
    expected = tokenizer.encode(text), tokenizer.fast.encode(text)
    sent = pickle.loads(pickle.dumps(tokenizer))
    assert (sent.encode(text), sent.fast.encode(text)) == expected
