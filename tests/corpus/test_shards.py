"""Counts kept on the way: found again by what they cover, and never taken for anything else."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow
import pytest

from tokext.corpus.boundaries import runs_of
from tokext.corpus.count import count_parts
from tokext.corpus.counts import table_of
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.engines import InTurn, Processes
from tokext.corpus.shards import ShardsInFolder, ShardsInMemory, shards_beside
from tokext.errors import OutputError
from tokext.languages import find_language

LINES = list(embedded_lines("ja"))
FIND = runs_of(find_language("ja"), "punctuation")


class Watched(InTurn):
    """An engine that says how many jobs it was given."""

    n_jobs = 0

    def map(self, task, jobs):
        for job in jobs:
            self.n_jobs += 1
            yield task(job)


def count(lines, shards=None, engine=None, boundary="punctuation", times=1):
    return count_parts(
        [([lines], times)] if isinstance(lines[0], str) else [(lines, times)],
        language="ja",
        boundary=boundary,
        engine=engine or Watched(),
        shards=shards,
        group_chars=300,
    )


def batches(lines, n=10):
    return [lines[at : at + n] for at in range(0, len(lines), n)]


EXPECTED = Counter(run for line in LINES for run in FIND(line))


@pytest.mark.parametrize("engine", [InTurn(), Processes(2)], ids=["in turn", "processes"])
@pytest.mark.parametrize("kept", ["in memory", "in files"])
def test_counts_are_the_same_wherever_they_are_made_and_kept(tmp_path, engine, kept):
    shards = ShardsInMemory() if kept == "in memory" else ShardsInFolder(tmp_path)
    assert count(batches(LINES), shards, engine) == EXPECTED


@pytest.mark.parametrize(("n_held", "in_files"), [(1_000, False), (5, True), (0, True)])
def test_only_a_corpus_of_more_than_may_be_held_goes_to_files(tmp_path, n_held, in_files):
    shards = ShardsInFolder(tmp_path / "counts", n_held=n_held)
    expected = {run: 3 * n for run, n in EXPECTED.items()}
    assert count(batches(LINES), shards, times=3) == expected
    assert (tmp_path / "counts").exists() == in_files
    again = Watched()
    assert count(batches(LINES), shards, again, times=3) == expected
    assert (again.n_jobs == 0) == in_files


def test_many_shards_merge_in_rounds(tmp_path):
    expected = {run: 5 * n for run, n in EXPECTED.items()}
    assert count(batches(LINES), ShardsInFolder(tmp_path, merge_bytes=0), times=5) == expected


def test_merging_stays_within_its_memory(tmp_path):
    """By what Arrow itself says it held at most; long runs take more of it than short ones."""
    keys = [(str(n), 1) for n in range(24)]
    shards = ShardsInFolder(tmp_path, merge_bytes=16_000_000)
    for key, _ in keys:
        shards.put(key, table_of({f"{n}と{key}" + "は" * 60: 1 for n in range(10_000)}))
    before = pyarrow.default_memory_pool()
    pool = pyarrow.proxy_memory_pool(before)
    pyarrow.set_memory_pool(pool)
    try:
        assert len(shards.merged(keys)) == 240_000
    finally:
        pyarrow.set_memory_pool(before)
    assert pool.max_memory() <= 16_000_000


def test_what_is_counted_is_not_counted_again(tmp_path):
    once, again, shards = Watched(), Watched(), ShardsInFolder(tmp_path)
    first = count(batches(LINES), shards, once)
    assert count(batches(LINES), shards, again) == first
    assert (once.n_jobs > 10, again.n_jobs) == (True, 0)


@pytest.mark.parametrize("change", ["text", "boundary"])
def test_what_changed_is_counted_again(tmp_path, change):
    shards, engine = ShardsInFolder(tmp_path), Watched()
    n_all = len(batches(LINES[:60]))
    count(batches(LINES[:60]), shards)
    if change == "text":
        changed = [*LINES[:59], "新しい行である。" * 9]
        expected = Counter(run for line in changed for run in FIND(line))
        assert count(batches(changed), shards, engine) == expected
        assert engine.n_jobs < n_all
    else:
        find = runs_of(find_language("ja"), "script")
        expected = Counter(run for line in LINES[:60] for run in find(line))
        assert count(batches(LINES[:60]), shards, engine, boundary="script") == expected
        assert engine.n_jobs > 1


def test_a_damaged_or_cut_shard_is_counted_again(tmp_path):
    shards = ShardsInFolder(tmp_path)
    count(batches(LINES), shards)
    files = sorted(tmp_path.iterdir())
    data = bytearray(files[0].read_bytes())
    data[len(data) // 3] ^= 1
    files[0].write_bytes(data)
    files[1].write_bytes(files[1].read_bytes()[:-9])
    files[2].write_bytes(b"")
    files[3].unlink()
    assert count(batches(LINES), shards) == EXPECTED


SCRIPT = """
import sys
from pathlib import Path
from tokext.corpus.count import count_parts
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.engines import InTurn
from tokext.corpus.shards import ShardsInFolder

class Slow(ShardsInFolder):
    def put(self, key, table):
        super().put(key, table)
        print("put", flush=True)
        sys.stdin.readline()

lines = list(embedded_lines("ja"))
batches = [lines[at : at + 10] for at in range(0, len(lines), 10)]
count_parts([(batches, 1)], language="ja", boundary="punctuation", engine=InTurn(),
            shards=Slow(Path(sys.argv[1])), group_chars=300)
"""


def test_a_killed_count_goes_on_from_its_shards(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    for _ in range(5):
        assert process.stdout.readline() == b"put\n"
        process.stdin.write(b"\n")
        process.stdin.flush()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    alone, engine = Watched(), Watched()
    count(batches(LINES), ShardsInMemory(), alone)
    assert count(batches(LINES), ShardsInFolder(tmp_path), engine) == EXPECTED
    assert alone.n_jobs - 6 <= engine.n_jobs <= alone.n_jobs - 5


def test_the_folder_beside_an_output_goes_with_success_and_stays_after_a_failure(tmp_path):
    out = tmp_path / "added"
    with contextlib.suppress(ZeroDivisionError), shards_beside(out) as shards:
        count(batches(LINES), shards)
        raise ZeroDivisionError
    assert [p.name for p in tmp_path.iterdir()] == [".added.counts"]
    with shards_beside(out) as shards:
        assert any(shards.folder.iterdir())
    assert not list(tmp_path.iterdir())


def test_a_second_run_with_the_same_output_is_refused_and_takes_nothing_away(tmp_path):
    with shards_beside(tmp_path / "added") as shards:
        count(batches(LINES), shards)
        kept = sorted(shards.folder.iterdir())
        with (
            pytest.raises(OutputError, match=f"another run is counting for {tmp_path / 'added'}"),
            shards_beside(tmp_path / "added"),
        ):
            pass
        with shards_beside(tmp_path / "other"):
            pass
        assert sorted(shards.folder.iterdir()) == kept
    with shards_beside(tmp_path / "added"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named_and_what_was_counted_stays(tiny_disk):
    shards = ShardsInFolder(tiny_disk / "counts")
    with pytest.raises(OutputError, match=f"cannot be kept in {shards.folder}: No space") as caught:
        count(batches(LINES), shards)
    assert "goes on" in caught.value.hint
    left = sorted(shards.folder.iterdir())
    assert left
    assert all(path.suffix == ".parquet" for path in left)
