"""Duplicates, against sets of whole texts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.corpus.duplicates import DigestSet, Duplicates
from tokext.errors import InputError, OutputError

texts = st.lists(st.sampled_from(["春", "夏", "秋冬", " ", ""]), min_size=1, max_size=4)
documents = texts.map("\n".join).filter(lambda d: d.strip())
batches = st.lists(st.lists(documents, min_size=1, max_size=5), max_size=6)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 40), max_size=9), max_size=20), st.integers(1, 8))
def test_a_set_of_digests_agrees_with_a_set(many, array_size):
    digests, seen = DigestSet(array_size), set()
    for some in many:
        expected = []
        for value in some:
            expected.append(value not in seen)
            seen.add(value)
        assert digests.add(np.array(some, np.uint64)).tolist() == expected
    assert len(digests) == len(seen)


@settings(deadline=None)
@given(batches)
def test_documents_agree_with_the_obvious_loop(given_batches):
    gate, seen, expected = Duplicates("documents"), set(), []
    kept = [d for batch in gate.through(given_batches) for d in batch]
    everything = [d for batch in given_batches for d in batch]
    for document in everything:
        if document not in seen:
            seen.add(document)
            expected.append(document)
    assert kept == expected
    assert gate.stats.n_duplicate_documents == len(everything) - len(expected)


@settings(deadline=None)
@given(batches)
def test_lines_agree_with_the_obvious_loop(given_batches):
    gate, seen, expected, n_lines = Duplicates("lines"), set(), [], 0
    kept = [d for batch in gate.through(given_batches) for d in batch]
    for document in (d for batch in given_batches for d in batch):
        left = []
        for line in document.split("\n"):
            n_lines += bool(line.strip())
            if line not in seen or not line.strip():
                left.append(line)
                seen.add(line)
        if "".join(left).strip():
            expected.append("\n".join(left))
    assert kept == expected
    assert gate.stats.n_lines == n_lines
    assert gate.stats.n_duplicate_lines == n_lines - len({s for s in seen if s.strip()})


@settings(deadline=None)
@given(batches)
def test_without_the_option_everything_passes_and_is_counted(given_batches):
    gate, dropping = Duplicates(), Duplicates("documents")
    assert [b for b in gate.through(given_batches) if b] == given_batches
    list(dropping.through(given_batches))
    assert gate.stats.n_dropped_chars == 0
    assert gate.stats.n_duplicate_documents == dropping.stats.n_duplicate_documents


def test_an_unknown_kind_is_refused():
    with pytest.raises(InputError, match="drop_duplicates is 'words'"):
        Duplicates("words")


def test_digests_lie_in_the_folder_and_what_fills_it_is_named(tmp_path):
    digests = DigestSet(1000, tmp_path)
    digests.add(np.arange(1000, dtype=np.uint64))
    assert digests.add(np.array([999, 1000], np.uint64)).tolist() == [False, True]
    resource = pytest.importorskip("resource", reason="only Unix limits the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OutputError, match=f"remembered in {tmp_path}: File too large"):
            digests.add(np.arange(2000, 4000, dtype=np.uint64))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
