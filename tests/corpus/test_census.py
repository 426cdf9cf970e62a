"""A corpus counted for training: weights, duplicates, memory, and what is refused."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokext.corpus import count as count_module
from tokext.corpus.census import take_census
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.memory import parse_bytes
from tokext.corpus.read import read_corpus
from tokext.corpus.weights import weigh
from tokext.errors import InputError

JA = {"language": "ja", "boundary": "punctuation"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    lines = embedded_lines("ja")
    for name, part in (("a.txt", lines[:40]), ("b.txt", lines[30:80])):
        (folder / name).write_text("\n".join(part), encoding="utf-8")
    return [folder / "a.txt", folder / "b.txt"]


def census(inputs, tmp_path, **options):
    with take_census(read_corpus(inputs), tmp_path / "out", **JA, **options) as taken:
        return dict(taken.counts), taken


def test_a_weight_of_two_is_as_reading_twice(texts, tmp_path):
    a, b = texts
    assert census([a, b], tmp_path, weight=["b.txt=2"])[0] == census([a, b, b], tmp_path)[0]


def test_fractions_are_exact_and_no_rare_run_is_lost(texts, tmp_path):
    a, b = texts
    tenths, taken = census([a, b], tmp_path, weight={"a.txt": 0.1, str(b): "1.5"})
    assert taken.unit == 10
    of_a, of_b = census([a], tmp_path)[0], census([b], tmp_path)[0]
    assert tenths == {r: of_a.get(r, 0) + 15 * of_b.get(r, 0) for r in of_a | of_b}


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("c.txt=2", r"names no input: c\.txt"),
        ("a.txt", r"--weight a\.txt is not NAME=W"),
        ("a.txt=0", r"the weight of a\.txt is 0\."),
        ("a.txt=-1", r"the weight of a\.txt is -1"),
        ("a.txt=much", r"the weight of a\.txt is much"),
        ("a.txt=nan", r"the weight of a\.txt is nan"),
        ("a.txt=1/0", r"the weight of a\.txt is 1/0"),
        ("a.txt=0.0000001", r"the weight of a\.txt is 0\.0000001"),
        ("a.txt=1000001", r"the weight of a\.txt is 1000001"),
        ("a.txt=1e-5000", r"the weight of a\.txt is 1e-5000"),
        ("a.txt=1e-999999999", r"the weight of a\.txt is 1e-999999999"),
        ("a.txt=1e999999999", r"the weight of a\.txt is 1e999999999"),
        ("a.txt=inf", r"the weight of a\.txt is inf"),
        ("a.txt=" + "3" * 9000, r"the weight of a\.txt is 3{32}\.$"),
        ("a.txt=0.00000123", "more than 1,000,000 as whole numbers: 1\\.23e-06, 1\\."),
    ],
)
def test_a_weight_that_makes_no_sense_is_refused(texts, tmp_path, weight, message):
    with pytest.raises(InputError, match=message) as caught:
        census(texts, tmp_path, weight=[weight])
    assert caught.value.hint


absurd_weights = st.one_of(
    st.floats().map(str),
    st.fractions().map(str),
    st.text(max_size=8),
    st.builds("{}{}e{}".format, st.sampled_from(["", "-"]), st.integers(0), st.integers()),
    st.integers(1, 10**6).map(lambda n: "0." + str(n) * 2000),
    st.builds("{}/{}".format, st.integers(-9), st.integers(0)),
)


@given(weights=st.lists(absurd_weights, min_size=3, max_size=3))
def test_any_weights_are_kept_exactly_or_refused_in_one_line(weights):
    parts = read_corpus(["hf:a", "hf:b", "hf:c"]).parts
    given = dict(zip(("hf:a", "hf:b", "hf:c"), weights, strict=True))
    try:
        whole, unit = weigh(parts, given)
    except InputError as error:
        refused = error
    else:
        assert [Fraction(n, unit) for n in whole] == [Fraction(weight) for weight in weights]
        assert 1 <= min(whole) <= max(whole) <= 1_000_000
        return
    assert len(f"{refused}{refused.hint}") < 250
    assert refused.hint


def test_a_weight_for_a_name_that_two_inputs_have_is_refused(texts, tmp_path):
    other = tmp_path / "other" / "a.txt"
    other.parent.mkdir()
    other.write_bytes(texts[0].read_bytes())
    with pytest.raises(InputError, match=r"a\.txt is of 2 inputs"):
        census([texts[0], other], tmp_path, weight=["a.txt=2"])
    assert census([texts[0], other], tmp_path, weight=[f"{other}=2"])[1].unit == 1


@pytest.mark.parametrize("drop", ["documents", "lines"])
def test_dropped_duplicates_count_once_over_all_inputs(texts, tmp_path, drop):
    a, b = texts
    once = tmp_path / "once.txt"
    lines = [line for path in texts for line in path.read_text(encoding="utf-8").split("\n")]
    once.write_text("\n".join(dict.fromkeys(lines)), encoding="utf-8")
    dropped, taken = census([a, b], tmp_path, drop_duplicates=drop)
    assert dropped == census([once], tmp_path)[0]
    assert taken.duplicates.n_duplicate_lines == 10
    assert census([a, b], tmp_path)[0] != dropped


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("max_memory", [None, "600MB", "4GB"])
def test_neither_memory_nor_workers_change_the_counts(
    texts, tmp_path, monkeypatch, max_memory, workers
):
    expected = census(texts, tmp_path)[0]
    monkeypatch.setattr(count_module, "GROUP_CHARS", 500)
    options = {"max_memory": max_memory, "workers": workers}
    assert census(texts, tmp_path, weight=["b.txt=1"], **options)[0] == expected
    assert not list(tmp_path.iterdir())


def test_too_little_memory_says_how_much_it_takes(texts, tmp_path):
    with pytest.raises(InputError, match="--max-memory 10 MB is too little") as caught:
        census(texts, tmp_path, max_memory="10MB")
    assert "500 MB" in caught.value.hint


@pytest.mark.parametrize("size", ["8 pounds", "", "GB", "-1GB", "1e9"])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(InputError, match="is no size of memory"):
        parse_bytes(size)


def test_an_address_for_local_work_is_refused(texts, tmp_path):
    with pytest.raises(InputError, match=r"--address 10\.0\.0\.1:6379"):
        census(texts, tmp_path, address="10.0.0.1:6379")


def test_an_unknown_engine_is_refused(texts, tmp_path):
    with pytest.raises(InputError, match="unknown engine 'spark'"):
        census(texts, tmp_path, engine="spark")
