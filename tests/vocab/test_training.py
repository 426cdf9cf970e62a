"""One way from options to counts: where they lie on the way changes nothing."""

import pytest

from tokext.corpus import count as count_module
from tokext.errors import InputError
from tokext.vocab.added import train_vocab
from tokext.vocab.train import METHODS
from tokext.vocab.training import Training

CUTS = {
    "phrase": {"boundary": "phrase"},
    "apart": {"keep_scripts_apart": True},
    "both": {"boundary": "phrase", "keep_scripts_apart": True},
    "fast": {"preset": "fast"},
}


@pytest.mark.parametrize("options", CUTS.values(), ids=CUTS)
def test_counts_in_files_give_the_pieces_of_counts_in_memory(
    text, base, tmp_path, monkeypatch, options
):
    given = {"base": base.name, "size": 60, "workers": 1, **options}
    in_memory = train_vocab(text, tmp_path / "memory", **given)
    monkeypatch.setattr(count_module, "GROUP_CHARS", 500)
    for max_memory in (None, "600MB"):
        output = tmp_path / f"files-{max_memory}"
        assert train_vocab(text, output, max_memory=max_memory, **given) == in_memory
    assert {p.name for p in tmp_path.iterdir()} == {"memory", "files-None", "files-600MB"}


def test_counts_are_cut_into_files_where_they_are_in_files(text, base, tmp_path, monkeypatch):
    monkeypatch.setattr(count_module, "GROUP_CHARS", 500)
    training = Training(text, base=base.name, boundary="morpheme", workers=1)
    with training.counted(tmp_path / "out", 60) as ready:
        assert ready.counts.place.parent == ready.census.shards.folder


def test_what_cannot_be_cut_is_refused_before_anything_is_counted(text, base):
    with pytest.raises(InputError, match="the language is ko"):
        Training(text, base=base.name, language="ko", boundary="morpheme")


@pytest.mark.parametrize("method", METHODS)
def test_an_input_that_counts_a_tenth_loses_no_run_for_that(text, base, tmp_path, method):
    given = {"base": base.name, "size": 60, "workers": 1, "method": method}
    whole = train_vocab(text, tmp_path / "whole", min_count=10, **given)
    tenth = train_vocab(text, tmp_path / "tenth", min_count=1, weight=["ja.txt=0.1"], **given)
    assert tenth == whole


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"min_count": 1}, ""),
        ({"min_run_count": 2}, " with this --min-count and --min-run-count 2"),
        ({"min_count": 1, "preset": "fast"}, " with --preset fast"),
    ],
    ids=str,
)
def test_the_largest_size_is_said_with_the_options_that_hold_it_down(
    text, base, tmp_path, options, named
):
    given = {"base": base.name, "size": 100_000, "workers": 1, "boundary": "punctuation"}
    with pytest.raises(InputError) as caught:
        train_vocab(text, tmp_path / "added", **given, **options)
    assert f"is the largest it can give{named}; more text" in caught.value.hint


@pytest.mark.parametrize("method", METHODS)
def test_a_size_beyond_all_numbers_says_the_largest_there_is(text, base, tmp_path, method):
    given = {"base": base.name, "size": 10**12, "workers": 1, "method": method}
    with pytest.raises(InputError, match=r"gives [\d,]+ pieces, not 1,000,000,000,000"):
        train_vocab(text, tmp_path / "added", **given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "--size 0 adds nothing"),
        ({"preset": "fsat"}, "unknown preset 'fsat'"),
        ({"method": "continued"}, "unknown method 'continued'"),
    ],
)
def test_what_needs_no_text_to_be_refused_is_refused_before_any_is_read(
    base, tmp_path, options, message
):
    (tmp_path / "damaged.txt").write_bytes(b"\xff" * 1000)
    given = {"base": base.name, "size": 9, "workers": 1} | options
    with pytest.raises(InputError, match=message):
        train_vocab(tmp_path / "damaged.txt", tmp_path / "out", **given)
