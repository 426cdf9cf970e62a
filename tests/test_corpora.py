"""The embedded corpora are what their manifest says, and enough."""

import hashlib
import tomllib
import unicodedata
from collections import Counter
from itertools import chain

import pytest

from tokext.corpus.embedded import corpora_folder, embedded_files
from tokext.corpus.inputs import find_input
from tokext.errors import TokextError

MANIFEST = tomllib.loads((corpora_folder() / "manifest.toml").read_text(encoding="utf-8"))["file"]


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def test_every_file_is_in_the_manifest_once():
    on_disk = [p.relative_to(corpora_folder()).as_posix() for p in corpora_folder().glob("*/*")]
    assert sorted(on_disk) == sorted(entry["path"] for entry in MANIFEST)


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["path"])
def test_digest_characters_and_form_are_as_stated(entry):
    path = corpora_folder() / entry["path"]
    text = path.read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    assert len(text.replace("\n", "")) == entry["characters"]
    assert unicodedata.normalize("NFC", text) == text
    assert entry["licence"] == "Apache-2.0"


def characters(language, split):
    return sum(
        e["characters"] for e in MANIFEST if (e["language"], e["split"]) == (language, split)
    )


def test_there_is_enough_of_each_language():
    registers = {e["register"] for e in MANIFEST if (e["language"], e["split"]) == ("ja", "train")}
    assert characters("ja", "train") >= 40_000
    assert len(registers) >= 12
    assert characters("en", "train") >= 40_000
    assert characters("ja", "held-out") > 5_000
    assert min(characters(language, "guard") for language in ("zh", "ko", "code")) > 2_000


@pytest.mark.parametrize("language", ["ja", "en"])
def test_held_out_text_is_not_in_the_training_files(language):
    training = "\n".join(chain(*map(lines, embedded_files(language, held_out=False))))
    for line in chain(*map(lines, embedded_files(language, held_out=True))):
        spans = (line[at : at + 40] for at in range(0, max(1, len(line) - 40), 20))
        assert not any(span in training for span in spans)


def test_no_line_of_prose_is_repeated():
    prose = chain(*(map(lines, embedded_files(language)) for language in ("ja", "en", "zh", "ko")))
    counts = Counter(chain(*prose))
    assert [line for line, n in counts.items() if n > 1] == []


def test_the_hub_recipes_are_inputs_the_reader_understands():
    text = (corpora_folder() / "hub.toml").read_text(encoding="utf-8")
    for corpus in tomllib.loads(text)["corpus"]:
        assert corpus["recipe"].split()[2] == corpus["input"]
        if corpus["input"].startswith("hf:"):
            find_input(corpus["input"], format=None, split="train")
    with pytest.raises(TokextError, match="hf:"):
        find_input("hf:", format=None, split="train")
