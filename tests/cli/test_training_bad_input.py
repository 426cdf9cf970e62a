"""What cannot be learned from is refused alike by train-vocab and by plan, with the way out."""

import importlib.util
import re
import socket
import sys

import pytest

from tokext.bench import plan as plan_module
from tokext.corpus import count as count_module
from tokext.corpus import morphemes
from tokext.corpus.embedded import embedded_lines


@pytest.fixture(params=["train-vocab", "plan"])
def learn(request, tokext, tiny_base, tmp_path):
    """Learn quietly with the tiny base; what is refused may leave nothing but counts."""

    def left():
        return sorted(p for p in tmp_path.rglob("*") if ".counts" not in str(p))

    def run(*arguments, size=50):
        command = {
            "train-vocab": ["--size", size, "-o", tmp_path / "added"],
            "plan": ["--sizes", size, "-o", tmp_path / "plan.json"],
        }[request.param]
        before = left()
        basics = [request.param, *arguments, "--base", tiny_base, "--workers", 1, "-q"]
        ended = tokext(*basics, *command)
        if ended.status:
            assert left() == before
        return ended

    return run


def test_a_corpus_with_none_of_the_language(learn, tmp_path):
    lines = [f"Nothing here, {n} times." for n in range(500)]
    (tmp_path / "en.txt").write_text("\n".join(lines), encoding="utf-8")
    message, hint = learn(tmp_path / "en.txt").error()
    assert message == "the text holds no letter of Japanese."
    assert "--language" in hint


def test_a_corpus_that_gives_no_piece(learn, tmp_path):
    """Every character in it stands there once."""
    text = "".join(chr(ord("一") + n) for n in range(300))
    lines = "\n".join([text, *(f"Line {n}." for n in range(200))])
    (tmp_path / "ja.txt").write_text(lines, encoding="utf-8")
    message, hint = learn(tmp_path / "ja.txt").error()
    assert message == "the text gives no piece that may be added."
    assert "--min-count" in hint


def test_words_without_a_dictionary_are_refused_before_anything_is_read(
    learn, tmp_path, monkeypatch
):
    (tmp_path / "damaged.txt").write_bytes(b"\xff" * 1000)
    morphemes.tagger_of.cache_clear()
    monkeypatch.setitem(sys.modules, "unidic_lite", None)
    message, hint = learn(tmp_path / "damaged.txt", "--boundary", "phrase").error()
    assert message == "unidic-lite is not installed."
    assert "pip install fugashi unidic-lite" in hint
    morphemes.tagger_of.cache_clear()


def test_a_folder_that_is_no_dictionary(learn, text, tmp_path):
    options = ["--boundary", "morpheme", "--dictionary", tmp_path]
    message, hint = learn(text, *options).error()
    assert message == f"{tmp_path} holds no dictionary."
    assert "--boundary punctuation needs neither" in hint


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="ray is not installed")
def test_a_cluster_that_does_not_answer(learn, text):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    message, hint = learn(text, "--engine", "ray", "--address", address).error()
    assert message.startswith(f"the Ray cluster at {address} does not answer")
    assert "ray start --head" in hint


def test_an_address_without_the_engine(learn, text):
    message, hint = learn(text, "--address", "10.0.0.1:6379").error()
    assert message == "--address 10.0.0.1:6379 is of a Ray cluster, and the engine is local."
    assert "--engine ray" in hint


def test_a_disk_that_counts_fill(tokext, tiny_base, text, tmp_path, monkeypatch):
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    monkeypatch.setattr(count_module, "GROUP_CHARS", 500)
    monkeypatch.setattr(plan_module, "_BLOCK_CHARS", 500)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for command in (
        ["train-vocab", text, "--size", 50, "-o", tmp_path / "added"],
        ["plan", text, "--sizes", 50, "-o", tmp_path / "plan.json"],
        ["plan", text, "--sizes", 50],
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, limits[1]))
        try:
            ended = tokext(*command, "--base", tiny_base, "--workers", 1, "-q")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        message, hint = ended.error()
        assert re.fullmatch(r"the counts cannot be kept in \S+\.counts: File too large\.", message)
        assert "choose an -o on another disk" in hint


def test_a_weight_for_an_input_that_is_not_there(learn, text):
    message, hint = learn(text, "--weight", "novels.txt=2").error()
    assert message == "--weight names no input: novels.txt."
    assert hint == f"the inputs are {text}."


def test_a_weight_that_is_none(learn, text):
    message, _ = learn("--weight", "2", text).error()
    assert message == "--weight 2 is not NAME=W."


def test_a_veto_of_everything(learn, text, tmp_path):
    chars = set(text.read_text(encoding="utf-8"))
    lines = text.read_text(encoding="utf-8").splitlines()
    pairs = {line[at : at + 2] for line in lines for at in range(len(line))}
    (tmp_path / "veto.txt").write_text("\n".join(chars | pairs), encoding="utf-8")
    options = ["--veto", tmp_path / "veto.txt", "--max-piece-length", 2]
    message, hint = learn(text, *options).error()
    assert re.fullmatch(r"the veto of [\d,]+ pieces leaves none to add\.", message)
    assert "--veto file" in hint


def test_a_veto_that_is_not_there(learn, text, tmp_path):
    message, _ = learn(text, "--veto", tmp_path / "veto.txt").error()
    assert message == f"--veto {tmp_path / 'veto.txt'} cannot be read: No such file or directory."


def test_too_little_memory_to_count_in(learn, text):
    message, hint = learn(text, "--max-memory", "10MB").error()
    assert message == "--max-memory 10 MB is too little to count in."
    assert hint == "give at least 500 MB."


def test_a_boundary_beside_everything(learn, text):
    message, _ = learn(text, "--keep-all", "--boundary", "script").error()
    assert "--keep-all has a rule of its own" in message


@pytest.mark.slow
def test_what_would_not_fit_the_memory_names_an_option_that_makes_it_fit(learn, tmp_path):
    """Fourteen million characters in runs that are nearly all different."""
    lines = embedded_lines("ja")
    with (tmp_path / "ja.txt").open("w", encoding="utf-8") as file:
        n_chars = n = 0
        while n_chars < 14_000_000:
            for at, line in enumerate(lines):
                cut = f"{line[(n + at) % 9 :]}{lines[(at + n) % len(lines)]}"
                n_chars += file.write(f"{line}\n{cut}\n")
            n += 1
    command = [tmp_path / "ja.txt", "--boundary", "none", "--max-memory", "500MB"]
    message, hint = learn(*command).error()
    assert re.search(r"would take about \S+ \w+ and [\d.]+ [MG]B, more than --max-memory", message)
    named = re.findall(r"(--preset|--min-run-count) (\w+) (?:takes|brings)", hint)
    assert [option for option, _ in named] == ["--preset", "--min-run-count"]
    for way in named:
        assert learn(*command, *way, "--force").status == 0
