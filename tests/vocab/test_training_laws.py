"""What holds of every added vocabulary, whatever the text."""

import csv
import hashlib
import json
import re
import unicodedata
from collections import Counter

import pytest
import sentencepiece
import tokenizers

from tokext.corpus.boundaries import runs_of, script_cutter
from tokext.corpus.count import count_runs
from tokext.corpus.counts import RunCounts
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.morphemes import word_cutter
from tokext.corpus.refine import thin_runs
from tokext.errors import InputError
from tokext.languages import find_language
from tokext.merge.merge import extend
from tokext.progress import shown
from tokext.records import AddedPiece, Extension
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.added import train_vocab
from tokext.vocab.folder import read_added
from tokext.vocab.rules import Rules
from tokext.vocab.train import METHODS, learn, learn_at_most
from tokext.vocab.veto import read_veto

JA = find_language("ja")
each_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="module")
def learned(counts, base):
    """Three hundred pieces by each method."""
    return {m: learn(counts, base, 300, m, Rules(JA)) for m in METHODS}


def bytes_of(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "tokext.json"}


@each_method
def test_same_text_same_bytes_for_any_number_of_workers(text, base, tmp_path, method):
    folders = []
    for name, workers in (("one", 1), ("again", 1), ("three", 3)):
        options = {"base": base.name, "size": 100, "method": method, "workers": workers}
        train_vocab(text, tmp_path / name, **options)
        folders.append(bytes_of(tmp_path / name))
    assert folders[0] == folders[1] == folders[2]
    assert set(folders[0]) == {"added.model", "added.tsv"}


def test_added_model_loads_by_itself_and_stands_in_rank_order(added_folder):
    model = sentencepiece.SentencePieceProcessor(model_file=str(added_folder / "added.model"))
    with (added_folder / "added.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    assert [model.id_to_piece(i) for i in range(1, model.vocab_size())] == [r[0] for r in rows]
    scores = [model.get_score(i) for i in range(1, model.vocab_size())]
    assert scores == sorted(set(scores), reverse=True)
    assert model.encode("日本", out_type=str)
    assert all(int(count) >= 2 for _, count in rows)


def test_what_was_written_is_read_back(added_folder):
    pieces, model = read_added(added_folder)
    assert len(pieces) == len({p.piece for p in pieces}) == 1500
    assert model.normalization == "identity"
    assert all(p.count for p in pieces)


@each_method
def test_every_piece_holds_a_letter_and_no_digit_or_space(learned, method):
    for piece in (p.piece for p in learned[method]):
        names = [unicodedata.name(char) for char in piece]
        assert any(n.startswith(("HIRAGANA", "KATAKANA", "CJK", "IDEOGRAPHIC")) for n in names)
        categories = {unicodedata.category(char) for char in piece}
        assert not categories & {"Nd", "Zs", "Cc"}
        assert len(piece) <= 16


@each_method
def test_no_piece_comes_twice_or_is_in_the_base(learned, base, method):
    pieces = [p.piece for p in learned[method]]
    assert len(set(pieces)) == 300
    assert not set(pieces) & set(base.model.ids)


def test_independent_pieces_begin_with_the_single_characters(base):
    counts = count_runs([list(embedded_lines("ja")[:15])], boundary="script")
    pieces = learn(counts, base, 700, "independent", Rules(JA, min_count=1))
    lengths = [len(p.piece) for p in pieces]
    n_single = lengths.count(1)
    assert 50 < n_single < 650
    assert set(lengths[:n_single]) == {1}
    single = [p.count for p in pieces[:n_single]]
    assert single == sorted(single, reverse=True)


@each_method
def test_the_characters_that_a_piece_needs_come_before_it(learned, base, method):
    known = set(base.model.ids)
    for piece in (p.piece for p in learned[method]):
        assert len(piece) == 1 or set(piece) <= known
        known.add(piece)


@each_method
def test_pieces_are_all_reachable(learned, base, method):
    merged = extend(base, learned[method], language=JA)
    assert merged.dropped == {}
    for n, added in enumerate(learned[method]):
        assert merged.model.encode("\n" + added.piece)[-1] == base.size + n


@pytest.mark.slow
def test_a_merge_takes_every_continued_piece_in_its_order(added_folder, extended_folder):
    pieces, _ = read_added(added_folder)
    merged = Extension.read(extended_folder).added
    assert [a.piece for a in merged] == [p.piece for p in pieces]


@pytest.mark.slow
def test_a_merge_records_the_counts_and_the_file_it_extended(added_folder, extended_folder):
    pieces, _ = read_added(added_folder)
    record = Extension.read(extended_folder)
    assert [a.count for a in record.added] == [p.count for p in pieces]
    file = load_tokenizer(record.base.name).found.files["tokenizer.model"]
    assert record.base.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_counts_of_characters_are_the_times_they_stand_in_the_runs(learned, runs):
    chars = Counter("".join(runs))
    for method in METHODS:
        single = {p.piece: p.count for p in learned[method] if len(p.piece) == 1}
        assert single == {char: chars[char] for char in single}


@each_method
def test_no_piece_is_counted_more_often_than_it_stands_in_the_text(learned, runs, method):
    for piece in learned[method]:
        assert 2 <= piece.count <= sum(run.count(piece.piece) for run in runs)


@each_method
def test_a_larger_size_only_adds_to_the_end(counts, base, method):
    """Pieces are ranked, so that the first half of them is the vocabulary of half the size."""
    large = [p.piece for p in learn(counts, base, 200, method, Rules(JA))]
    small = [p.piece for p in learn(counts, base, 100, method, Rules(JA))]
    assert large[:100] == small


@each_method
def test_min_count_leaves_the_rare_out(counts, base, method):
    pieces = learn(counts, base, 100, method, Rules(JA, min_count=8))
    assert min(p.count for p in pieces) >= 8


def test_the_largest_size_that_is_named_is_the_largest_there_is(base):
    """Where most of what plain text gives has no letter of the language and may not enter."""
    words = ["_".join(line.split()) for line in embedded_lines("en")[:150]]
    lines = [f"{word}{line[:9]}" for word, line in zip(words, embedded_lines("ja"), strict=False)]
    counts = count_runs([lines], boundary="none")
    exhausted = learn_at_most(counts, base, 100_000, "independent", Rules(JA))
    n = len(exhausted)
    assert learn(counts, base, n, "independent", Rules(JA)) == exhausted
    with pytest.raises(InputError, match=f"gives {n} pieces, not {n + 1}") as caught:
        learn(counts, base, n + 1, "independent", Rules(JA))
    assert f"--size {n} is the largest" in caught.value.hint


def test_longer_pieces_than_allowed_stay_out(counts, base):
    pieces = learn(counts, base, 200, "continue", Rules(JA, max_piece_length=2))
    assert max(len(p.piece) for p in pieces) == 2


@pytest.mark.parametrize("size", [0, -5])
def test_a_size_that_adds_nothing_is_refused(counts, base, size):
    with pytest.raises(InputError, match=f"--size {size} adds nothing"):
        learn(counts, base, size, "continue", Rules(JA))


def test_an_unknown_method_is_refused_by_name(counts, base):
    with pytest.raises(InputError, match="unknown method 'guess'"):
        learn(counts, base, 9, "guess", Rules(JA))


def test_text_without_a_letter_is_refused(base):
    with pytest.raises(InputError, match="no letter of Japanese"):
        learn(RunCounts.of({}), base, 9, "continue", Rules(JA))


@each_method
def test_a_korean_piece_may_begin_with_its_space_and_hold_no_other(tmp_path, base, method):
    lines = ["나는 학교에 간다", "너는 학교에 온다", "그는 학교를 본다"] * 3
    (tmp_path / "ko.txt").write_text("\n".join(lines), encoding="utf-8")
    options = {"base": base.name, "size": 25, "language": "ko", "method": method, "workers": 1}
    pieces = [p.piece for p in train_vocab(tmp_path / "ko.txt", tmp_path / "ko", **options)]
    assert "▁학교" in pieces
    assert not any("▁" in piece[1:] for piece in pieces)


@pytest.mark.parametrize("boundary", ["phrase", "morpheme"])
def test_pieces_end_where_words_end(text, base, tmp_path, boundary):
    train_vocab(text, tmp_path / "added", base=base.name, size=300, boundary=boundary, workers=1)
    units = set()
    for line in text.read_text(encoding="utf-8").splitlines():
        for run in runs_of(JA, boundary)(line):
            units.update(word_cutter(boundary)(run))
    pieces = [p.piece for p in read_added(tmp_path / "added")[0]]
    assert max(map(len, pieces)) > 2
    assert all(any(piece in unit for unit in units) for piece in pieces)


def test_scripts_are_kept_apart(text, base, tmp_path):
    train_vocab(
        text, tmp_path / "added", base=base.name, size=300, keep_scripts_apart=True, workers=1
    )
    cut = script_cutter(JA)
    assert all(len(cut(p.piece)) == 1 for p in read_added(tmp_path / "added")[0])


@each_method
def test_pieces_end_where_the_boundary_says_whatever_rule_the_base_was_trained_with(
    text, base, tmp_path, method
):
    assert base.model.splits_scripts
    n_crossing = {}
    for boundary in ("none", "punctuation", "script"):
        options = {"base": base.name, "size": 900, "method": method, "boundary": boundary}
        pieces = train_vocab(text, tmp_path / boundary, workers=1, **options)
        n_crossing[boundary] = sum(len(re.findall(r"[。、「」？！]", p.piece)) for p in pieces)
        assert n_crossing[boundary] == 0 or boundary != "script"
    assert n_crossing["none"] > 0
    assert n_crossing["punctuation"] > 0


@each_method
def test_a_vetoed_piece_stays_out(counts, base, learned, method):
    veto = frozenset(p.piece for p in learned[method][::3])
    pieces = {p.piece for p in learn(counts, base, 150, method, Rules(JA, veto=veto))}
    assert len(veto) == 100
    assert not pieces & veto


def test_nothing_that_continues_is_lost_to_a_veto(counts, base, learned):
    """What is built on a vetoed piece is not learned, so every piece is reachable without it."""
    veto = frozenset(p.piece for p in learned["continue"][::3])
    pieces = learn(counts, base, 300, "continue", Rules(JA, veto=veto))
    assert extend(base, pieces, language=JA).dropped == {}


@each_method
def test_a_vetoed_character_comes_back_neither_by_learning_nor_by_merging(base, tmp_path, method):
    assert "鬱" not in base.model.ids
    (tmp_path / "ja.txt").write_text("鬱蒼とした森\n憂鬱な雨\n憂いと森\n" * 9, encoding="utf-8")
    (tmp_path / "veto.txt").write_text("鬱\n", encoding="utf-8")
    options = {"base": base.name, "size": 10, "method": method, "workers": 1}
    train_vocab(tmp_path / "ja.txt", tmp_path / "free", **options)
    train_vocab(tmp_path / "ja.txt", tmp_path / "kept", veto=tmp_path / "veto.txt", **options)
    for name, expected in (("free", True), ("kept", False)):
        pieces, _ = read_added(tmp_path / name)
        merged = extend(base, pieces, language=JA)
        assert len(pieces) == 10
        assert any("鬱" in piece.text for piece in merged.model.pieces) is expected


@pytest.mark.parametrize("token", ["<s>", "</s>", "<unk>"])
def test_no_piece_is_built_around_a_token_that_is_cut_out_first(tmp_path, token):
    """And a tokenizer.json reaches every piece, which cuts that token out of any text."""
    base = load_tokenizer("mistralai/Mistral-7B-v0.1")
    lines = [f"価格は{token}旧価格{token}です。"] * 40
    (tmp_path / "ja.txt").write_text("\n".join(lines), encoding="utf-8")
    options = {"base": base.name, "size": 12, "workers": 1}
    train_vocab(tmp_path / "ja.txt", tmp_path / "added", boundary="none", **options)
    pieces, _ = read_added(tmp_path / "added")
    assert len(pieces) == 12
    assert not any(token in p.piece for p in pieces)
    merged = extend(base, [*pieces, AddedPiece(f"は{token}", 9)], language=JA)
    assert [a.piece for a in merged.extension.added if token in a.piece] == []
    fast = tokenizers.Tokenizer.from_str(merged.fast.json())
    for added in merged.extension.added:
        ids = fast.encode(f"\n{added.piece}", add_special_tokens=False).ids
        assert ids[-1:] == [added.id]


@pytest.mark.parametrize("boundary", ["punctuation"], indirect=True)
def test_a_veto_of_everything_is_refused(text, base, tmp_path, counts):
    every = learn_at_most(counts, base, 100_000, "continue", Rules(JA))
    # What a veto takes away, other merges may take the place of: so all pairs of characters, too.
    pairs = {run[at : at + 2] for run, _ in counts for at in range(len(run))}
    (tmp_path / "veto.txt").write_text("\n".join({p.piece for p in every} | pairs), "utf-8")
    options = {"base": base.name, "size": 9, "veto": tmp_path / "veto.txt", "workers": 1}
    options |= {"max_piece_length": 2, "boundary": "punctuation"}
    with pytest.raises(InputError, match="leaves none to add"):
        train_vocab(text, tmp_path / "added", **options)
    assert not (tmp_path / "added").exists()


def test_a_table_can_be_a_veto(added_folder, tmp_path):
    assert read_veto(added_folder / "added.tsv") > {p.piece for p in read_added(added_folder)[0]}


def test_a_veto_may_have_a_byte_order_mark_and_blanks_around_its_pieces(tmp_path):
    (tmp_path / "veto.txt").write_text("東京 \n 大阪\t3\n\u3000\n", encoding="utf-8-sig")
    assert read_veto(tmp_path / "veto.txt") == {"東京", "大阪"}


@each_method
def test_vetoes_that_keep_nothing_out_are_counted(text, base, tmp_path, capsys, method):
    first = train_vocab(text, tmp_path / "a", base=base.name, size=9, method=method, workers=1)
    (tmp_path / "veto.txt").write_text(f"{first[0].piece}\nまちがった字\n", encoding="utf-8")
    options = {"base": base.name, "size": 9, "method": method, "workers": 1}
    token = shown.set(True)
    train_vocab(text, tmp_path / "b", veto=tmp_path / "veto.txt", **options)
    shown.reset(token)
    assert "1 of 2 vetoes kept nothing out, such as 'まちがった字'" in capsys.readouterr().err


def test_keep_all_takes_no_boundary_and_records_its_own(text, base, tmp_path):
    options = {"base": base.name, "size": 9, "keep_all": True, "workers": 1}
    with pytest.raises(InputError, match="--boundary is script"):
        train_vocab(text, tmp_path / "added", boundary="script", **options)
    train_vocab(text, tmp_path / "added", **options)
    record = json.loads((tmp_path / "added" / "tokext.json").read_text("utf-8"))
    assert record["options"]["boundary"] == "everything"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00"])
def test_a_veto_that_cannot_be_read_is_refused_by_name(tmp_path, content):
    if content is not None:
        (tmp_path / "veto.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"--veto .*veto\.txt"):
        read_veto(tmp_path / "veto.txt")


def test_keep_all_learns_other_text_too_and_merges(tmp_path, base):
    lines = [f"{line} the quick_brown fox(); </div>" for line in embedded_lines("ja")[:100]]
    (tmp_path / "mixed.txt").write_text("\n".join(lines), encoding="utf-8")
    options = {"base": base.name, "size": 200, "workers": 1}
    train_vocab(tmp_path / "mixed.txt", tmp_path / "added", keep_all=True, **options)
    pieces, _ = read_added(tmp_path / "added")
    foreign = [p for p in pieces if not JA.has_letter(p.piece)]
    assert foreign
    assert len(foreign) < len(pieces)
    merged = extend(base, pieces, language=JA, keep_all=True)
    assert merged.dropped == {}
    without = extend(base, pieces, language=JA)
    assert without.dropped["without a letter of Japanese"] > 0


def test_the_fast_preset_counts_a_sample_of_rare_runs_for_all_of_them(text, base, tmp_path):
    counts = RunCounts.of({f"{n:05}": 1 + n % 2 for n in range(3200)})
    thinned = dict(thin_runs(counts))
    assert len(thinned) == 1600 + 100
    assert sum(thinned.values()) == counts.total()
    weighted = dict(thin_runs(RunCounts.of({run: 10 * n for run, n in counts}), unit=10))
    assert weighted == {run: 10 * n for run, n in thinned.items()}
    options = {"base": base.name, "size": 20, "preset": "fast", "workers": 1}
    assert len(train_vocab(text, tmp_path / "added", **options)) == 20
