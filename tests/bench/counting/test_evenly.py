"""The sample is every n-th document, with the smallest power of two that fits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tokext.bench.counting.evenly import EvenSample

documents = st.lists(st.text("ab", min_size=1, max_size=9), max_size=60)


@given(documents, st.integers(9, 60), st.integers(1, 7))
def test_a_sample_is_every_nth_document_however_it_is_batched(
    stream: list[str], max_chars: int, batch: int
) -> None:
    sample = EvenSample(max_chars)
    for at in range(0, len(stream), batch):
        sample.add(stream[at : at + batch])
    # A stride that was too small for some beginning of the stream is too small for all of it.
    stride = 1
    while sum(map(len, stream[::stride])) > max_chars:
        stride *= 2
    assert sample.documents == stream[::stride]
    assert sample.n_chars == sum(map(len, sample.documents)) <= max_chars


def test_a_document_that_is_too_long_is_cut() -> None:
    sample = EvenSample(3)
    sample.add(["abcdef", "gh"])
    assert sample.documents == ["abc"]


def test_a_sample_of_nothing_stays_empty() -> None:
    sample = EvenSample(0)
    sample.add(["abc", "d"])
    assert sample.documents == []
