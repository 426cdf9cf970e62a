"""A tokenizer made by somebody else's recipe, of which there is only a tokenizer.json."""

from __future__ import annotations

import contextvars
import json
import re

import pytest
from recipe_tokenizer import write_recipe_tokenizer

from tokext.cli.main import main
from tokext.corpus.embedded import embedded_files, embedded_lines
from tokext.tokenizer.load import load_tokenizer

pytestmark = pytest.mark.slow

BASE = "mistralai/Mistral-7B-v0.1"


@pytest.fixture(scope="module")
def shisa(tmp_path_factory):
    """Mistral extended by the published recipe."""
    folder = tmp_path_factory.mktemp("recipe") / "shisa"
    folder.mkdir()
    write_recipe_tokenizer(folder, load_tokenizer(BASE), embedded_lines("ja"))
    (folder / "tokenizer_config.json").unlink()
    assert [p.name for p in folder.iterdir()] == ["tokenizer.json"]
    return folder


def tokext(*arguments):
    with pytest.raises(SystemExit) as end:
        contextvars.copy_context().run(main, [*map(str, arguments), "-q"])
    return int(end.value.code or 0)


def test_verify_says_which_promises_the_recipe_keeps_and_which_not(shisa, tmp_path, capsys):
    out = tmp_path / "verify.json"
    assert tokext("verify", "--base", BASE, "--extended", shisa, "-o", out) == 1
    rows = json.loads(out.read_text(encoding="utf-8"))["result"]["guarantees"]
    passed = {row["name"]: row["passed"] for row in rows}
    assert passed["base_pieces_kept"]
    assert not passed["other_text_unchanged"]
    assert re.search("BROKEN +text without a letter of Japanese", capsys.readouterr().out)


def test_compression_counts_with_it_as_the_tokenizers_library_does(shisa, tmp_path):
    from tokenizers import Tokenizer

    text, out = embedded_files("ja", held_out=True)[0], tmp_path / "gain.json"
    assert tokext("bench", "compression", BASE, shisa, "--text", text, "-o", out) == 0
    base, recipe = json.loads(out.read_text(encoding="utf-8"))
    fast = Tokenizer.from_file(str(shisa / "tokenizer.json"))
    lines = [line for line in text.read_text(encoding="utf-8").split("\n") if line]
    counted = sum(len(fast.encode(line, add_special_tokens=False).ids) for line in lines)
    assert recipe["n_tokens"] == counted
    assert recipe["chars_per_token"] > 1.2 * base["chars_per_token"]
    assert recipe["tokenizer_size"] == fast.get_vocab_size()
