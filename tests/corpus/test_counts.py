"""Counted runs: sorted, added up and read back alike in memory and on disk."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.corpus.counts import RunCounts, merge_tables, table_of, write_table

#: Characters on both sides of where UTF-16 and code point order part.
runs = st.text("aぁ漢\uffe6𠮷😀", min_size=1, max_size=4)
counted = st.dictionaries(runs, st.integers(1, 9), max_size=12)


def in_file(path, mapping):
    write_table(path, [table_of(mapping)])
    return RunCounts.in_file(path)


@settings(deadline=None)
@given(counted)
def test_runs_come_in_code_point_order(mapping):
    counts = RunCounts.of(mapping)
    assert list(counts) == sorted(mapping.items())
    assert (len(counts), counts.total()) == (len(mapping), sum(mapping.values()))


@settings(deadline=None)
@given(st.lists(st.tuples(counted, st.integers(1, 3)), max_size=5), st.integers(1, 4))
def test_merged_tables_agree_with_a_counter(weighted, block_rows):
    expected = Counter()
    for mapping, times in weighted:
        for _ in range(times):
            expected.update(mapping)
    tables = list(merge_tables([(table_of(m), times) for m, times in weighted], block_rows))
    merged = [row for t in tables for row in zip(*t.to_pydict().values(), strict=True)]
    assert merged == sorted(expected.items())


def test_counts_in_a_file_are_those_in_memory(tmp_path):
    mapping = {"漢字": 2**40, "かな": 1, "𠮷野": 3}
    there = in_file(tmp_path / "counts.parquet", mapping)
    assert list(there) == sorted(mapping.items())
    assert there == RunCounts.of(mapping) == mapping
    assert there.total() == 2**40 + 4


def test_files_merge_with_tables(tmp_path):
    there = in_file(tmp_path / "counts.parquet", {"い": 1, "ろ": 2})
    merged = list(merge_tables([(there.place, 1), (table_of({"ろ": 5, "は": 1}), 1)], 1))
    path = tmp_path / "merged.parquet"
    write_table(path, merged)
    assert RunCounts.in_file(path) == {"い": 1, "は": 1, "ろ": 7}


@pytest.mark.parametrize("other", [{"い": 1}, {"い": 1, "ろ": 3}, {"い": 2, "ろ": 1}, {}])
def test_other_counts_are_not_equal(other):
    assert RunCounts.of({"い": 1, "ろ": 2}) != other


def test_a_damaged_file_is_noticed(tmp_path):
    path = tmp_path / "counts.parquet"
    in_file(path, {f"{n:05}漢字": n for n in range(5000)})
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"(?i)crc|checksum"):
        list(RunCounts.in_file(path))
