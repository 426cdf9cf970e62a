"""Each guarantee broken on purpose, in files, and the name that verify gives to it."""

import dataclasses
import shutil

import pytest
from tiny_bases import JAPANESE, change_json, extend_base, write_slow_chatml

from tokext.cli.tables import guarantee_table
from tokext.corpus.embedded import embedded_lines
from tokext.errors import GuaranteeError, TokenizerError
from tokext.merge.extension import merge_vocab
from tokext.merge.pair import Pair
from tokext.merge.texts import generated_texts
from tokext.merge.verify import prove, verify
from tokext.merge.write import write_tokenizer
from tokext.records import AddedPiece
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.llama import merges_by_id
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel
from tokext.vocab.folder import write_added

pytestmark = pytest.mark.slow

ALL = {
    "base_pieces_kept",
    "other_text_unchanged",
    "pieces_reachable",
    "never_longer",
    "base_tokens_respected",
    "loaders_agree",
    "surroundings_kept",
    "round_trip",
    "ids_dense",
    "padding_unreachable",
    "merging_again_adds_nothing",
    "record_true",
}


def texts_of(pair):
    """A few dozen real lines and a few hundred generated ones: verify itself tries thousands."""
    real = [line for name in ("en", "code", "zh", "ko") for line in embedded_lines(name)[:15]]
    real += embedded_lines("ja")[:60]
    added = [text for _, text in pair.added]
    return real + list(generated_texts(JAPANESE, added, pair.special, n=400, seed=1))


def broken(base, extended, texts=()):
    """The guarantees that do not hold, each with an example."""
    pair = Pair(load_tokenizer(base), load_tokenizer(extended), JAPANESE)
    pair.texts = list(dict.fromkeys([*texts, *texts_of(pair)]))
    found = prove(pair)
    assert {g.name for g in found} == ALL
    assert all(g.n_failed <= g.n_checked for g in found)
    failed = {g.name: g for g in found if not g.passed}
    assert all(g.examples and g.n_failed > 0 for g in failed.values())
    return failed


@pytest.fixture
def copy(plain, tmp_path):
    """The plain extension, to be broken."""
    return shutil.copytree(plain.folder, tmp_path / "extended")


def rewrite_model(folder, change):
    path = folder / "tokenizer.model"
    old = SentencePieceModel.read(path)
    pieces = list(old.pieces)
    change(pieces)
    path.write_bytes(SentencePieceModel.build(pieces, like=old).data)


def append(base_folder, folder, pieces):
    """A folder as others make it: pieces behind the base's, converted as transformers does."""
    folder.mkdir()
    base = load_tokenizer(base_folder)
    model = base.model.extended(pieces)
    fast = FastTokenizer.from_sentencepiece(model)
    write_tokenizer(folder, base, model=model, fast=fast)
    return folder


def normal(texts, score=0.0, step=0.0):
    return [Piece(t, score - n * step, PieceType.NORMAL) for n, t in enumerate(texts)]


def test_nothing_is_broken_in_what_merge_makes(tiny):
    assert broken(tiny.base_folder, tiny.folder, ["一行だけ <s> の  文"]) == {}


def test_a_good_pair_that_others_made_passes(plain, tmp_path):
    """Scores and ids in one order, missing characters first: no record, nothing broken."""
    pieces = [a.piece for a in plain.merged.extension.added]
    lowest = plain.base.model.lowest_learned_score
    folder = append(plain.base_folder, tmp_path / "x", normal(pieces, lowest - 1, 1.0))
    assert broken(plain.base_folder, folder) == {}
    assert broken(plain.base_folder / "tokenizer.model", folder) == {}


def test_a_good_pair_that_transformers_saved_passes(plain, tmp_path):
    plain.loaders.transformers.save_pretrained(tmp_path / "saved")
    shutil.copy(plain.folder / "tokenizer.model", tmp_path / "saved")
    # transformers writes the rule of `legacy` into tokenizer.json and forgets the flag itself
    change_json(tmp_path / "saved" / "tokenizer_config.json", lambda f: f.update(legacy=True))
    assert broken(plain.base_folder / "tokenizer.model", tmp_path / "saved") == {}


def test_new_pieces_at_score_zero(plain, tmp_path):
    """The common recipe: by score they merge before all others, by id behind them."""
    pieces = [a.piece for a in plain.merged.extension.added]
    failed = broken(plain.base_folder, append(plain.base_folder, tmp_path / "x", normal(pieces)))
    assert "loaders_agree" in failed
    assert "sentencepiece and tokenizers differ" in failed["loaders_agree"].examples[0]


def test_new_pieces_at_score_zero_that_any_text_may_hold(plain, tmp_path):
    """ "hel" and "el" before all others take the letters away from longer base pieces."""
    texts = ["zq", "ht", "th e", "▁q", "eh"]
    failed = broken(plain.base_folder, append(plain.base_folder, tmp_path / "x", normal(texts)))
    assert {"other_text_unchanged", "pieces_reachable"} <= set(failed)


def test_one_rare_piece_without_a_letter(plain, tmp_path):
    """No text of the corpora holds it; the piece itself is tried."""
    lowest = plain.base.model.lowest_learned_score
    folder = append(plain.base_folder, tmp_path / "x", normal(["qz"], lowest - 1))
    broken_ = set(broken(plain.base_folder, folder))
    assert "other_text_unchanged" in broken_ <= {"other_text_unchanged", "surroundings_kept"}


def test_a_text_that_becomes_longer(plain, tmp_path):
    """ "ほんとう" is two pieces; a third one across them, at score 0, makes three."""
    base = tmp_path / "base"
    base.mkdir()
    old = plain.base.model
    words = normal([*"ほんと", "ほん", "とう", "ほんとう"], -90_000.0, 1.0)
    own = [w for w in words if w.text not in old.ids]
    (base / "tokenizer.model").write_bytes(old.extended(own).data)
    folder = append(base, tmp_path / "x", normal(["んと"]))
    failed = broken(base, folder, ["ほんとう"])
    assert "'ほんとう'" in failed["never_longer"].examples[0]


def test_two_ids_swapped(plain, copy):
    def swap(pieces):
        at = plain.base.size - 5
        pieces[at], pieces[at + 1] = pieces[at + 1], pieces[at]

    rewrite_model(copy, swap)
    failed = broken(plain.base_folder, copy)
    assert {"base_pieces_kept", "ids_dense"} <= set(failed)
    assert failed["base_pieces_kept"].n_failed == 2


def test_an_id_that_moved_in_every_file_is_counted_once(plain, tmp_path):
    first = next(n for n, p in enumerate(plain.base.pieces) if p.type is PieceType.NORMAL)
    moved = plain.base.pieces[first:][::-1]
    model = SentencePieceModel.build([*plain.base.pieces[:first], *moved], like=plain.base.model)
    (tmp_path / "x").mkdir()
    fast = FastTokenizer.from_sentencepiece(model)
    write_tokenizer(tmp_path / "x", plain.base, model=model, fast=fast)
    found = broken(plain.base_folder, tmp_path / "x")["base_pieces_kept"]
    assert len(moved) - 1 <= found.n_failed <= len(moved)


def test_a_changed_score(plain, copy):
    def change(pieces):
        pieces[300] = Piece(pieces[300].text, pieces[300].score - 0.5, pieces[300].type)

    rewrite_model(copy, change)
    assert set(broken(plain.base_folder, copy)) == {"base_pieces_kept"}


def test_a_changed_type(plain, copy):
    def change(pieces):
        pieces[1] = Piece(pieces[1].text, 0.0, PieceType.USER_DEFINED)

    rewrite_model(copy, change)
    assert "base_pieces_kept" in broken(plain.base_folder, copy)


def test_a_special_token_that_tokenizer_json_forgot(plain, copy):
    change_json(copy / "tokenizer.json", lambda f: f["added_tokens"].pop(1))
    failed = broken(plain.base_folder, copy)
    assert "'<s>' is no longer special in tokenizer.json" in failed["base_pieces_kept"].examples


def test_tokens_of_a_fine_tune_that_only_transformers_moves(plain, tmp_path):
    """The extension of the base below, beside the fine-tune's files: its tokens go behind it."""
    base = write_slow_chatml(tmp_path / "base", plain.base_folder)
    folder = shutil.copytree(base, tmp_path / "extended")
    for name in ("tokenizer.model", "tokenizer.json"):
        shutil.copy(plain.folder / name, folder)
    failed = broken(base, folder)
    n, size = plain.base.size, plain.merged.extension.padded_size
    moved = f"'<|im_end|>': id {n + 1} became {size + 1} in transformers"
    assert moved in failed["base_pieces_kept"].examples
    assert f"transformers counts {size + 2} ids, the files {size}" in failed["ids_dense"].examples


def test_a_token_that_only_transformers_adds(plain, copy):
    """Both files are as they were: what they do not show, the configuration adds on opening."""
    change_json(copy / "tokenizer_config.json", lambda f: f.update(pad_token="[PAD]"))
    failed = broken(plain.base_folder, copy)
    size = plain.merged.extension.padded_size
    assert f"id {size} is '[PAD]' in transformers alone" in failed["ids_dense"].examples


def test_a_folder_that_transformers_cannot_open_is_refused_by_name(plain, copy):
    change_json(copy / "tokenizer_config.json", lambda f: f.update(added_tokens_decoder=[1]))
    with pytest.raises(TokenizerError, match=r"transformers cannot open .*extended") as error:
        verify(plain.base_folder, copy)
    assert "tokenizer_config.json" in error.value.hint


def test_base_merges_in_another_order(plain, copy):
    def swap(fields):
        merges = fields["model"]["merges"]
        merges[3], merges[-1 - len(plain.merged.extension.added)] = (
            merges[-1 - len(plain.merged.extension.added)],
            merges[3],
        )

    change_json(copy / "tokenizer.json", swap)
    assert "base_pieces_kept" in broken(plain.base_folder, copy)


def test_added_merges_in_another_order(plain, copy):
    n = len(plain.base.fast.merges)

    def reverse(fields):
        fields["model"]["merges"][n:] = reversed(fields["model"]["merges"][n:])

    change_json(copy / "tokenizer.json", reverse)
    failed = broken(plain.base_folder, copy)
    assert "loaders_agree" in failed
    assert "other_text_unchanged" not in failed
    assert "base_pieces_kept" not in failed


def test_a_piece_that_nothing_reaches(plain, copy):
    def change(pieces):
        last = len(plain.merged.extension.added) + plain.base.size - 1
        pieces[last] = Piece("鱗鰯鱒鯖鯨", pieces[last].score, PieceType.NORMAL)

    rewrite_model(copy, change)
    failed = broken(plain.base_folder, copy)
    assert any("鱗鰯鱒鯖鯨" in e for e in failed["pieces_reachable"].examples)
    assert {"ids_dense", "record_true", "merging_again_adds_nothing"} <= set(failed)


def test_an_unreachable_piece_and_nothing_else(plain, tmp_path):
    lowest = plain.base.model.lowest_learned_score
    pieces = normal([*"鱗鰯鱒", "鱗鰯鱒"], lowest - 1, 1.0)
    folder = append(plain.base_folder, tmp_path / "x", pieces)
    failed = broken(plain.base_folder, folder)
    assert set(failed) == {"pieces_reachable"}
    assert (failed["pieces_reachable"].n_failed, failed["pieces_reachable"].n_checked) == (1, 4)


def test_padding_that_its_own_name_produces(plain, copy):
    padding = plain.merged.extension.padding[0]
    flags = dict.fromkeys(("lstrip", "rstrip", "normalized", "single_word", "special"), False)
    token = {"id": padding, "content": "<|extra_0|>", **flags}
    change_json(copy / "tokenizer.json", lambda f: f["added_tokens"].append(token))
    failed = broken(plain.base_folder, copy)
    assert "padding_unreachable" in failed
    assert "'<|extra_0|>' in tokenizers" in failed["padding_unreachable"].examples


def test_padding_that_sentencepiece_matches(plain, copy):
    def change(pieces):
        pieces[-1] = Piece(pieces[-1].text, 0.0, PieceType.USER_DEFINED)

    rewrite_model(copy, change)
    assert "padding_unreachable" in broken(plain.base_folder, copy)


def test_two_pieces_at_one_id(plain, copy):
    change_json(copy / "tokenizer.json", lambda f: f["model"]["vocab"].update({"双子": 400}))
    failed = broken(plain.base_folder, copy)
    assert "ids_dense" in failed
    assert "id 400 has 2 pieces" in failed["ids_dense"].examples[0]


def test_a_piece_that_stands_twice_in_the_model_is_refused_by_name(plain, copy):
    def change(pieces):
        pieces[-1] = pieces[-2]

    rewrite_model(copy, change)
    with pytest.raises(TokenizerError, match=r"<\|extra_.*already defined"):
        verify(plain.base_folder, copy)


def test_a_gap_in_tokenizer_json(plain, copy):
    name = plain.merged.extension.added[-1].piece

    def cut(fields):
        fields["model"]["vocab"].pop(name)
        fields["model"]["merges"].pop()

    change_json(copy / "tokenizer.json", cut)
    failed = broken(plain.base_folder, copy)
    assert f"id {plain.merged.extension.added[-1].id} has no piece" in failed["ids_dense"].examples
    (copy / "tokenizer.model").unlink()
    assert "ids_dense" in broken(plain.base_folder, copy)


def test_ids_beyond_the_model(plain, copy):
    beyond = plain.merged.extension.padded_size + 3
    change_json(copy / "tokenizer.json", lambda f: f["model"]["vocab"].update({"外": beyond}))
    assert "ids_dense" in broken(plain.base_folder, copy)


def test_a_decoder_that_forgets_bytes(plain, copy):
    def forget(fields):
        decoders = fields["decoder"]["decoders"]
        fields["decoder"]["decoders"] = [d for d in decoders if d["type"] != "ByteFallback"]

    change_json(copy / "tokenizer.json", forget)
    assert "round_trip" in broken(plain.base_folder, copy)


@pytest.mark.parametrize(
    "lie",
    [
        {"size": 7},
        {"padded_size": 8},
        {"padding": []},
        {"base": {"name": "b", "sha256": "0", "vocabulary_digest": "0", "size": 3}},
    ],
)
def test_a_record_that_lies(plain, copy, lie):
    change_json(copy / "extension.json", lambda f: f.update(lie))
    failed = broken(plain.base_folder, copy)
    assert set(failed) == {"record_true"}


def test_a_record_with_wrong_constituents(plain, copy):
    """What a piece stands for is asked of the base, not of the record."""
    change_json(copy / "extension.json", lambda f: f["added"][3].update(constituents=[5]))
    assert set(broken(plain.base_folder, copy)) == {"record_true"}


def test_a_record_of_pieces_that_are_not_there(plain, copy):
    change_json(copy / "extension.json", lambda f: f["added"][3].update(piece="誰もいない"))
    failed = broken(plain.base_folder, copy)
    assert set(failed) == {"record_true", "merging_again_adds_nothing"}


def test_added_pieces_that_cut_base_tokens(plain, tmp_path):
    """With a record the pair promises whole base tokens; at score 0 んと cuts ほん and とう."""
    lowest = plain.base.model.lowest_learned_score
    new = [t for t in [*"ほんとう", "ほん", "とう"] if t not in plain.base.model.ids]
    base = append(plain.base_folder, tmp_path / "base", normal(new, lowest - 1, 1.0))
    made = extend_base(base, tmp_path / "made", candidates=[AddedPiece("んと", 1)])

    def lift(pieces):
        at = made.merged.extension.added[0].id
        pieces[at] = Piece("んと", 0.0, PieceType.NORMAL)

    rewrite_model(made.folder, lift)
    failed = broken(made.base_folder, made.folder, ["ほんとう"])
    assert {"base_tokens_respected", "loaders_agree", "never_longer"} <= set(failed)


def test_the_published_recipe_with_only_tokenizer_json(plain, tmp_path):
    """Pieces learned anew, every two-way split a merge, in the order of ids."""
    folder = tmp_path / "x"
    folder.mkdir()
    write_tokenizer(folder, plain.base)
    (folder / "tokenizer.model").unlink()
    learned = ["the▁", "ing▁", "東", "京", "東京", "京都", "東京都", "大都会東京"]

    def extend(fields):
        vocab = fields["model"]["vocab"]
        for piece in learned:
            vocab.setdefault(piece, len(vocab))
        fields["model"]["merges"] = [list(m) for m in merges_by_id(vocab)]

    change_json(folder / "tokenizer.json", extend)
    failed = broken(plain.base_folder, folder)
    assert {"pieces_reachable", "other_text_unchanged"} <= set(failed)
    assert any("大都会東京" in e for e in failed["pieces_reachable"].examples)
    assert "base_pieces_kept" not in failed


def test_tokens_added_by_transformers_beside_a_stale_model(plain, tmp_path):
    """`add_tokens`: matched before any merge, and unknown to SentencePiece."""
    loaded = plain.base_loaders.transformers.__class__.from_pretrained(str(plain.base_folder))
    loaded.add_tokens(["東京", "日本語", "です"])
    loaded.save_pretrained(tmp_path / "x")
    shutil.copy(plain.base_folder / "tokenizer.model", tmp_path / "x")
    failed = broken(plain.base_folder, tmp_path / "x")
    assert {"pieces_reachable", "loaders_agree"} <= set(failed)


@pytest.fixture
def at_odds(plain, tmp_path):
    """A base whose tokenizer.json never merges ほん, and a vocabulary that builds on it."""
    base = tmp_path / "base"
    base.mkdir()
    lowest = plain.base.model.lowest_learned_score
    new = [t for t in [*"ほんとう", "ほん", "とう"] if t not in plain.base.model.ids]
    model = plain.base.model.extended(normal(new, lowest - 1, 1.0))
    fast = FastTokenizer.from_sentencepiece(model)
    fast.fields["model"]["merges"].remove("ほ ん")
    write_tokenizer(base, plain.base, model=model, fast=fast)
    added = tmp_path / "added"
    added.mkdir()
    write_added(added, [AddedPiece("ほんとう", 1)], like=model)
    return base, added


def test_merge_saves_nothing_when_a_guarantee_is_broken(at_odds, tmp_path):
    base, added = at_odds
    with pytest.raises(GuaranteeError, match=r"reachable.*ほんとう.*Nothing was saved\.") as error:
        merge_vocab(added, tmp_path / "out", base=str(base))
    assert "verify" in error.value.hint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["added", "base"]


def test_merge_keeps_the_old_folder_when_a_guarantee_is_broken(at_odds, tmp_path):
    base, added = at_odds
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("old")
    with pytest.raises(GuaranteeError):
        merge_vocab(added, tmp_path / "out", base=str(base), force=True)
    assert (tmp_path / "out" / "mine").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["added", "base", "out"]


def test_verify_tries_real_and_generated_text_and_what_is_given(plain):
    found = {g.name: g for g in verify(plain.base_folder, plain.folder, ["一行だけ <s> の  文"])}
    assert set(found) == ALL
    assert all(g.passed for g in found.values())
    assert found["never_longer"].n_checked > 3 * 3000


def test_what_a_pair_without_a_record_does_not_promise_is_not_tried(plain):
    found = prove(Pair(plain.base, plain.base, JAPANESE, ["a", "東京"]))
    untried = {g.name for g in found if not g.was_tried}
    assert {"base_tokens_respected", "record_true"} <= untried
    table = guarantee_table(found)
    for g in found:
        verdict = "not tried" if g.name in untried else "kept     "
        assert f"{verdict}  {g.claim}" in table
    assert "(0 " not in table


def test_a_tokenizer_json_that_puts_no_token_around_a_text(plain, copy):
    change_json(copy / "tokenizer.json", lambda f: f.update(post_processor=None))
    failed = broken(plain.base_folder, copy)
    assert any(e.startswith("tokenizers: ") for e in failed["surroundings_kept"].examples)


@pytest.mark.parametrize("flag", ["add_bos_token", "add_eos_token", "legacy"])
def test_a_flag_that_other_loaders_follow(plain, copy, flag):
    change_json(copy / "tokenizer_config.json", lambda f: f.update({flag: not f[flag]}))
    failed = broken(plain.base_folder, copy)
    assert any(e.startswith(flag) for e in failed["surroundings_kept"].examples)


def test_a_token_that_ends_every_text(plain, copy):
    def change(fields):
        end = {"SpecialToken": {"id": "</s>", "type_id": 0}}
        fields["post_processor"]["single"].append(end)
        fields["post_processor"]["special_tokens"]["</s>"] = {
            "id": "</s>", "ids": [2], "tokens": ["</s>"]
        }  # fmt: skip

    change_json(copy / "tokenizer.json", change)
    assert "surroundings_kept" in broken(plain.base_folder, copy)


def test_a_tokenizer_json_that_cuts_texts_off(plain, copy):
    limit = {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    change_json(copy / "tokenizer.json", lambda f: f.update(truncation=limit))
    failed = broken(plain.base_folder, copy)
    assert any("'max_length': 3" in e for e in failed["surroundings_kept"].examples)


@pytest.mark.parametrize(
    ("name", "value"),
    [("eos_token", "<unk>"), ("chat_template", "{{ messages }}"),
     ("model_max_length", 77), ("clean_up_tokenization_spaces", True), ("padding_side", "right")],
)  # fmt: skip
def test_a_setting_that_the_base_does_not_have(plain, copy, name, value):
    before = getattr(plain.base_loaders.transformers, name)
    assert before != value
    change_json(copy / "tokenizer_config.json", lambda f: f.update({name: value}))
    assert "surroundings_kept" in broken(plain.base_folder, copy)


def test_two_texts_joined_the_other_way_round(plain, copy):
    def change(fields):
        fields["post_processor"]["pair"] = fields["post_processor"]["pair"][::-1]

    change_json(copy / "tokenizer.json", change)
    assert set(broken(plain.base_folder, copy)) == {"surroundings_kept"}


def test_loaders_that_encode_two_texts_differently(plain, copy):
    """A flag that transformers alone knows takes special tokens apart."""
    change_json(copy / "tokenizer_config.json", lambda f: f.update(split_special_tokens=True))
    failed = broken(plain.base_folder, copy)
    assert any(e.startswith("pairs: ") for e in failed["loaders_agree"].examples)


def test_loaders_that_decode_a_text_differently(plain, copy):
    """A special token that tokenizers does not skip, and SentencePiece does."""

    def change(fields):
        for token in fields["added_tokens"]:
            token["special"] = token["special"] and token["content"] != "</s>"

    change_json(copy / "tokenizer.json", change)
    failed = broken(plain.base_folder, copy)
    assert any(e.startswith("decodings: ") for e in failed["loaders_agree"].examples)


def test_a_piece_without_a_letter_that_shows_only_inside_a_text(plain, tmp_path):
    """At the beginning the space before the text takes its first letter away."""
    known = plain.base.model.ids
    first = next(c for c in "tacswo" if "\u2581" + c in known)
    text = next(first + c for c in "qxzjvk" if first + c not in known and c in known)
    lowest = plain.base.model.lowest_learned_score
    folder = append(plain.base_folder, tmp_path / "x", normal([text], lowest - 1))
    pair = Pair(load_tokenizer(plain.base_folder), load_tokenizer(folder), JAPANESE, ["a", "b"])
    found = {g.name: g for g in prove(pair)}
    assert found["other_text_unchanged"].examples == (repr("\n" + text),)


def test_a_record_of_a_count_that_cannot_be(plain, copy):
    change_json(copy / "extension.json", lambda f: f["added"][0].update(count=-5))
    assert set(broken(plain.base_folder, copy)) == {"record_true"}


def test_a_record_of_another_file_of_the_base_is_said(plain, copy):
    change_json(copy / "extension.json", lambda f: f["base"].update(sha256="0" * 64))
    pair = Pair(load_tokenizer(plain.base_folder), load_tokenizer(copy), JAPANESE, ["a", "b"])
    note = next(g.note for g in prove(pair) if g.name == "record_true")
    assert "0" * 64 in note


def test_a_model_that_cuts_english_otherwise_beside_a_good_tokenizer_json(plain, copy):
    def change(pieces):
        at = next(n for n, p in enumerate(pieces) if p.text == "\u2581the")
        pieces[at] = dataclasses.replace(pieces[at], text="\u2581qxq")

    rewrite_model(copy, change)
    failed = broken(plain.base_folder, copy, ["the"])
    assert "'the'" in failed["other_text_unchanged"].examples


def test_special_roles_changed_in_the_model_alone(plain, copy):
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString((copy / "tokenizer.model").read_bytes())
    proto.trainer_spec.bos_piece, proto.trainer_spec.eos_piece = "</s>", "<s>"
    (copy / "tokenizer.model").write_bytes(proto.SerializeToString())
    failed = broken(plain.base_folder, copy)
    assert any(e.startswith("bos_id") for e in failed["surroundings_kept"].examples)
