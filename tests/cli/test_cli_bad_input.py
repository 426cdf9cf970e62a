"""Bad input: one clear line that names it, a hint at the way out, and nothing left on the disk."""

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from small_models import train_sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tokext.corpus.embedded import embedded_lines


@pytest.fixture
def train(tokext, tiny_base, tmp_path):
    """Train quietly with the tiny base; what is refused may leave nothing."""

    def run(given, *arguments, base=tiny_base):
        before = sorted(tmp_path.rglob("*"))
        output = ["--base", base, "-o", tmp_path / "new" / "added", "--workers", 1]
        ended = tokext("train-vocab", given, *output, "--size", 50, "-q", *arguments)
        if ended.status:
            assert sorted(tmp_path.rglob("*")) == before
        return ended

    return run


@pytest.fixture
def merge(tokext, tiny_base, tiny_added, tmp_path):
    """Merge quietly into the tiny base; what is refused may leave nothing."""

    def run(*arguments, base=tiny_base, added=tiny_added):
        before = sorted(tmp_path.rglob("*"))
        ended = tokext(
            "merge", "--base", base, "--added", added, "-o", tmp_path / "new", "-q", *arguments
        )
        assert sorted(tmp_path.rglob("*")) == before
        return ended

    return run


# Texts


def test_no_such_file(train, tmp_path, text):
    message, hint = train(tmp_path / "jo.txt").error()
    assert message == f"{tmp_path / 'jo.txt'} does not exist."
    assert hint == f"did you mean {text}?"


def test_an_empty_file(train, tmp_path):
    (tmp_path / "empty.txt").touch()
    message, _ = train(tmp_path / "empty.txt").error()
    assert message == f"{tmp_path / 'empty.txt'} holds no text (0 bytes, 0 empty documents)."


def test_a_folder_without_text(train, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "picture.png").write_bytes(b"\x89PNG")
    message, hint = train(tmp_path / "folder").error()
    assert f"the folder {tmp_path / 'folder'} holds no text file" in message
    assert ".jsonl" in hint


def test_a_truncated_gzip(train, tmp_path, text):
    packed = gzip.compress(text.read_bytes())
    (tmp_path / "a.txt.gz").write_bytes(packed[: len(packed) // 2])
    message, _ = train(tmp_path / "a.txt.gz").error()
    assert message.startswith(f"{tmp_path / 'a.txt.gz'} is truncated")


def test_another_encoding_is_named(train, tmp_path, text):
    (tmp_path / "a.txt").write_bytes(text.read_text(encoding="utf-8").encode("euc_jp", "ignore"))
    message, _ = train(tmp_path / "a.txt").error()
    assert message == f"{tmp_path / 'a.txt'} is EUC-JP text, not UTF-8 text."


def test_bytes_that_are_not_utf_8(train, tmp_path, text):
    (tmp_path / "a.txt").write_bytes(text.read_bytes() + b"\xff\xfe\xfd\n" * 1000)
    message, hint = train(tmp_path / "a.txt").error()
    assert re.search(r"[\d.]+% of .*a\.txt cannot be used", message)
    assert "--max-bad-share" in hint


def test_nuls(train, tmp_path, text):
    (tmp_path / "a.txt").write_bytes(text.read_bytes() + b"\0" * 10_000)
    assert "a NUL" in train(tmp_path / "a.txt").error()[0]


def test_a_few_bad_bytes_are_counted_and_said(tokext, tiny_base, tmp_path, text):
    (tmp_path / "a.txt").write_bytes(text.read_bytes() + b"\xff\xfe\0\n")
    output = ["--base", tiny_base, "-o", tmp_path / "added", "--size", 20, "--workers", 1]
    ended = tokext("train-vocab", tmp_path / "a.txt", *output)
    assert ended.status == 0
    assert "3 bytes that are not usable UTF-8 text, replaced by U+FFFD" in ended.err


@pytest.mark.slow
def test_one_line_of_50_mb_is_cut_and_said(tokext, tiny_base, tmp_path):
    line = "".join(embedded_lines("ja")[:200])
    (tmp_path / "a.txt").write_text(line * (50_000_000 // len(line.encode())), encoding="utf-8")
    output = ["--base", tiny_base, "-o", tmp_path / "added", "--size", 100, "--workers", 1]
    ended = tokext("train-vocab", tmp_path / "a.txt", *output)
    assert ended.status == 0
    assert "1 over-long lines, cut into several documents" in ended.err
    record = json.loads((tmp_path / "added" / "tokext.json").read_text(encoding="utf-8"))
    assert record["result"]["corpus"]["n_bytes"] == (tmp_path / "a.txt").stat().st_size


def test_a_csv_without_the_text_field(train, tmp_path):
    with (tmp_path / "a.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["title", "body"], ["日本", "日本語の本文"]])
    message, hint = train(tmp_path / "a.csv").error()
    assert message == f"{tmp_path / 'a.csv'} has no field 'text'; its fields are 'title', 'body'."
    assert "--text-field" in hint


def test_text_without_a_japanese_letter(train, tmp_path):
    (tmp_path / "en.txt").write_text("Nothing here, 3 times.\n" * 50)
    message, hint = train(tmp_path / "en.txt").error()
    assert message == "the text holds no letter of Japanese."
    assert "--language" in hint


# Options


def test_a_size_of_0(train, text):
    assert train(text, "--size", 0).error()[0] == "--size 0 adds nothing."


def test_an_unknown_language(train, text):
    message, hint = train(text, "--language", "jp").error()
    assert message == "unknown language 'jp'."
    assert "ja" in hint


@pytest.mark.slow
@pytest.mark.parametrize("method", ["continue", "independent"])
def test_the_largest_vocabulary_that_is_named_can_be_had(train, text, tmp_path, method):
    message, hint = train(text, "--size", 30_000, "--method", method).error()
    largest = int(re.match(r"--size (\d+) is the largest it can give", hint)[1])
    assert message == f"the text gives {largest:,} pieces, not 30,000."
    assert train(text, "--size", largest + 1, "--method", method).status == 1
    assert train(text, "--size", largest, "--method", method).status == 0
    rows = (tmp_path / "new" / "added" / "added.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == largest + 1


def test_a_merge_of_more_pieces_than_there_are(merge):
    message, hint = merge("--size", 5000).error()
    largest = int(re.match(r"--size (\d+) is the largest it can give", hint)[1])
    assert message.startswith(f"the added vocabulary gives {largest:,} pieces, not 5,000")


@pytest.mark.parametrize("pad_to", [0, -64])
def test_padding_to_no_multiple(merge, pad_to):
    assert merge("--pad-to", pad_to).error()[0] == f"--pad-to {pad_to} is no multiple."


def test_padding_that_no_memory_would_hold(merge):
    message, hint = merge("--pad-to", 99_999_999_999).error()
    assert message.startswith("--pad-to 99999999999 would make")
    assert "64 is usual" in hint


@pytest.mark.parametrize("size", [0, -1])
def test_a_merge_of_no_pieces(merge, size):
    message, hint = merge("--size", size).error()
    assert message == f"--size {size} adds nothing."
    assert "at least 1" in hint


@pytest.mark.parametrize(
    ("option", "value", "message", "way_out"),
    [
        ("--workers", -3, "workers is -3.", "choose 0 or more."),
        ("--min-count", -5, "min_count is -5.", "choose 1 or more."),
        ("--min-count", 0, "min_count is 0.", "choose 1 or more."),
        ("--max-piece-length", 0, "max_piece_length is 0.", "choose between 1 and 512."),
        ("--max-piece-length", 513, "max_piece_length is 513.", "choose between 1 and 512."),
    ],
)
def test_a_number_that_makes_no_sense(train, text, option, value, message, way_out):
    assert train(text, option, value).error() == (message, way_out)


@pytest.mark.parametrize("length", [1, 512])
def test_the_shortest_and_the_longest_piece_length_can_be_had(train, text, length):
    assert train(text, "--max-piece-length", length).status == 0


def test_fewer_than_no_threads_to_count_in(tokext, tiny_base, text):
    ended = tokext("bench", "compression", tiny_base, "--text", text, "--workers", -3, "-q")
    assert ended.error() == ("workers is -3.", "choose 0 or more.")


# Suffixes that say nothing


def test_the_hint_at_another_suffix_is_an_option_that_works(tokext, tiny_base, tmp_path, text):
    notes = text.rename(tmp_path / "notes.md")
    for command in (
        ["train-vocab", notes, "--base", tiny_base, "-o", tmp_path / "added", "--size", 50],
        ["bench", "compression", tiny_base, "--text", notes, "--word-sample-chars", 0],
    ):
        message, hint = tokext(*command, "-q").error()
        assert message == f"{notes} has a suffix that tokext does not know: '.md'."
        assert "--format txt|" in hint
        assert tokext(*command, "-q", "--format", "txt").status == 0


def test_a_glob_means_the_same_whoever_spells_it_out(tokext, tiny_base, tmp_path, text):
    text.rename(tmp_path / "notes.md")
    command = ["bench", "compression", tiny_base, "--text", tmp_path / "*.md", "--json", "-q"]
    message, _ = tokext(*command).error()
    assert "no text file matches" in message
    ended = tokext(*command, "--format", "txt")
    assert json.loads(ended.out)[0]["n_lines"] == 200


# Recipes


def test_a_recipe_that_is_a_folder(tokext, tmp_path):
    message, hint = tokext("run", tmp_path, "-o", tmp_path / "run").error()
    assert message == f"{tmp_path} is a folder, not a recipe."
    assert hint == "a TOML file is wanted."


def test_a_recipe_without_a_stage_makes_no_folder(tokext, tmp_path):
    (tmp_path / "r.toml").write_text('language = "ja"\n', encoding="utf-8")
    message, hint = tokext("run", tmp_path / "r.toml", "-o", tmp_path / "run").error()
    assert message == f"{tmp_path / 'r.toml'} has no stage."
    assert "[train-vocab]" in hint
    assert not (tmp_path / "run").exists()


def test_a_run_names_a_report_only_where_it_drew_one(tokext, tmp_path, tiny_base, text):
    recipe = f'base = "{tiny_base}"\n[train-vocab]\ninputs = ["{text.name}"]\nsize = 20\n'
    (tmp_path / "r.toml").write_text(recipe, encoding="utf-8")
    ended = tokext("run", tmp_path / "r.toml", "-o", tmp_path / "run", "-q")
    assert (ended.status, ended.out) == (0, "train-vocab: done\n")


# Tokenizers


def test_a_model_that_is_not_sentencepiece(train, merge, text, tmp_path):
    (tmp_path / "a.model").write_bytes(b"PK\x03\x04 nothing of the kind")
    expected = f"{tmp_path / 'a.model'} is not a SentencePiece model."
    assert train(text, base=tmp_path / "a.model").error()[0] == expected
    assert merge(base=tmp_path / "a.model").error()[0] == expected
    assert merge(added=tmp_path / "a.model").error()[0] == expected


def test_an_empty_model(merge, tmp_path):
    (tmp_path / "a.model").touch()
    assert merge(added=tmp_path / "a.model").error()[0].endswith("is not a SentencePiece model.")


def test_an_added_vocabulary_that_is_not_there(merge, tmp_path):
    message, hint = merge(added=tmp_path / "nowhere").error()
    assert message == f"{tmp_path / 'nowhere'} does not exist."
    assert "train-vocab" in hint


def test_different_normalization(merge, tiny_base, tmp_path):
    model = train_sentencepiece(
        tmp_path / "nfkc.model",
        embedded_lines("ja")[:200],
        model_type="bpe",
        vocab_size=2500,
        normalization_rule_name="nmt_nfkc",
    )
    message, hint = merge(added=model).error()
    assert f"{model} and {tiny_base} normalize text differently: 'nmt_nfkc" in message
    assert "against 'identity'. Pieces learned from one kind of text would miss the other." in (
        message
    )
    assert hint == f"train again with --base {tiny_base}."


def test_an_unknown_base_with_a_near_name(train, text):
    message, hint = train(text, base="mistralai/Mistral-7B-v0.11").error()
    assert "mistralai/Mistral-7B-v0.11" in message
    assert hint == "did you mean mistralai/Mistral-7B-v0.1?"


def test_the_way_out_of_an_unknown_tokenizer_fits_any_option(tokext, tmp_path):
    missing = tmp_path / "nowhere" / "tokenizer"
    message, hint = tokext("verify", "--extended", missing).error()
    assert f"there is no tokenizer '{missing}'" in message
    assert "--base" not in hint
    assert "a folder, or a file" in hint


def test_an_unknown_base_with_a_near_folder(train, text, tmp_path):
    (tmp_path / "mistral-ja").mkdir()
    message, hint = train(text, base=tmp_path / "mistral-jo").error()
    assert f"there is no tokenizer '{tmp_path / 'mistral-jo'}'" in message
    assert hint == f"did you mean {tmp_path / 'mistral-ja'}?"


def test_a_folder_without_a_tokenizer(merge, tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "notes.txt").touch()
    message, _ = merge(base=tmp_path / "base").error()
    assert "holds neither tokenizer.model nor tokenizer.json (it holds notes.txt)" in message


def test_a_byte_level_base_is_refused_by_name(train, merge, text, tmp_path):
    byte_level = Tokenizer(models.BPE())
    byte_level.pre_tokenizer = pre_tokenizers.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    byte_level.train_from_iterator(embedded_lines("en")[:50], trainer)
    path = tmp_path / "tokenizer.json"
    byte_level.save(str(path))
    for ended in (train(text, base=path), merge(base=path)):
        message, hint = ended.error()
        assert message.startswith(f"{path} is a byte-level BPE tokenizer")
        assert "bench compression" in hint


def test_a_unigram_base_is_refused_by_name(train, merge, text, tmp_path):
    model = train_sentencepiece(
        tmp_path / "unigram.model",
        embedded_lines("en")[:300],
        model_type="unigram",
        vocab_size=300,
        normalization_rule_name="identity",
    )
    assert merge(base=model).error()[0].startswith(f"{model} is a SentencePiece unigram model")


def test_a_broken_tokenizer_json(merge, tmp_path):
    (tmp_path / "tokenizer.json").write_text('{"model": ')
    assert "tokenizer.json is not valid JSON" in merge(base=tmp_path / "tokenizer.json").error()[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"added_tokens": [{"id": 1}]}, 'an added token that is none: {"id": 1}'),
        ({"added_tokens": "<s>"}, 'an added token that is none: "<s>"'),
        ({"model": {"type": "BPE", "vocab": {"a": "0"}}}, 'a vocab without ids: {"a": "0"}'),
        ({"model": {"type": "BPE", "vocab": {}, "merges": 5}}, "no list of merges: 5"),
    ],
)
def test_a_damaged_tokenizer_json(merge, tmp_path, change, reason):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({"model": {"type": "BPE", "vocab": {"a": 0}}} | change))
    assert merge(base=path).error()[0] == f"{path} has {reason}."


# Outputs


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_an_output_inside_an_input(tokext, tiny_base, tmp_path, text, force):
    (tmp_path / "corpus").mkdir()
    text.rename(tmp_path / "corpus" / "ja.txt")
    before = sorted(tmp_path.rglob("*"))
    output = ["--base", tiny_base, "-o", tmp_path / "corpus" / "added", "-q", *force]
    message, hint = tokext("train-vocab", tmp_path / "corpus", *output).error()
    assert f"lies inside the input {tmp_path / 'corpus'}" in message
    assert "outside" in hint
    assert sorted(tmp_path.rglob("*")) == before


def test_an_output_that_would_replace_its_input(tokext, tiny_base, tmp_path, text):
    (tmp_path / "corpus").mkdir()
    text.rename(tmp_path / "corpus" / "ja.txt")
    for given in (tmp_path / "corpus", tmp_path / "corpus" / "ja.txt", tmp_path / "corpus" / "*"):
        output = ["--base", tiny_base, "-o", tmp_path / "corpus", "-q", "--force"]
        message, _ = tokext("train-vocab", given, *output).error()
        assert "would replace the input" in message
    assert (tmp_path / "corpus" / "ja.txt").exists()


def test_a_merge_never_replaces_its_base_or_its_pieces(tokext, tiny_base, tiny_added):
    for place in (tiny_base.parent, tiny_added):
        given = ["--base", tiny_base, "--added", tiny_added, "-o", place, "--force", "-q"]
        assert "would replace the input" in tokext("merge", *given).error()[0]
    assert tiny_base.exists()
    assert (tiny_added / "added.model").exists()


def test_a_merge_never_writes_into_its_base(tokext, tiny_base, tiny_added, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    (base / "tokenizer.model").write_bytes(tiny_base.read_bytes())
    for place in (base / "out", base / "deep" / "out"):
        given = ["--base", base, "--added", tiny_added, "-o", place, "--force", "-q"]
        message, hint = tokext("merge", *given).error()
        assert message.startswith(f"the output {place} lies inside the input {base}")
        assert "outside" in hint
    assert [p.name for p in base.iterdir()] == ["tokenizer.model"]


def test_a_vocabulary_is_never_written_into_its_base(train, tiny_base, tmp_path, text):
    base = tmp_path / "base"
    base.mkdir()
    (base / "tokenizer.model").write_bytes(tiny_base.read_bytes())
    message, hint = train(text, "-o", base / "added", base=base).error()
    assert message.startswith(f"the output {base / 'added'} lies inside the input {base}")
    assert "outside" in hint


@pytest.fixture
def left_alone(tokext, tmp_path):
    """Run a command that would write over something it reads; every byte has to stay."""

    def run(*arguments):
        before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        message, hint = tokext(*arguments, "--force", "-q").error()
        assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
        assert "choose an -o" in hint
        return message

    return run


def test_a_measurement_never_replaces_what_it_measures(left_alone, tiny_base, tmp_path, text):
    model = tmp_path / "tokenizer" / "tokenizer.model"
    model.parent.mkdir()
    model.write_bytes(tiny_base.read_bytes())
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_bytes(text.read_bytes())
    command = ["bench", "compression", model.parent, "--text"]
    for given in (text, tmp_path / "j*.txt"):
        message = left_alone(*command, given, "-o", text)
        assert message == f"the output {text} would replace the input {text}."
    assert "would replace" in left_alone(*command, text, "-o", model)
    inside = left_alone(*command, tmp_path / "texts", "-o", tmp_path / "texts" / "gain.json")
    assert "lies inside the input" in inside


def test_a_verification_never_replaces_what_it_reads(left_alone, tiny_base, tmp_path, text):
    model = tmp_path / "extended.model"
    model.write_bytes(tiny_base.read_bytes())
    command = ["verify", "--base", tiny_base, "--extended", model, text]
    assert "would replace the input" in left_alone(*command, "-o", text)
    assert "would replace the input" in left_alone(*command, "-o", model)


@pytest.mark.parametrize("option", ["-o", "--details", "--html"])
def test_rates_of_leakage_never_replace_the_answers(left_alone, tmp_path, option):
    for name in ("after.jsonl", "before.jsonl"):
        (tmp_path / name).write_text('{"text": "はい。"}\n', encoding="utf-8")
    command = ["bench", "leakage", tmp_path / "after.jsonl", "--before", tmp_path / "before.jsonl"]
    for name in ("after.jsonl", "before.jsonl"):
        assert "would replace the input" in left_alone(*command, option, tmp_path / name)


def test_an_output_name_taken_by_a_file(train, text, tmp_path):
    (tmp_path / "file").touch()
    for force in ([], ["--force"]):
        message, _ = train(text, "-o", tmp_path / "file", *force).error()
        assert message == f"{tmp_path / 'file'} is a file; the output is a folder."


def as_nobody(command, place):
    """Run a command after everything it needs was imported, as a user who owns nothing here."""
    child = f"""
import os, sys
from tokext.cli.main import main
from tokext.cli import train_vocab
from tokext.vocab.added import train_vocab
from tokext.tokenizer.load import load_tokenizer
load_tokenizer({command[3]!r}).encode("a")
os.setuid(65534)
main({command!r})
"""
    return subprocess.run(
        [sys.executable, "-c", child],
        capture_output=True,
        encoding="utf-8",
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )


needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="needs root, to mount a small disk or to become a user who is not root",
)


@needs_root
def test_no_permission_to_write(tiny_base, text):
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        Path(place).chmod(0o755)
        for path in (tiny_base, text):
            Path(place, path.name).write_bytes(path.read_bytes())
        base, output = f"{place}/{tiny_base.name}", f"{place}/added"
        command = ["train-vocab", f"{place}/{text.name}", "--base", base, "-o", output]
        done = as_nobody([*command, "--size", "20", "--workers", "1", "-q"], place)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[0].startswith(f"Error: no permission for {output}.")
        assert done.stderr.splitlines()[1:] == ["Hint: choose an -o in a folder of yours."]
        assert {p.name for p in Path(place).iterdir()} == {tiny_base.name, text.name}


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a given size, as `size=8k`."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mounted(size):
        mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)]
        done = subprocess.run(mount, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"cannot mount a small disk: {done.stderr.decode().strip()}")
        return disk

    yield mounted
    if os.path.ismount(disk):
        subprocess.run(["umount", str(disk)], check=True)


@needs_root
def test_a_full_disk(tokext, tiny_base, text, small_disk):
    disk = small_disk("size=8k")
    output = ["--base", tiny_base, "-o", disk / "added", "--size", 500, "--workers", 1, "-q"]
    message, hint = tokext("train-vocab", text, *output).error()
    assert message == f"the disk of {disk / 'added'} is full; nothing was left behind."
    assert "another disk" in hint
    assert list(disk.iterdir()) == []


@needs_root
def test_a_full_disk_is_not_laid_on_the_file_that_was_copied(
    tokext, tiny_base, tiny_added, tmp_path, small_disk
):
    disk = small_disk("size=4k")
    (tmp_path / "base").mkdir()
    shutil.copyfile(tiny_base, tmp_path / "base" / "tokenizer.model")
    (tmp_path / "base" / "LICENSE").write_text("terms\n" * 2000)
    given = ["--base", tmp_path / "base", "--added", tiny_added, "-o", disk / "new", "-q"]
    message, hint = tokext("merge", *given).error()
    assert message == f"the disk of {disk / 'new'} is full; nothing was left behind."
    assert "another disk" in hint
    assert list(disk.iterdir()) == []
