"""`tokext resize`, `revert` and `explain` as a user types them."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tokext.merge.extension import merge_vocab
from tokext.model.tiny import TinyOptions, train_tiny
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel


def tokext(*arguments):
    command = [sys.executable, "-m", "tokext", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A checkpoint over a base of bytes and a few letters, and an extended tokenizer."""
    root = tmp_path_factory.mktemp("made")
    special = [Piece("<unk>", 0.0, PieceType.UNKNOWN)]
    special += [Piece(text, 0.0, PieceType.CONTROL) for text in ("<s>", "</s>")]
    letters = [Piece(c, -1.0 - n, PieceType.NORMAL) for n, c in enumerate("▁東京都abcdetrins .,")]
    octets = [Piece(f"<0x{n:02X}>", 0.0, PieceType.BYTE) for n in range(256)]
    base = SentencePieceModel.build([*special, *octets, *letters])
    (root / "base.model").write_bytes(base.data)
    pieces = [Piece(c, -float(n), PieceType.NORMAL) for n, c in enumerate("東京都")]
    joined = [Piece("東京", -3.0, PieceType.NORMAL), Piece("京都", -4.0, PieceType.NORMAL)]
    added = SentencePieceModel.build([*special, *pieces, *joined])
    (root / "added.model").write_bytes(added.data)
    options = TinyOptions(width=32, steps=1, batch_size=1, window=16)
    train_tiny(
        ["東京都 in 京都, a train."] * 4, root / "base.model", root / "model", options=options
    )
    merge_vocab(root / "added.model", root / "tokenizer", base=str(root / "base.model"))
    return root


def test_a_checkpoint_is_resized_explained_and_reverted(made, tmp_path):
    out = tmp_path / "out"
    done = tokext("resize", made / "model", "--tokenizer", made / "tokenizer", "-o", out, "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "276 -> 320 rows (2 added, 42 padding; model.embed_tokens.weight)" in done.stdout
    assert "bits per character, ja:" in done.stdout
    assert "tensor parallel degrees that divide the rows: 1, 2, 4, 8, 16, 32, 64" in done.stdout
    assert re.search(r"[\d.]+% on padding; KL on English [\d.]+ bits a token", done.stdout)
    record = json.loads((out / "tokext.json").read_text(encoding="utf-8"))
    assert record["command"][0] == "resize"

    shown = tokext("explain", "東京", "--model", out, "-q")
    assert shown.stdout.startswith("東京 (276)")
    assert "= 東 (260) 京 (261); row: subword-mean, norm" in shown.stdout

    back = tokext("revert", out, "-o", tmp_path / "back", "-q")
    assert back.returncode == 0, back.stderr
    for path in (made / "model").glob("*.safetensors"):
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()


def test_json_is_the_result_and_nothing_else(made, tmp_path):
    done = tokext(
        "resize", made / "model", "--tokenizer", made / "tokenizer", "-o", tmp_path / "out",
        "--json", "--no-check-logits", "--init", "normal", "--seed", "3",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["n_rows"], result["init"], result["check"]) == (320, "normal", None)


def test_a_text_is_the_sample_for_align(made, tmp_path):
    (tmp_path / "text.txt").write_text("東京都 in 京都\n", encoding="utf-8")
    done = tokext(
        "resize", made / "model", "--tokenizer", made / "tokenizer", "-o", tmp_path / "out",
        "--no-check-logits", "--init", "align", "--sample", tmp_path / "text.txt",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_explain_works_without_a_model(made):
    done = tokext("explain", "東京a", "--tokenizer", made / "tokenizer")
    assert done.stdout.splitlines()[0].endswith("= 東 (260) 京 (261)")
    assert done.stdout.splitlines()[1].endswith("of the base")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["explain", "東京"], 2, "give one of --tokenizer and --model."),
        (["explain", "東京", "--model", "."], 1, "has no rows.json"),
        (
            ["resize", "nowhere", "--tokenizer", ".", "-o", "x"],
            1,
            "there is no checkpoint 'nowhere'",
        ),
        (
            ["resize", ".", "--tokenizer", ".", "-o", "x", "--init", "mean"],
            2,
            "'mean' is not one of",
        ),
        (["revert", ".", "-o", "x"], 1, "keeps no base to go back to"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, status, message):
    done = tokext(*arguments)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr
