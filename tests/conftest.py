"""What all tests share: no network, and one small vocabulary of each kind, made once a session."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import hypothesis
import pytest

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything asks the hub's client, which reads it once

from tokext.corpus.embedded import embedded_files
from tokext.merge.extension import merge_vocab
from tokext.vocab.added import train_vocab

#: A busy machine is no reason to fail: how long an example takes says nothing about what it shows.
hypothesis.settings.register_profile("tokext", deadline=None)
hypothesis.settings.load_profile("tokext")


@pytest.fixture(scope="session")
def added_folder(tmp_path_factory) -> Path:
    """1,500 pieces that continue Mistral's merges, learned from the embedded Japanese corpora."""
    folder = tmp_path_factory.mktemp("shared") / "added"
    train_vocab(embedded_files("ja", held_out=False), folder, size=1500, workers=1)
    return folder


@pytest.fixture(scope="session")
def extended_folder(added_folder) -> Path:
    """Mistral's tokenizer with the pieces of `added_folder`, every guarantee proved."""
    folder = added_folder.with_name("extended")
    merge_vocab(added_folder, folder)
    return folder


@pytest.fixture
def interruptible():
    """Interrupts are heard, though who runs the tests in the background had them ignored."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def tiny_disk(tmp_path):
    """A real file system of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


#: Rooms and files whose tests take a second or more each: `make quick` leaves them out.
_LONG = (
    "tests/report/",
    "tests/model/",
    "tests/bench/test_plan.py",
    "tests/bench/sampling/test_sample.py",
    "tests/bench/server/test_server.py",
    "tests/bench/speed/test_throughput.py",
    "tests/bench/test_compression.py",
    "tests/bench/test_benchmark_table.py",
    "tests/cli/test_resize_commands.py",
    "tests/cli/test_report_command.py",
    "tests/cli/test_bench_compression.py",
    "tests/cli/test_cli_bad_input.py",
    "tests/cli/test_merge_and_verify.py",
    "tests/corpus/test_read_",
    "tests/corpus/test_count.py",
    "tests/corpus/test_shards.py",
    "tests/merge/test_verify_says_no.py",
    "tests/vocab/test_any_language.py",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.nodeid.startswith(_LONG):
            item.add_marker(pytest.mark.slow)
