"""`tokext plan` as a person types it."""

import inspect
import json

import pytest

import tokext as tokext_package
from tokext.bench.counting.evenly import EvenSample
from tokext.bench.plan import hold_out
from tokext.cli import plan, train_vocab
from tokext.corpus import count as count_module
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.read import group_lines
from tokext.languages import find_language
from tokext.merge.merge import extend
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.folder import read_added
from tokext.vocab.training import Training

JA = find_language("ja")


@pytest.fixture
def arguments(text, tiny_base):
    return ["plan", text, "--base", tiny_base, "--text", text, "--workers", 1, "--sizes", 50, 100]


def test_a_line_a_size_and_the_knee_is_marked(tokext, arguments):
    ended = tokext(*arguments)
    assert ended.status == 0
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[3:]] == ["0", "50", "100"]
    assert ended.out.count("knee") == ended.out.count("fastest") == 1


def test_the_file_holds_what_standard_output_says(tokext, arguments, tmp_path):
    ended = tokext(*arguments, "--json", "-o", tmp_path / "plan.json")
    said = json.loads(ended.out)
    assert said == json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert said["kind"] == "plan"
    assert [file["name"] for file in said["inputs"]] == ["ja.txt", "ja.txt"]
    assert [row["n_added"] for row in said["result"]["rows"]] == [0, 50, 100]


def test_a_text_that_gives_less_says_how_much(tokext, arguments):
    assert "gives no more than" in tokext(*arguments[:-2], 50_000).out


def test_an_existing_file_is_refused_before_the_work(tokext, arguments, tmp_path):
    (tmp_path / "plan.json").write_text("mine")
    said, hint = tokext(*arguments, "-o", tmp_path / "plan.json").error()
    assert "plan.json" in said
    assert "--force" in hint
    assert (tmp_path / "plan.json").read_text() == "mine"


def test_the_text_that_is_learned_from_is_never_the_output(tokext, arguments, text):
    before = text.read_bytes()
    tokext(*arguments, "--force", "-o", text).error()
    assert text.read_bytes() == before


# The same training as train-vocab


def test_every_option_of_training_is_one_of_the_plan():
    """The same object: name, type, default and help, so that neither can be changed alone."""
    ours = {option.name: option.to_info_dict() for option in plan.command.params}
    its_own = {"inputs", "output", "size"}
    for option in train_vocab.command.params:
        if option.name not in its_own:
            assert ours.get(option.name) == option.to_info_dict(), option.name


def test_a_training_from_python_takes_what_train_vocab_takes():
    takes = dict(inspect.signature(tokext_package.train_vocab).parameters)
    for name in ("output", "size", "seed", "force"):
        del takes[name]
    ours = inspect.signature(Training).parameters
    reading = {"text_field", "document", "max_bad_share", "format", "split"}
    assert {n: p.default for n, p in takes.items() if n not in reading} == {
        n: p.default for n, p in ours.items() if n != "reading"
    }


@pytest.fixture
def corpus(tmp_path):
    """A text, one that says some of it again with English in it, and what neither holds."""
    lines = embedded_lines("ja")
    pairs = zip(lines[150:250], embedded_lines("en"), strict=False)
    english = [f"{ja[:20]} {en}" for ja, en in pairs]
    for name, part in {
        "a.txt": lines[:200],
        "b.txt": [*lines[150:200], *english],
        "held-out.txt": [*lines[300:330], "The tokenizer reads 3 files, 「本」と print(x)."],
        "veto.txt": ["こと", "する", "です", "ている", "した", "ます"],
    }.items():
        (tmp_path / name).write_text("\n".join(part) + "\n", encoding="utf-8")
    return tmp_path


TRAININGS = {
    "as it is": [],
    "independent": ["--method", "independent"],
    "phrases": ["--boundary", "phrase"],
    "scripts apart": ["--keep-scripts-apart"],
    "short": ["--max-piece-length", 2],
    "frequent": ["--min-count", 27],
    "frequent runs": ["--boundary", "script", "--min-run-count", 2],
    "fast": ["--preset", "fast"],
    "veto": ["--veto", "veto.txt"],
    "everything": ["--keep-all"],
    "weights": ["--weight", "b.txt=7"],
    "lines once": ["--drop-duplicates", "lines"],
    "whole files": ["--document", "file", "--boundary", "script"],
    "little memory": ["--max-memory", "900MB"],
}


@pytest.mark.parametrize("options", TRAININGS.values(), ids=TRAININGS)
def test_each_size_measures_what_train_vocab_gives_with_the_same_options(
    tokext, tiny_base, corpus, monkeypatch, options
):
    monkeypatch.chdir(corpus)
    training = ["a.txt", "b.txt", "--base", tiny_base, "--workers", 1, *options, "-q"]
    sizes, held_out = (40, 240), (corpus / "held-out.txt").read_text(encoding="utf-8")
    ended = tokext("plan", *training, "--text", "held-out.txt", "--sizes", *sizes, "--json")
    result = json.loads(ended.out)["result"]
    assert result["training"]["veto"] == sorted(
        (corpus / "veto.txt").read_text(encoding="utf-8").split() if "--veto" in options else []
    )
    documents = (
        [held_out.strip("\n")]
        if "--document" in options
        else list(group_lines(held_out.splitlines(), 20))
    )
    keep_all = "--keep-all" in options
    for size, row in zip(sizes, result["rows"][1:], strict=True):
        tokext("train-vocab", *training, "--size", size, "-o", f"added-{size}")
        pieces, _ = read_added(f"added-{size}")
        merged = extend(load_tokenizer(tiny_base), pieces, language=JA, keep_all=keep_all)
        n_tokens = sum(map(len, merged.model.processor.encode(documents)))
        assert row["n_tokens"] == n_tokens
        assert row["chars_per_token"] == sum(map(len, documents)) / n_tokens


def test_every_one_of_these_options_changes_what_is_learned(tokext, tiny_base, corpus, monkeypatch):
    """Or the agreement above would say nothing of it."""
    monkeypatch.chdir(corpus)
    learned = {}
    for name, options in TRAININGS.items():
        given = ["a.txt", "b.txt", "--base", tiny_base, "--workers", 1, *options, "-q"]
        tokext("train-vocab", *given, "--size", 240, "-o", name)
        learned[name] = (corpus / name / "added.tsv").read_bytes()
    assert learned.pop("little memory") == learned["as it is"]
    for name, pieces in learned.items():
        assert [other for other, its in learned.items() if its == pieces] == [name]


def test_what_is_held_out_of_a_text_is_as_if_it_had_never_been_in_it(
    tokext, tiny_base, corpus, monkeypatch
):
    monkeypatch.chdir(corpus)
    lines = [f"{line}{n % 3}" for n, line in enumerate(embedded_lines("ja"))]
    kept = EvenSample(1 << 20)
    (rest,) = hold_out([lines], kept)
    for name, part in {"all": lines, "rest": rest, "kept": kept.documents}.items():
        (corpus / f"{name}.txt").write_text("\n".join(part), encoding="utf-8")
    common = ["--base", tiny_base, "--sizes", 50, 200, "--workers", 1, "--json", "-q"]
    whole = json.loads(tokext("plan", "all.txt", *common).out)["result"]
    apart = json.loads(tokext("plan", "rest.txt", "--text", "kept.txt", *common).out)["result"]
    assert whole["rows"] == apart["rows"]
    assert [whole["n_corpus_chars"], apart["n_corpus_chars"]] == [
        sum(map(len, part)) for part in (lines, rest)
    ]


def test_counts_on_the_way_lie_beside_the_output_or_are_gone(
    tokext, arguments, tmp_path, monkeypatch
):
    monkeypatch.setattr(count_module, "GROUP_CHARS", 500)
    before = sorted(tmp_path.rglob("*"))
    assert tokext(*arguments, "-q").status == 0  # the fixture sees that no temporary file is left
    assert sorted(tmp_path.rglob("*")) == before
    assert tokext(*arguments, "-q", "-o", tmp_path / "plan.json").status == 0
    assert sorted(tmp_path.rglob("*")) == sorted([*before, tmp_path / "plan.json"])


# Numbers and names that make no sense


@pytest.mark.parametrize(
    ("option", "value", "message", "way_out"),
    [
        ("--bandwidth", "nan", "bandwidth is nan.", "choose between 0.001"),
        ("--bandwidth", "inf", "bandwidth is inf.", "choose between 0.001"),
        ("--bandwidth", "0", "bandwidth is 0.0.", "choose between 0.001"),
        ("--bandwidth", "-900", "bandwidth is -900.0.", "choose between 0.001"),
        ("--bandwidth", "1e300", "bandwidth is 1e+300.", "choose between 0.001"),
        ("--bytes-per-number", "nan", "bytes_per_number is nan.", "choose between 0.1"),
        ("--batch-size", "0", "batch_size is 0.", "choose between 1"),
        ("--batch-size", "9" * 30, f"batch_size is {'9' * 30}.", "choose between 1"),
        ("--prefill-chars", "0", "prefill_chars is 0.", "choose between 1"),
        ("--decode-chars", "-1", "decode_chars is -1.", "choose between 1"),
        ("--shape", "mistral-8b", "there is no shape 'mistral-8b'.", "mistral-7b, llama-2-7b"),
        ("--machine", "abacus", "there is no machine 'abacus' in the table.", "h200, h100"),
        ("--sizes", "0", "--sizes 0 adds nothing.", "at least 1"),
        ("--sizes", "-5", "--sizes -5 adds nothing.", "at least 1"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line_with_its_value(
    tokext, text, tiny_base, option, value, message, way_out
):
    said, hint = tokext("plan", text, "--base", tiny_base, option, value, "-q").error()
    assert said.startswith(message[:100])
    assert way_out in hint
