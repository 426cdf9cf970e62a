"""`tokext merge` and `tokext verify` as a person types them."""

import json
import subprocess
import sys

import pytest
from small_models import train_sentencepiece

from tokext.corpus.embedded import corpora_folder, embedded_lines
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel

GUARANTEES = 12


@pytest.fixture(scope="module")
def merged(tmp_path_factory, tiny_base, tiny_added):
    """The tiny base, extended in a process of its own: its folder, and what the command said."""
    folder = tmp_path_factory.mktemp("merged") / "tokenizer"
    command = [sys.executable, "-m", "tokext", "merge", "--base", str(tiny_base), "--json"]
    command += ["--added", str(tiny_added), "-o", str(folder), "--pad-to", "32"]
    return folder, subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.slow
def test_merge_leaves_the_folder_and_json_alone_on_standard_output(merged):
    folder, said = merged
    assert said.returncode == 0, said.stderr
    result = json.loads(said.stdout)
    assert result["output"] == str(folder)
    assert result["padded_size"] % 32 == 0
    assert [g["passed"] for g in result["guarantees"]] == [True] * GUARANTEES
    names = {p.name for p in folder.iterdir()}
    assert names == {"tokenizer.model", "tokenizer.json", "tokenizer_config.json",
                     "extension.json", "tokext.json"}  # fmt: skip


@pytest.mark.slow
def test_verify_ends_with_0_where_every_guarantee_holds(merged, tokext, tiny_base, text, tmp_path):
    ended = tokext("verify", "--base", tiny_base, "--extended", merged[0], text, "-q",
                   "-o", tmp_path / "proof.json")  # fmt: skip
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.count("kept    ") == GUARANTEES
    assert "BROKEN" not in ended.out
    record = json.loads((tmp_path / "proof.json").read_text(encoding="utf-8"))
    assert record["kind"] == "verification"
    assert len(record["result"]["guarantees"]) == GUARANTEES
    assert record["inputs"][0]["name"] == "ja.txt"


@pytest.mark.slow
def test_verify_reads_named_files_of_any_suffix_as_text(merged, tokext, tiny_base, tmp_path):
    code = [corpora_folder() / "code" / name for name in ("lru_cache.py", "notes.md")]
    ended = tokext("verify", "--base", tiny_base, "--extended", merged[0], *code, "-q",
                   "-o", tmp_path / "proof.json")  # fmt: skip
    assert (ended.status, ended.err) == (0, "")
    record = json.loads((tmp_path / "proof.json").read_text(encoding="utf-8"))
    assert [(i["name"], i["n_bytes"]) for i in record["inputs"]] == [
        (path.name, path.stat().st_size) for path in code
    ]


@pytest.mark.slow
def test_verify_says_and_records_what_it_mended_in_a_text(merged, tokext, tiny_base, tmp_path):
    lines = [line.encode() for line in embedded_lines("en")[:50]]
    (tmp_path / "bad.txt").write_bytes(b"\n".join([*lines, b"a\xffb", b"c\0d"]))
    ended = tokext("verify", "--base", tiny_base, "--extended", merged[0], tmp_path / "bad.txt",
                   "-o", tmp_path / "proof.json")  # fmt: skip
    said = "2 bytes that are not usable UTF-8 text, replaced by U+FFFD"
    assert (ended.status, said in ended.err.splitlines()) == (0, True)
    record = json.loads((tmp_path / "proof.json").read_text(encoding="utf-8"))
    assert record["result"]["corpus"]["n_bad_bytes"] == 2


@pytest.fixture(scope="module")
def broken(tmp_path_factory, tiny_base):
    """The usual recipe: new pieces at score 0, one of them Latin, and one base score changed."""
    base = SentencePieceModel.read(tiny_base)
    pieces = list(base.pieces)
    changed = next(i for i, p in enumerate(pieces) if p.type is PieceType.NORMAL)
    pieces[changed] = Piece(pieces[changed].text, 1.0, PieceType.NORMAL)
    added = [*"日本語", "日本", "th", "日本日本日本"]
    pieces += [Piece(text, 0.0, PieceType.NORMAL) for text in added if text not in base.ids]
    pieces += [Piece("zqx", 0.0, PieceType.NORMAL)]
    folder = tmp_path_factory.mktemp("broken")
    (folder / "tokenizer.model").write_bytes(SentencePieceModel.build(pieces, like=base).data)
    return folder, base.pieces[changed].text


@pytest.mark.slow
def test_verify_ends_with_1_and_examples_where_a_guarantee_breaks(broken, tokext, tiny_base):
    folder, changed = broken
    ended = tokext("verify", "--base", tiny_base, "--extended", folder, "--json", "-q")
    assert (ended.status, ended.err) == (1, "")
    rows = {row["name"]: row for row in json.loads(ended.out)}
    assert len(rows) == GUARANTEES
    assert (rows["base_pieces_kept"]["passed"], rows["base_pieces_kept"]["n_failed"]) == (False, 1)
    assert repr(changed) in rows["base_pieces_kept"]["examples"][0]
    assert not rows["pieces_reachable"]["passed"]
    assert any("zqx" in example for example in rows["pieces_reachable"]["examples"])
    assert not rows["other_text_unchanged"]["passed"]
    assert rows["ids_dense"]["passed"]


@pytest.mark.slow
def test_a_unigram_model_is_accepted_and_what_is_lost_is_said(tokext, tiny_base, tmp_path):
    model = train_sentencepiece(
        tmp_path / "unigram.model",
        embedded_lines("ja")[:200],
        model_type="unigram",
        vocab_size=2500,
        normalization_rule_name="identity",
    )
    ended = tokext("merge", "--base", tiny_base, "--added", model, "--size", 60,
                   "-o", tmp_path / "tokenizer")  # fmt: skip
    assert ended.status == 0
    said = next(line for line in ended.err.splitlines() if "unigram" in line)
    assert said == (
        f"{model} is a unigram model: its pieces enter by likelihood, and are merged as BPE "
        "merges; the likelihoods are lost."
    )
    record = json.loads((tmp_path / "tokenizer" / "tokext.json").read_text(encoding="utf-8"))
    assert record["result"]["n_added"] == 60
