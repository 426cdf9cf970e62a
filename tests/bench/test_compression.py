"""Every number of a row against an obvious slow loop or another library's answer."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import sentencepiece
from bench_sentences import ENGLISH, JAPANESE
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.bench.compression import measure_compression
from tokext.bench.counting.tally import renyi_efficiency
from tokext.bench.curve import curve_sizes
from tokext.errors import InputError, TokenizerError
from tokext.output import json_text
from tokext.progress import shown
from tokext.records import CompressionRow, Unusable, read_compression
from tokext.tokenizer.load import Tokenizer

KINDS = ["mistral", "extended", "byte_level", "word_piece", "unigram"]
DOCUMENTS = ["\n".join(JAPANESE), "\n".join(ENGLISH), JAPANESE[0], "鯵🐟 a\n\n b\n"]


@pytest.fixture(params=KINDS)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    found: Tokenizer = request.getfixturevalue(request.param)
    return found


def _row(tokenizer: Tokenizer, documents: list[str], **options: object) -> CompressionRow:
    options = {"word_sample_chars": 0, "curve": False} | options
    [row] = measure_compression(tokenizer, {"text": documents}, **options)  # type: ignore[arg-type]
    return row


def test_counts_agree_with_a_loop_over_the_documents(tokenizer: Tokenizer) -> None:
    row = _row(tokenizer, DOCUMENTS)
    lengths = [len(tokenizer.encode(document)) for document in DOCUMENTS]
    assert (row.n_documents, row.n_tokens) == (len(DOCUMENTS), sum(lengths))
    assert row.n_chars == sum(map(len, DOCUMENTS))
    assert row.n_bytes == sum(len(document.encode()) for document in DOCUMENTS)
    assert row.n_lines == sum(len(document.split("\n")) for document in DOCUMENTS)
    assert row.chars_per_token == row.n_chars / sum(lengths)
    assert row.bytes_per_token == row.n_bytes / sum(lengths)


def test_percentiles_are_lengths_that_were_met_at_their_rank(mistral: Tokenizer) -> None:
    documents = ["猫" * n for n in range(1, 41)]
    lengths = sorted(len(mistral.encode(document)) for document in documents)
    met = _row(mistral, documents).tokens_per_document
    for name, share in {"p5": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "max": 100}.items():
        assert getattr(met, name) == lengths[math.ceil(share * len(lengths) / 100) - 1]


def test_renyi_efficiency_agrees_with_its_formula(tokenizer: Tokenizer) -> None:
    counts = Counter(id_ for document in DOCUMENTS for id_ in tokenizer.encode(document))
    total = sum(counts.values())
    entropy = math.log2(sum((n / total) ** 2.5 for n in counts.values())) / (1 - 2.5)
    row = _row(tokenizer, DOCUMENTS)
    assert row.renyi_efficiency == pytest.approx(entropy / math.log2(row.tokenizer_size))


@given(st.lists(st.integers(0, 1000), min_size=2).filter(any))
def test_renyi_efficiency_lies_between_none_and_all(counts: list[int]) -> None:
    import numpy as np

    assert 0 <= renyi_efficiency(np.array(counts)) <= 1 + 1e-12


def test_byte_tokens_are_those_that_sentencepiece_calls_bytes(mistral: Tokenizer) -> None:
    processor = sentencepiece.SentencePieceProcessor(
        model_file=str(mistral.found.files["tokenizer.model"])
    )
    ids = [id_ for document in DOCUMENTS for id_ in processor.encode(document)]
    assert _row(mistral, DOCUMENTS).n_byte_tokens == sum(processor.is_byte(id_) for id_ in ids) > 0


def test_byte_level_tokens_are_bytes_when_they_decode_to_a_broken_character(
    byte_level: Tokenizer,
) -> None:
    """The decoder writes U+FFFD for what is not whole, and the texts hold none."""
    ids = [id_ for document in DOCUMENTS for id_ in byte_level.encode(document)]
    broken = sum("\ufffd" in byte_level.fast.tokenizer.decode([id_]) for id_ in ids)
    row = _row(byte_level, DOCUMENTS)
    assert row.n_byte_tokens == broken > 0
    assert row.byte_fallback_share == broken / len(ids)


def test_word_piece_has_no_byte_fallback(word_piece: Tokenizer) -> None:
    assert _row(word_piece, DOCUMENTS).n_byte_tokens == 0


def test_added_pieces_that_are_used_are_counted_once(extended: Tokenizer) -> None:
    row = _row(extended, ["猫である", "猫である"])
    used = {id_ for id_ in extended.encode("猫である") if id_ >= 32000}
    assert row.n_added_used == len(used) == 1
    assert row.n_added == extended.size - 32000 - 1  # one is padding
    assert row.added_used_share == 1 / row.n_added


def test_without_an_extension_record_nothing_is_said_of_added_pieces(mistral: Tokenizer) -> None:
    row = _row(mistral, DOCUMENTS)
    assert (row.n_added, row.n_added_used, row.added_used_share) == (None, None, None)
    assert row.curve == ()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("document_lines", [None, 1, 3])
def test_changed_lines_agree_with_encoding_every_line_apart(
    name: str, document_lines: int | None, mistral: Tokenizer, request: pytest.FixtureRequest
) -> None:
    other = request.getfixturevalue(name)
    lines = [*JAPANESE, *ENGLISH, "猫", "a\tb"]
    rows = measure_compression(
        [mistral, other], {"text": lines}, document_lines=document_lines,
        word_sample_chars=0, curve=False,
    )  # fmt: skip
    changed = sum(mistral.encode(line) != other.encode(line) for line in lines)
    assert (rows[0].n_lines_changed, rows[1].n_lines_changed) == (None, changed)
    assert rows[1].n_lines == len(lines)


@settings(deadline=None, max_examples=60)
@given(document=st.text(alphabet="猫である吾輩名前 \nab\t", min_size=1).filter(str.strip))
def test_changed_lines_of_any_document_agree_with_the_ids_between_its_newlines(
    mistral: Tokenizer, extended: Tokenizer, document: str
) -> None:
    rows = measure_compression(
        [mistral, extended], {"text": [document]}, word_sample_chars=0, curve=False
    )

    def cut(tokenizer: Tokenizer) -> list[list[int]]:
        lines: list[list[int]] = [[]]
        for id_ in tokenizer.encode(document):
            if id_ == 13:  # Mistral's newline
                lines.append([])
            else:
                lines[-1].append(id_)
        return lines

    pairs = zip(cut(mistral), cut(extended), strict=True)
    assert rows[1].n_lines_changed == sum(one != other for one, other in pairs)


def test_a_curve_ends_at_the_whole_extension_and_begins_at_the_base(
    mistral: Tokenizer, extended: Tokenizer
) -> None:
    texts = {"one": JAPANESE, "two": ENGLISH}
    rows = measure_compression([mistral, extended], texts, word_sample_chars=0)
    for base, row in [(rows[0], rows[1]), (rows[2], rows[3])]:
        assert (row.curve[0].rows, row.curve[0].n_tokens) == (0, base.n_tokens)
        assert (row.curve[-1].rows, row.curve[-1].n_tokens) == (row.n_added, row.n_tokens)
        assert row.curve_n_chars == row.n_chars


def test_each_point_of_a_curve_agrees_with_a_model_of_so_many_pieces(extended: Tokenizer) -> None:
    [row] = measure_compression(extended, {"text": JAPANESE}, word_sample_chars=0)
    for point in row.curve:
        pieces = extended.model.pieces
        kept = [*pieces[:32000], *pieces[32000 : 32000 + point.rows]]
        model = type(extended.model).build(kept, like=extended.model)
        assert point.n_tokens == sum(len(model.encode(text)) for text in JAPANESE)


@given(st.integers(1, 200_000))
def test_curve_sizes_rise_from_none_to_all(n_added: int) -> None:
    sizes = curve_sizes(n_added)
    assert sizes == sorted(set(sizes))
    assert (sizes[0], sizes[-1]) == (0, n_added)
    assert len(sizes) <= 8


@pytest.mark.parametrize("name", ["mistral", "extended", "byte_level"])
def test_a_segmentation_shows_every_character_once(
    name: str, request: pytest.FixtureRequest
) -> None:
    tokenizer = request.getfixturevalue(name)
    text = "猫が鯵を🐟といい、吾輩は code を書いている。" * 3
    shown = _row(tokenizer, [text]).segmentation
    assert "".join(token.text for token in shown.tokens) == shown.text == text
    inside = tokenizer.encode("\n" + text)
    assert [t.id for t in shown.tokens] == inside[-len(shown.tokens) :]
    assert any(token.is_byte for token in shown.tokens)
    assert any(token.is_added for token in shown.tokens) == (name == "extended")


def test_a_segmentation_prefers_a_line_of_the_language(mistral: Tokenizer) -> None:
    english = "This line is long enough, but it is in English, so it is not shown."
    row = _row(mistral, [f"{english}\n{JAPANESE[2]}{JAPANESE[3]}"])
    assert row.segmentation.text == JAPANESE[2] + JAPANESE[3]


@pytest.mark.parametrize("name", ["mistral", "byte_level", "word_piece"])
def test_workers_change_no_number(name: str, request: pytest.FixtureRequest) -> None:
    tokenizer = request.getfixturevalue(name)
    one, many = (_row(tokenizer, DOCUMENTS * 9, workers=n).as_dict() for n in (1, 2))
    for volatile in ("seconds", "created"):
        del one[volatile], many[volatile]
    assert one == many


def test_transformers_counts_the_same_from_a_saved_folder(
    byte_level: Tokenizer, tmp_path: Path
) -> None:
    from transformers import PreTrainedTokenizerFast

    path = byte_level.found.files["tokenizer.json"]
    PreTrainedTokenizerFast(tokenizer_file=str(path)).save_pretrained(tmp_path)
    loaded = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    ids = loaded(DOCUMENTS, add_special_tokens=False)["input_ids"]
    [row] = measure_compression(str(tmp_path), {"t": DOCUMENTS}, word_sample_chars=0)
    assert row.n_tokens == sum(map(len, ids))


def test_files_are_named_and_digested(mistral: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "neko.txt"
    path.write_text("\n".join(JAPANESE), encoding="utf-8")
    [row] = measure_compression(mistral, path, word_sample_chars=0)
    assert row.corpus == "neko.txt"
    assert row.corpus_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    vocabulary = mistral.found.files["tokenizer.model"]
    assert row.tokenizer_digest == hashlib.sha256(vocabulary.read_bytes()).hexdigest()
    assert row.n_chars == sum(map(len, JAPANESE))


def test_what_was_mended_or_left_out_is_counted_in_the_row_and_said(
    mistral: Tokenizer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "neko.txt"
    lines = [*JAPANESE * 20, "a\0b", "", "長い。" * 40_000]
    path.write_bytes("\n".join(lines).encode() + b"\n\xff\n")
    token = shown.set(True)
    [row] = measure_compression(mistral, path, word_sample_chars=0)
    shown.reset(token)
    assert row.unusable == Unusable(n_bad_bytes=2, n_empty=1, n_too_long=1)
    said = capsys.readouterr().err
    assert "neko.txt: 2 bytes that are not usable UTF-8 text, replaced by U+FFFD" in said
    assert "neko.txt: 1 over-long lines, cut into several documents" in said
    [row] = measure_compression(mistral, {"text": [*JAPANESE, " "]}, word_sample_chars=0)
    assert row.unusable == Unusable(n_empty=1)


def test_two_texts_of_one_name_are_told_apart_by_as_much_of_their_path_as_that_takes(
    mistral: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ["pa/x.txt", "pb/x.txt", "pb/y.txt", "x.txt"]
    for n, place in enumerate(places):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(JAPANESE[n % len(JAPANESE)], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    rows = measure_compression(mistral, places, word_sample_chars=0)
    assert [row.corpus for row in rows] == [*places[:2], "y.txt", f"{tmp_path.name}/x.txt"]
    same = measure_compression(mistral, ["pa/x.txt", "./pa/x.txt"], word_sample_chars=0)
    assert [row.corpus for row in same] == ["x.txt", "x.txt"]


def test_named_documents_have_the_digest_of_a_file_that_holds_them(mistral: Tokenizer) -> None:
    content = "".join(line + "\n" for line in JAPANESE)
    row = _row(mistral, JAPANESE)
    assert row.corpus_sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_grouped_lines_count_the_newlines_between_them(mistral: Tokenizer) -> None:
    row = _row(mistral, JAPANESE, document_lines=3)
    documents = ["\n".join(JAPANESE[:3]), JAPANESE[3]]
    assert row.n_documents == 2
    assert row.n_chars == sum(map(len, JAPANESE)) + 2
    assert row.n_tokens == sum(len(mistral.encode(document)) for document in documents)


def test_rows_come_back_from_their_file_as_they_were(
    mistral: Tokenizer, extended: Tokenizer, tmp_path: Path
) -> None:
    rows = measure_compression([mistral, extended], {"text": JAPANESE})
    path = tmp_path / "rows.json"
    path.write_text(json_text([row.as_dict() for row in rows]), encoding="utf-8")
    assert read_compression(path) == rows


def test_a_row_of_an_earlier_tokext_is_still_read(mistral: Tokenizer) -> None:
    [row] = measure_compression(mistral, {"text": JAPANESE})
    fields = row.as_dict()
    del fields["added_use"], fields["changed_lines"], fields["unusable"]
    assert CompressionRow.from_dict(fields) == replace(row, unusable=None)


def test_most_and_never_used_pieces_are_those_that_a_plain_count_gives(
    extended: Tokenizer,
) -> None:
    [row] = measure_compression(extended, {"text": JAPANESE})
    size = row.tokenizer_size - row.n_added
    counts = Counter(i for line in JAPANESE for i in extended.encode(line) if i >= size)
    pieces = {extended.pieces[i].text: n for i, n in counts.items()}
    used = row.added_use
    assert used.most
    assert all(pieces[piece] == n and len(piece) > 1 for piece, n in used.most)
    assert [n for _, n in used.most] == sorted((n for _, n in used.most), reverse=True)
    assert not set(used.never) & set(pieces)
    assert len(used.never) == min(60, row.n_added - row.n_added_used)


def test_examples_of_changed_lines_are_lines_that_changed(
    mistral: Tokenizer, extended: Tokenizer
) -> None:
    documents = ["No word of it.", *JAPANESE, "\n".join(["plain", JAPANESE[0]])]
    first, row = measure_compression([mistral, extended], {"text": documents})
    assert first.changed_lines == ()
    assert 0 < len(row.changed_lines) <= 4
    for found in row.changed_lines:
        assert found.line in JAPANESE
        for tokenizer, pieces in ((mistral, found.before), (extended, found.after)):
            ids = tokenizer.encode("\n" + found.line)[2:]
            assert list(pieces) == [tokenizer.pieces[i].text for i in ids]


def test_lines_are_counted_by_whether_they_have_a_letter_of_the_language(
    mistral: Tokenizer, extended: Tokenizer
) -> None:
    documents = [
        "Tea.\n\n1 2 3\nHe said 猫 and left.",
        JAPANESE[0],
        "Größe\n、。",
        "東京 and Tokyo",
    ]
    texts = {"text": documents * 3}
    for options in ({}, {"document_lines": 2}):
        first, row = measure_compression([mistral, extended], texts, **options)
        assert (row.n_lines, row.n_own_lines, row.n_foreign_lines) == (24, 9, 6)
        assert (row.language, row.language_is_latin) == ("Japanese", False)
        assert (first.n_foreign_lines_changed, row.n_foreign_lines_changed) == (None, 0)
        assert row.n_lines_changed
    _, row = measure_compression([mistral, extended], texts, language="pl")
    assert (row.language, row.language_is_latin) == ("Polish", True)
    assert (row.n_own_lines, row.n_foreign_lines) == (3, 12)
    assert row.n_foreign_lines_changed == row.n_lines_changed > 0


def test_a_row_says_with_what_options_it_was_counted(mistral: Tokenizer) -> None:
    [row] = measure_compression(mistral, {"t": ["a\nb"]}, document_lines=2, text_field="body")
    assert row.command == ()
    assert row.options == {
        "language": "ja", "document_lines": 2, "curve": True, "word_sample_chars": 100_000,
        "text_field": "body", "document": "line", "max_bad_share": 0.01,
        "max_line_chars": 100_000, "format": None, "split": "train",
    }  # fmt: skip


def test_the_keys_of_a_row_are_the_interface(extended: Tokenizer) -> None:
    [row] = measure_compression(extended, {"text": JAPANESE})
    fields = json.loads(json_text(row.as_dict()))
    assert set(fields) == {
        "tokenizer", "tokenizer_kind", "tokenizer_size", "tokenizer_digest", "corpus",
        "corpus_sha256", "n_documents", "n_chars", "n_bytes", "n_tokens", "chars_per_token",
        "bytes_per_token", "n_byte_tokens", "byte_fallback_share", "tokens_per_document",
        "renyi_efficiency", "n_added", "n_added_used", "added_used_share", "n_lines",
        "n_lines_changed", "words", "curve", "curve_n_chars", "segmentation", "tokext_version",
        "created", "seconds", "added_use", "changed_lines", "unusable",
        "language", "language_is_latin", "n_own_lines", "n_foreign_lines",
        "n_foreign_lines_changed", "command", "options",
    }  # fmt: skip
    assert set(fields["tokens_per_document"]) == {"p5", "p25", "p50", "p75", "p95", "max"}
    assert set(fields["curve"][0]) == {"rows", "n_tokens", "chars_per_token"}
    assert set(fields["segmentation"]["tokens"][0]) == {
        "id", "piece", "text", "is_byte", "is_added",
    }  # fmt: skip


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"tokenizer": "a"}]'])
def test_a_file_of_something_else_is_no_list_of_rows(content: str, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="compression"):
        read_compression(tmp_path / "rows.json")


def test_texts_in_batches_count_as_the_same_text_in_one(
    mistral: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _row(mistral, DOCUMENTS * 5)
    monkeypatch.setattr("tokext.bench.texts.BATCH_CHARS", 30)
    cut = _row(mistral, DOCUMENTS * 5)
    assert cut.as_dict() | {"seconds": 0, "created": ""} == whole.as_dict() | {
        "seconds": 0,
        "created": "",
    }


def test_paths_and_named_documents_may_stand_side_by_side(
    mistral: Tokenizer, tmp_path: Path
) -> None:
    path = tmp_path / "neko.txt"
    path.write_text("猫\n", encoding="utf-8")
    for texts in ([path, ("inu", ["犬"])], (str(path), ("inu", ("犬",)))):
        rows = measure_compression(mistral, texts, word_sample_chars=0)
        assert [row.corpus for row in rows] == ["neko.txt", "inu"]


def test_a_stream_is_read_once_for_all_tokenizers(mistral: Tokenizer, extended: Tokenizer) -> None:
    rows = measure_compression([mistral, extended], {"text": iter(JAPANESE)}, word_sample_chars=0)
    assert [row.n_documents for row in rows] == [4, 4]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_text() -> None:
    """Thirty times the text in a process of its own may cost a few megabytes, not thirty times."""
    code = (
        "import resource, sys\n"
        "from tokext.bench.compression import measure_compression\n"
        "text = ('吾輩は猫である。名前はまだ無い。' * 20 for _ in range(int(sys.argv[1])))\n"
        "measure_compression('mistralai/Mistral-7B-v0.1', {'t': text}, word_sample_chars=0)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", code, str(n)], env=os.environ))
        for n in (2_000, 60_000)
    ]
    assert peaks[1] - peaks[0] < 40_000  # kilobytes; the text alone has 58,000


def test_no_text_and_no_tokenizer_are_refused(mistral: Tokenizer, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.touch()
    with pytest.raises(InputError, match=r"empty\.txt"):
        measure_compression(mistral, empty)
    with pytest.raises(InputError, match="blank holds no text"):
        measure_compression(mistral, {"blank": ["", " \n "]})
    with pytest.raises(InputError, match="no text to measure"):
        measure_compression(mistral, [])
    with pytest.raises(InputError, match="no tokenizer"):
        measure_compression([], {"text": JAPANESE})
    with pytest.raises(InputError, match="nowhere"):
        measure_compression(mistral, tmp_path / "nowhere.txt")


def test_half_a_surrogate_pair_is_refused_by_name(mistral: Tokenizer) -> None:
    with pytest.raises(InputError, match=r"text holds '\\ud800'") as caught:
        _row(mistral, ["a", "b\ud800c"])
    assert "utf-16" in caught.value.hint


def test_nul_is_counted_like_any_other_character(mistral: Tokenizer) -> None:
    row = _row(mistral, ["a\0b"])
    assert (row.n_chars, row.n_tokens) == (3, 3)


def test_a_text_without_a_token_has_no_ratio(word_piece: Tokenizer) -> None:
    with pytest.raises(TokenizerError, match="makes no token of text"):
        _row(word_piece, ["\u200b\x01"])


@pytest.mark.parametrize(
    ("option", "value"), [("document_lines", 0), ("workers", -1), ("word_sample_chars", -5)]
)
def test_a_number_that_is_too_small_is_refused(option: str, value: int, mistral: Tokenizer) -> None:
    with pytest.raises(InputError, match=f"{option} is {value}"):
        _row(mistral, JAPANESE, **{option: value})


def test_an_unknown_language_is_refused_before_anything_is_read(mistral: Tokenizer) -> None:
    def never() -> object:
        raise AssertionError("read")
        yield ""

    with pytest.raises(InputError, match="unknown language 'xq'"):
        measure_compression(mistral, {"text": never()}, language="xq")  # type: ignore[dict-item]


def test_the_base_has_its_known_figure_on_held_out_literature(
    mistral: Tokenizer, shared_data: Path
) -> None:
    path = shared_data / "corpora" / "ja_heldout_literature.txt"
    [row] = measure_compression(mistral, path, document_lines=20, word_sample_chars=0)
    assert round(row.chars_per_token, 3) == 0.858


@pytest.mark.parametrize("peer", ["llm-jp-tokenizer-100k.ver3.0b1.model", "gpt-neox-20b"])
def test_peers_count_as_their_own_libraries_do(peer: str, shared_data: Path) -> None:
    path = shared_data / "peers" / peer
    text = (shared_data / "corpora" / "ja_heldout_technical.txt").read_text(encoding="utf-8")
    documents = text[:60_000].split("\n\n")
    [row] = measure_compression(str(path), {"t": documents}, word_sample_chars=0)
    if path.is_dir():
        import tokenizers

        peer_tokenizer = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
        lengths = [
            len(peer_tokenizer.encode(d, add_special_tokens=False)) for d in documents if d.strip()
        ]
    else:
        processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        lengths = [len(processor.encode(d)) for d in documents if d.strip()]
    assert row.n_tokens == sum(lengths)
    assert row.tokens_per_document.max == max(lengths)
