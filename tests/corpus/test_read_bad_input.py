"""Bad input: one clear line that names the value, a hint at the way out, and nothing half used."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from tokext.corpus.read import read_corpus
from tokext.errors import InputError
from tokext.progress import shown
from tokext.records import write_record


def refused(*given, **options):
    """The message and hint of the refusal, checked to be one line each."""
    with pytest.raises(InputError) as caught:
        list(read_corpus(*given, **options))
    message, hint = str(caught.value), caught.value.hint
    assert "\n" not in message
    assert hint
    return message, hint


def good_text(n_bytes):
    return "雨ニモマケズ風ニモマケズ\n".encode() * (n_bytes // 37)


def test_no_input_at_all():
    assert refused([])[0] == "there is no input."


def test_an_empty_name_is_not_this_folder():
    assert refused([""])[0] == "an input is an empty name."


def test_a_missing_file_names_the_near_one(tmp_path):
    (tmp_path / "wikipedia_ja.txt").write_text("a\n")
    message, hint = refused(tmp_path / "wikipeda_ja.txt")
    assert message.endswith("wikipeda_ja.txt does not exist.")
    assert hint == f"did you mean {tmp_path / 'wikipedia_ja.txt'}?"


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.txt.zst", "a.jsonl", "a.json", "a.csv"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    assert f"{name} holds no text (0 bytes" in refused(tmp_path / name)[0]


def test_a_file_of_nothing_but_line_ends(tmp_path):
    (tmp_path / "a.txt").write_text("\n \n\n")
    assert "holds no text (4 bytes, 3 empty documents)" in refused(tmp_path / "a.txt")[0]


def test_a_folder_without_text(tmp_path):
    (tmp_path / "photo.png").touch()
    (tmp_path / "link.txt").symlink_to("/etc/hostname")
    message, hint = refused(tmp_path)
    assert f"the folder {tmp_path} holds no text file (1 of another kind and 1 links" in message
    assert ".parquet" in hint


def test_what_tokext_wrote_into_a_folder_of_texts_is_passed_over_counted_and_said(tmp_path, capsys):
    (tmp_path / "ja.txt").write_text("春\n", encoding="utf-8")
    (tmp_path / "tokext.json").write_text('{"text": "no record"}')
    inner = tmp_path / "added" / "inner"
    inner.mkdir(parents=True)
    write_record(inner.parent, "added vocabulary", options={}, inputs=(), result={"text": "秋"})
    (inner / "extension.json").write_text('{"text": "秋"}')
    token = shown.set(True)
    corpus = read_corpus(tmp_path)
    shown.reset(token)
    assert list(corpus) == ["春", "no record"]
    assert "1 in results of tokext" in capsys.readouterr().err
    assert "(0 of another kind, 1 in results of tokext and" in refused(inner.parent)[0]


def test_a_linked_folder_is_not_followed_but_counted_and_said(tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.txt").write_text("秋\n", encoding="utf-8")
    texts = tmp_path / "texts"
    (texts / "sub").mkdir(parents=True)
    (texts / "sub" / "linked").symlink_to(tmp_path / "elsewhere")
    assert f"1 links to folders ({texts / 'sub' / 'linked'} first)" in refused(texts)[0]
    (texts / "a.txt").write_text("春\n", encoding="utf-8")
    token = shown.set(True)
    corpus = read_corpus(texts)
    shown.reset(token)
    assert list(corpus) == ["春"]
    assert f"1 links to folders ({texts / 'sub' / 'linked'} first)" in capsys.readouterr().err


def test_a_glob_that_matches_nothing(tmp_path):
    assert f"no text file matches '{tmp_path}/*.txt'" in refused(f"{tmp_path}/*.txt")[0]


def test_standard_input_named_twice():
    assert refused(["-", "-"])[0] == "standard input is named twice."


def test_an_unknown_suffix_can_be_given_a_format(tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("覚え書き\n", encoding="utf-8")
    message, hint = refused(path)
    assert "has a suffix that tokext does not know: '.md'" in message
    assert "--format txt" in hint
    assert list(read_corpus(path, format="txt")) == ["覚え書き"]


@pytest.mark.parametrize("cut", [0.5, 0.999])
@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("form", ["txt", "parquet"])
def test_a_truncated_compressed_file(tmp_path, form, suffix, cut):
    compress = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": lambda data: pa.compress(data, codec="zstd", asbytes=True),
    }[suffix]
    path = tmp_path / f"a.{form}{suffix}"
    whole = compress(os.urandom(4000).hex().encode())
    path.write_bytes(whole[: int(len(whole) * cut)])
    assert f"a.{form}{suffix} is truncated" in refused(path)[0]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_a_file_that_is_not_compressed_as_its_suffix_says(tmp_path, suffix):
    path = tmp_path / f"a.txt{suffix}"
    path.write_text("plain text\n" * 100)
    message, hint = refused(path)
    assert f"is not a sound {suffix} file" in message
    assert "suffix" in hint


def test_a_damaged_gzip_is_noticed_by_its_checksum(tmp_path):
    path = tmp_path / "a.txt.gz"
    data = bytearray(gzip.compress(good_text(10_000)))
    data[-8] ^= 1
    path.write_bytes(data)
    assert "is not a sound .gz file" in refused(path)[0]


def test_bad_bytes_below_one_percent_are_replaced_and_counted(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(good_text(10_000) + "春".encode() + b"\xff\xfe" + "夏\n".encode())
    corpus = read_corpus(path)
    assert list(corpus)[-1] == "春\ufffd\ufffd夏"
    assert corpus.stats.n_bad_bytes == 2
    (row,) = corpus.stats.files
    assert row.first_case == "bytes that are not UTF-8 in line 271 (byte 9,993)"


def test_bad_bytes_above_one_percent_stop_the_run_unless_allowed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(good_text(70_000) + b"\xff" * 1000 + b"\n")
    message, hint = refused(path)
    assert f"1.4% of {path} cannot be used (1,000 of 70,968 bytes" in message
    assert "the first case: bytes that are not UTF-8 in line 1,892 (byte 69,967)" in message
    assert hint.endswith("--max-bad-share 0.015.")
    assert len(list(read_corpus(path, max_bad_share=0.015))) == 1892


def test_the_first_case_names_the_file_of_a_folder(tmp_path):
    (tmp_path / "a.txt").write_text("fine\n")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9 \xe9\n")
    assert "the first case: " + tmp_path.name + "/b.txt, bytes" in refused(tmp_path)[0]


def test_nuls_are_replaced_and_counted(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(good_text(10_000) + "春\0夏\n".encode())
    corpus = read_corpus(path)
    assert list(corpus)[-1] == "春\ufffd夏"
    assert corpus.stats.n_bad_bytes == 1
    path.write_bytes(b"abc\0" * 100)
    assert "a NUL in line 1" in refused(path)[0]


@pytest.mark.parametrize(
    ("codec", "name", "iconv"),
    [
        ("utf-16", "UTF-16", "UTF-16"),
        ("utf-16-le", "UTF-16", "UTF-16LE"),
        ("utf-16-be", "UTF-16", "UTF-16BE"),
        ("cp932", "Shift_JIS", "CP932"),
        ("euc_jp", "EUC-JP", "EUC-JP"),
        ("iso2022_jp", "ISO-2022-JP", "ISO-2022-JP"),
    ],
)
@pytest.mark.parametrize("text", ["吾輩は猫である。名前はまだ無い。\n", "ｘ = 1  # テスト、code\n"])
def test_another_encoding_is_named_with_the_command_that_converts_it(
    tmp_path, text, codec, name, iconv
):
    path = tmp_path / "a.txt"
    path.write_bytes((text * 5000).encode(codec))
    message, hint = refused(path)
    assert message == f"{path} is {name} text, not UTF-8 text."
    assert hint.startswith(f"iconv -f {iconv} -t UTF-8 {path}")
    assert "nkf" in hint


def test_english_in_utf16_is_named_though_its_bytes_are_ascii(tmp_path):
    (tmp_path / "a.txt").write_bytes(("To be, or not to be.\n" * 50).encode("utf-16-le"))
    assert "is UTF-16 text" in refused(tmp_path / "a.txt")[0]


def test_latin_1_is_not_taken_for_something_else(tmp_path):
    (tmp_path / "a.txt").write_bytes(
        ("Où est la bibliothèque? Là, à côté.\n" * 50).encode("latin-1")
    )
    assert "bytes that are not UTF-8 in line 1" in refused(tmp_path / "a.txt")[0]


def test_a_text_file_that_is_a_gzip_file(tmp_path):
    (tmp_path / "a.txt").write_bytes(gzip.compress(os.urandom(1000)))
    message, hint = refused(tmp_path / "a.txt")
    assert "is gzip data" in message
    assert ".gz" in hint


def test_a_csv_without_the_text_field_lists_its_fields(tmp_path):
    (tmp_path / "a.csv").write_text("id,body\n1,a\n")
    message, hint = refused(tmp_path / "a.csv")
    assert message.endswith("a.csv has no field 'text'; its fields are 'id', 'body'.")
    assert "--text-field" in hint


def test_csv_rows_without_the_field_and_broken_rows_are_counted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,text\n" + "1,fine enough\n" * 1000 + '2\n3,"bad" quote\n4,"last"\n')
    corpus = read_corpus(path)
    assert list(corpus)[-1] == "last"
    stats = corpus.stats
    assert (stats.n_documents, stats.n_missing_field, stats.n_broken) == (1001, 1, 1)
    assert stats.files[0].first_case == "no text in the field 'text' in line 1,002"
    assert stats.n_lost_bytes == len('2\n3,"bad" quote\n')


def test_a_csv_quote_that_is_never_closed_stops_the_run(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('text\nfine\n"open\n' + "more\n" * 100)
    assert "a broken CSV row in line 3" in refused(path)[0]


def test_a_parquet_file_without_the_column_lists_its_columns(tmp_path):
    pa.parquet.write_table(pa.table({"body": ["a"], "n": [1]}), tmp_path / "a.parquet")
    assert "has no field 'text'; its fields are 'body', 'n'" in refused(tmp_path / "a.parquet")[0]
    message, _ = refused(tmp_path / "a.parquet", text_field="n")
    assert "the column 'n' of" in message
    assert "holds int64, not text" in message


@pytest.mark.parametrize(
    ("column", "met"),
    [
        (pa.nulls(3), "nothing but nulls"),
        (pa.array([None] * 3, pa.string()), "nothing but nulls"),
        (pa.array([["a"]] * 3), "list<element: string>, not text"),
    ],
)
def test_a_parquet_column_without_text_says_what_it_is(tmp_path, column, met):
    path = tmp_path / "a.parquet"
    pa.parquet.write_table(pa.table({"text": column, "n": [1] * 3, "body": ["a"] * 3}), path)
    message, hint = refused(path)
    assert message == f"the column 'text' of {path} holds {met}."
    assert hint == "choose another with --text-field: body."


def test_a_file_that_is_not_parquet(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but no more than that")
    assert "is not a sound Parquet file" in refused(tmp_path / "a.parquet")[0]


def test_jsonl_lines_that_are_broken_are_counted(tmp_path):
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "春" * 50}) + "\n"
    path.write_text(good * 200 + '{"text": \n' + '{"other": 1}\n' + "[" * 200 + "\n" + good)
    corpus = read_corpus(path)
    assert len(list(corpus)) == 201
    stats = corpus.stats
    assert (stats.n_broken, stats.n_missing_field) == (2, 1)
    assert stats.files[0].first_case == "a broken JSON line in line 201"
    path.write_text(good + "{\n" * 20)
    assert "a broken JSON line in line 2." in refused(path)[0]


def test_deeply_nested_json_is_broken_not_a_crash(tmp_path):
    for name, kind in (("a.jsonl", "a broken JSON line"), ("a.json", "broken JSON (")):
        (tmp_path / name).write_text('{"text": "a"}\n' + "[" * 200_000 + "\n")
        assert kind in refused(tmp_path / name)[0]


def test_jsonl_without_the_field_lists_the_fields(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 1, "body": "a"}\n' * 3)
    assert "has no field 'text'; its fields are 'id', 'body'" in refused(tmp_path / "a.jsonl")[0]


def test_a_json_list_that_breaks_off_loses_its_rest(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"text": "x" * 3000}] * 10)[:-1500])
    assert "broken JSON (Unterminated string" in refused(path)[0]
    assert len(list(read_corpus(path, max_bad_share=1))) == 9


def test_a_json_list_without_its_bracket_is_counted(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"text": "春" * 500}] * 10)[:-1])
    corpus = read_corpus(path)
    assert len(list(corpus)) == 10
    assert corpus.stats.n_broken == 1


def in_a_program(program, *arguments, user=None):
    code = textwrap.dedent(program)
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        user=user,
    )


MEASURED = """
    import re, sys
    from pathlib import Path
    from tokext.corpus.read import read_corpus

    def peak_bytes():
        # Not resource.getrusage: its peak includes the program that started this one.
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

    corpus = read_corpus(sys.argv[1])
    before = peak_bytes()
    n_chars = longest = 0
    for document in corpus:
        n_chars += len(document)
        longest = max(longest, len(document))
    print(n_chars, longest, corpus.stats.n_too_long, peak_bytes() - before)
"""


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is measured in /proc"
)


@needs_proc
@pytest.mark.parametrize("character", ["x", "字", "字。"])
@pytest.mark.parametrize("compression", ["", ".gz"])
def test_one_line_of_50_megabytes_is_cut_in_little_memory(tmp_path, character, compression):
    path = tmp_path / f"long.txt{compression}"
    n = 50_000_000 // len(character.encode())
    data = (character * n).encode()
    path.write_bytes(gzip.compress(data, 1) if compression else data)
    done = in_a_program(MEASURED, path)
    assert not done.returncode, done.stderr
    n_chars, longest, n_too_long, peak_bytes = map(int, done.stdout.split())
    assert n_chars == n * len(character)
    assert longest == 100_000
    assert n_too_long == 1
    assert peak_bytes < 20_000_000


@needs_proc
def test_a_large_file_is_read_in_little_memory(tmp_path):
    path = tmp_path / "large.txt"
    path.write_bytes(good_text(100_000_000))
    done = in_a_program(MEASURED, path)
    assert int(done.stdout.split()[-1]) < 20_000_000, done.stderr


def test_a_long_line_is_cut_after_a_sentence(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("雨が降る。風が吹く。" * 5, encoding="utf-8")
    assert list(read_corpus(path, max_line_chars=22)) == ["雨が降る。風が吹く。" * 2] * 2 + [
        "雨が降る。風が吹く。"
    ]


def test_a_record_above_the_limit_is_left_out_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("tokext.corpus.formats.RECORD_BYTES", 1000)
    monkeypatch.setattr("tokext.corpus.stored.BLOCK_BYTES", 100)
    path = tmp_path / "a.jsonl"
    path.write_text('"a"\n"' + "x" * 5000 + '"\n"b"\n')
    corpus = read_corpus(path, max_bad_share=1)
    assert list(corpus) == ["a", "b"]
    assert corpus.stats.n_lost_bytes == 5002


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_without_permission(tmp_path, what):
    folder = tmp_path / "sub"
    folder.mkdir()
    path = folder / "a.txt"
    path.write_text("a\n")
    (path if what == "file" else folder).chmod(0)
    program = """
        import os, sys
        from tokext.corpus.read import read_corpus
        from tokext.errors import InputError
        import tokext.progress
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        try:
            list(read_corpus(sys.argv[1]))
        except InputError as error:
            print(error, "|", error.hint)
    """
    for above in tmp_path.parents:  # pytest makes its folders for their owner alone
        if above.stat().st_uid == os.getuid() and len(above.parts) > 2:
            above.chmod(0o755)
    tmp_path.chmod(0o755)
    done = in_a_program(program, path if what == "file" else folder)
    (path if what == "file" else folder).chmod(0o755)
    expected = "no permission to read" if what == "file" else "Permission denied"
    assert expected in done.stdout, done.stderr
    assert str(folder) in done.stdout


def test_a_link_that_points_nowhere(tmp_path):
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone.txt")
    assert "a.txt cannot be read: No such file or directory" in refused(tmp_path / "a.txt")[0]


def test_a_file_that_vanishes_before_it_is_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a\n")
    corpus = read_corpus(path)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        list(corpus)


def test_counts_are_not_there_before_a_whole_pass(tmp_path):
    (tmp_path / "a.txt").write_text("a\n")
    with pytest.raises(InputError, match="not been read to its end"):
        _ = read_corpus(tmp_path / "a.txt").stats


@pytest.mark.parametrize(
    "options",
    [{"document": "page"}, {"max_bad_share": 2}, {"max_line_chars": 0}, {"format": "xml"}],
)
def test_an_impossible_option_is_named(tmp_path, options):
    (tmp_path / "a.txt").write_text("a\n")
    assert f"{next(iter(options))} is" in refused(tmp_path / "a.txt", **options)[0]
