"""Laws of reading: whatever is written in a known format is read back, document by document."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tempfile
import threading
import timeit
import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.corpus.formats import FILE_CHARS
from tokext.corpus.lines import chunks, cut_line, cut_lines
from tokext.corpus.read import group_lines, read_corpus
from tokext.errors import InputError

COMPRESS = {
    "": lambda data: data,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
}


def as_txt(documents):
    return "".join(f"{d}\n" for d in documents).encode()


def as_jsonl(documents):
    return "".join(json.dumps({"id": 1, "text": d}) + "\n" for d in documents).encode()


def as_json(documents):
    records = [d if len(d) % 2 else {"text": d, "more": [1, {"text": "no"}]} for d in documents]
    return json.dumps(records, ensure_ascii=False, indent=len(documents) % 3 or None).encode()


def as_csv(documents):
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["id", "text"])
    writer.writerows(enumerate(documents))
    return out.getvalue().encode()


def as_parquet(documents):
    out = io.BytesIO()
    table = pa.table({"id": range(len(documents)), "text": pa.array(documents, pa.string())})
    pa.parquet.write_table(table, out, row_group_size=3)
    return out.getvalue()


WRITERS = {
    "txt": as_txt, "jsonl": as_jsonl, "json": as_json, "csv": as_csv, "parquet": as_parquet,
}  # fmt: skip
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(characters | st.sampled_from('あ漢。\n\r",\t\\ 　\u2028\ufeff'), max_size=40)
lines = texts.map(lambda text: text.replace("\n", "").replace("\r", ""))


def not_empty(documents):
    return [d for d in documents if d.strip()]


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_documents_come_back_as_they_were_written(form, compression, data):
    documents = data.draw(st.lists(lines if form == "txt" else texts, min_size=1))
    documents.append("終わり")
    if form == "txt":  # a byte order mark is no part of the first document
        documents[0] = documents[0].lstrip("\ufeff")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"corpus.{form}{compression}")
        path.write_bytes(COMPRESS[compression](WRITERS[form](documents)))
        corpus = read_corpus(path)
        assert list(corpus) == not_empty(documents)
    stats = corpus.stats
    assert stats.n_documents == len(not_empty(documents))
    assert stats.n_empty == len(documents) - stats.n_documents
    assert stats.n_chars == sum(map(len, not_empty(documents)))
    assert stats.n_bytes == sum(len(d.encode()) for d in not_empty(documents))
    assert stats.bad_share == 0


def obvious_lines(data, max_chars):
    """The same law, slowly: everything in memory, one line after the other."""
    lines = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines):
        ended = number < len(lines) - 1
        line = line.removesuffix("\r") if ended else line
        for part in cut_line(line.replace("\0", "\ufffd"), max_chars):
            if part.strip():
                yield part


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(
        st.binary(max_size=6)
        | st.sampled_from([b"\n", b"\r\n", b"\0", b"\xe3\x81", b" ", b". ", b"\xef\xbb\xbf"])
        | st.text("あ。漢a ", max_size=30).map(str.encode),
        max_size=30,
    ),
    max_chars=st.integers(1, 40),
    block=st.integers(1, 50),
)
def test_any_bytes_are_read_as_the_obvious_loop_reads_them(pieces, max_chars, block):
    data = b"".join(pieces)
    from tokext.corpus import formats
    from tokext.corpus.lines import without_bom
    from tokext.corpus.tally import Tally

    tally = Tally("x.txt", "x.txt", max_chars)
    blocks = (data[i : i + block] for i in range(0, len(data), block))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "_CHUNK_BYTES", 1)  # so that long lines come in several chunks
        patch.setattr(formats, "is_foreign", lambda _: False)
        read = [d for batch in formats.read_lines(without_bom(blocks), tally) for d in batch]
    assert read == list(obvious_lines(data, max_chars))
    body = data.removeprefix(b"\xef\xbb\xbf")
    n_invalid = len(body) - len(body.decode("utf-8", "ignore").encode())
    assert tally.counts["n_bad_bytes"] == n_invalid + body.count(0)


@given(blocks=st.lists(st.text("aあ\n").map(str.encode)), limit=st.integers(4, 20))
def test_chunks_lose_no_byte_and_split_no_character(blocks, limit):
    found = list(chunks(iter(blocks), limit))
    assert b"".join(c.data for c in found) == b"".join(blocks)
    for chunk in found:
        chunk.data.decode()
        before = b"".join(blocks)[: chunk.offset]
        assert chunk.line == before.count(b"\n") + 1


@given(line=st.text("あ。」. x"), max_chars=st.integers(1, 12))
def test_a_cut_line_is_whole_again_when_joined(line, max_chars):
    parts = cut_line(line, max_chars)
    assert "".join(parts) == line
    assert max(map(len, parts)) <= max_chars


@given(document=st.text("あ。 \n", max_size=60), max_chars=st.integers(1, 12))
def test_a_cut_document_is_whole_again_when_joined(document, max_chars):
    parts = cut_lines(document, max_chars)
    assert "".join(parts) == document
    assert all(len(line) <= max_chars for part in parts for line in part.split("\n"))


def test_a_document_is_not_cut_when_only_the_document_is_long():
    assert cut_lines("春\n夏\n秋\n冬", 3) == ["春\n夏\n秋\n冬"]


def test_a_whole_file_can_be_one_document(tmp_path):
    path = tmp_path / "story.txt"
    path.write_bytes("むかし\r\n\r\nむかし\r\n".encode())
    assert list(read_corpus(path, document="file")) == ["むかし\n\nむかし"]


def test_a_huge_file_as_one_document_is_cut_and_counted(tmp_path):
    path = tmp_path / "shelf.txt"
    line = "x" * 999 + "\n"
    path.write_text(line * (FILE_CHARS // 1000 + 2000))
    corpus = read_corpus(path, document="file")
    documents = list(corpus)
    assert len(documents) == 2
    assert "".join(documents) == path.read_text().removesuffix("\n")
    assert corpus.stats.n_too_long == 1


def test_a_json_file_may_be_one_object_or_hold_objects_in_a_row(tmp_path):
    path = tmp_path / "one.json"
    path.write_text('{"text": "春"}', encoding="utf-8")
    assert list(read_corpus(path)) == ["春"]
    path.write_text('{"text": "春"}\n{"text": "夏"}\n', encoding="utf-8")
    assert list(read_corpus(path)) == ["春", "夏"]


def test_a_json_list_larger_than_the_window_is_read_value_by_value(tmp_path):
    documents = [f"{i}" + "字" * (i % 7000) for i in range(1500)]
    path = tmp_path / "large.json"
    path.write_text(json.dumps(documents, ensure_ascii=False), encoding="utf-8")
    assert list(read_corpus(path)) == documents


def test_another_field_can_hold_the_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"body": "雪", "text": 1}\n', encoding="utf-8")
    assert list(read_corpus(path, text_field="body")) == ["雪"]


def test_a_utf8_mark_and_windows_line_ends_are_no_text(tmp_path):
    path = tmp_path / "windows.txt"
    path.write_bytes("\ufeff一行目\r\n二行目\r\n".encode())
    assert list(read_corpus(path)) == ["一行目", "二行目"]


def test_a_csv_field_may_be_longer_than_the_csv_modules_limit(tmp_path):
    path = tmp_path / "long.csv"
    path.write_bytes(as_csv(["字" * 200_000]))
    before = csv.field_size_limit()
    assert "".join(read_corpus(path)) == "字" * 200_000
    assert csv.field_size_limit() == before < 200_000


def test_several_compressed_streams_in_a_row_are_one_file(tmp_path):
    for suffix, compress in COMPRESS.items():
        path = tmp_path / f"two.txt{suffix}"
        path.write_bytes(compress("春\n".encode()) + compress("夏\n".encode()))
        assert list(read_corpus(path)) == ["春", "夏"]


def test_the_same_corpus_can_be_read_again(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("春\n夏\n", encoding="utf-8")
    corpus = read_corpus(path)
    assert list(corpus) == list(corpus) == ["春", "夏"]
    assert corpus.stats.n_documents == 2


def test_each_input_is_a_part_with_its_own_counts(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"{name}\n")
    corpus = read_corpus([tmp_path / "b.txt", tmp_path / "a.txt"])
    assert [(part.name, list(part)) for part in corpus.parts] == [
        ("b.txt", ["b"]),
        ("a.txt", ["a"]),
    ]
    assert corpus.stats.n_documents == 2
    assert [f.name for f in corpus.files] == ["b.txt", "a.txt"]


def test_files_are_recorded_by_their_stored_bytes(tmp_path):
    import hashlib

    written = {
        "a.txt.gz": gzip.compress(b"a\n"),
        "b.parquet": as_parquet("b"),
        "c.csv": as_csv("c"),
    }
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
        corpus = read_corpus(tmp_path / name)
        assert len(list(corpus)) == 1
        (record,) = corpus.files
        assert record.name == name
        assert record.sha256 == hashlib.sha256(data).hexdigest()
        assert record.n_bytes == len(data)


def test_a_folder_is_read_in_the_order_of_names_without_hidden_files(tmp_path):
    inside = tmp_path / "corpus"
    (inside / "sub").mkdir(parents=True)
    (inside / ".hidden").mkdir()
    (tmp_path / "outside.txt").write_text("outside\n")
    (inside / "sub" / "b.jsonl").write_text('"b"\n')
    (inside / "a.TXT").write_text("a\n")
    (inside / "c.txt").symlink_to(inside / "a.TXT")
    (inside / "README.md").write_text("no corpus\n")
    (inside / ".hidden.txt").write_text("hidden\n")
    (inside / ".hidden" / "x.txt").write_text("hidden\n")
    (inside / "link.txt").symlink_to(tmp_path / "outside.txt")
    (inside / "loop").symlink_to(inside)
    corpus = read_corpus(inside)
    assert list(corpus) == ["a", "a", "b"]
    names = ["corpus/a.TXT", "corpus/c.txt", "corpus/sub/b.jsonl"]
    assert [f.name for f in corpus.files] == names


def test_a_glob_is_one_input(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}1.txt").write_text(f"{name}\n")
    (tmp_path / "a2.md").write_text("no corpus\n")
    corpus = read_corpus(f"{tmp_path}/[ab]*")
    assert list(corpus) == ["a", "b"]
    assert len(corpus.parts) == 1


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(tmp_path):
    path = tmp_path / "a[1].txt"
    path.write_text("a\n")
    assert list(read_corpus(path)) == ["a"]


@pytest.mark.parametrize("compression", COMPRESS)
def test_standard_input_is_read_twice(compression):
    program = (
        "from tokext.corpus.read import read_corpus\n"
        "corpus = read_corpus('-', format='jsonl')\n"
        "assert list(corpus) == list(corpus)\n"
        "print(ascii(list(corpus)), corpus.files[0].name)"
    )
    data = COMPRESS[compression](as_jsonl(["春", "夏"]))
    done = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True)
    assert done.stdout.decode().strip() == f"{['春', '夏']!a} standard input", done.stderr


def test_a_pipe_in_the_file_system_is_read_like_standard_input(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=("春\n".encode(),))
    writer.start()
    corpus = read_corpus(pipe)
    assert list(corpus) == list(corpus) == ["春"]
    writer.join()


def test_lone_surrogates_and_nuls_in_json_become_the_replacement_character(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a\\ud800b\\u0000c\\ud83d\\ude00"}\n' + '{"text": "x"}\n' * 100)
    corpus = read_corpus(path)
    assert next(iter(corpus)) == "a\ufffdb\ufffdc😀"
    assert len(list(corpus)) == 101
    assert corpus.stats.n_bad_bytes == 4
    assert corpus.stats.files[0].first_case == "a NUL in line 1"


def test_a_parquet_column_may_be_dictionary_coded_or_bytes(tmp_path):
    path = tmp_path / "a.parquet"
    for column in (pa.array(["春", None]).dictionary_encode(), pa.array(["春".encode(), None])):
        pa.parquet.write_table(pa.table({"text": column}), path)
        corpus = read_corpus(path, max_bad_share=1)
        assert list(corpus) == ["春"]
        assert corpus.stats.n_missing_field == 1


def test_a_row_without_text_is_unusable_alike_in_a_table_and_in_lines_of_json(tmp_path):
    texts = ["春", None, "夏", None]
    table, lines = tmp_path / "a.parquet", tmp_path / "a.jsonl"
    pa.parquet.write_table(pa.table({"text": texts}), table)
    lines.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    lost = []
    for path in (table, lines):
        with pytest.raises(InputError, match=r"no text in the field 'text' in (row|line) 2"):
            list(read_corpus(path))
        corpus = read_corpus(path, max_bad_share=1)
        assert list(corpus) == ["春", "夏"]
        lost.append((corpus.stats.n_missing_field, corpus.stats.n_lost_bytes))
    assert lost == [(2, 28)] * 2


def test_groups_of_lines_join_to_the_lines():
    names = [unicodedata.name(chr(0x3041 + i)) for i in range(45)]
    groups = list(group_lines(iter(names)))
    assert [g.count("\n") for g in groups] == [19, 19, 4]
    assert "\n".join(groups) == "\n".join(names)


def test_progress_ends_at_the_size_of_the_files(tmp_path):
    (tmp_path / "a.txt").write_text("a\n" * 100_000)
    (tmp_path / "b.txt.xz").write_bytes(lzma.compress(b"b\n" * 100_000))
    corpus = read_corpus([tmp_path / "a.txt", tmp_path / "b.txt.xz"])
    seen = []
    for part in corpus.parts:
        for _ in part.read(seen.append):
            pass
        part_total = part.stored_bytes()
        assert sum(seen) == part_total
        seen.clear()


def test_readers_that_take_turns_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(as_csv(["春" * 150_000, "夏", "秋"]))
    corpus = read_corpus(path)
    pairs = list(zip(corpus, corpus, strict=True))
    assert all(a == b for a, b in pairs)


@pytest.mark.slow
def test_reading_takes_little_longer_than_a_bare_gzip_loop():
    data = os.environ.get("TOKEXT_DATA")
    if not data:
        pytest.skip("set TOKEXT_DATA to a folder with corpora/ja_train.txt.gz")
    path = Path(data, "corpora", "ja_train.txt.gz")

    def bare():
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for _ in file:
                pass

    def ours():
        for _ in read_corpus(path):
            pass

    # The best of three each: another program on the machine slows down one or the other.
    bare_seconds = min(timeit.repeat(bare, number=1, repeat=3))
    our_seconds = min(timeit.repeat(ours, number=1, repeat=3))
    assert our_seconds < 1.6 * bare_seconds
