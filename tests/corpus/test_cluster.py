"""A Ray cluster counts the same, also when a node is lost on the way; and what does not answer."""

import contextlib
import importlib.util
import os
import socket
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tokext.bench.compression import measure_compression
from tokext.corpus.census import take_census
from tokext.corpus.count import count_parts
from tokext.corpus.embedded import embedded_lines
from tokext.corpus.engines import InTurn, open_engine
from tokext.corpus.read import read_corpus
from tokext.corpus.shards import ShardsInFolder, ShardsInMemory
from tokext.errors import InputError, TokextError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="ray is not installed"),
    # Ray leaves sockets and log files open for the end of the process to close.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}


@contextlib.contextmanager
def two_nodes(monkeypatch):
    """A cluster of two nodes of one core each, and the node that can be taken away."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv(
        "PYTHONPATH", f"{Path(__file__).parent}{os.pathsep}{Path(__file__).parents[2]}"
    )
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        yield cluster, cluster.add_node(**NODE)
    finally:
        cluster.shutdown()


class Losing(ShardsInMemory):
    """Keeps counts, and takes a node away when some are there."""

    def __init__(self, remove_node):
        super().__init__()
        self.remove_node = remove_node

    def put(self, key, table):
        super().put(key, table)
        if key == "9":
            self.remove_node()


def numbers(row):
    return {k: v for k, v in row.as_dict().items() if k not in ("seconds", "created")}


def square_slowly(number):
    time.sleep(0.5)
    return number * number


def fail(number):
    raise ZeroDivisionError(f"no {number}")


def test_a_cluster_counts_as_one_machine_does_and_a_lost_node_changes_nothing(
    tmp_path, monkeypatch
):
    lines = list(embedded_lines("ja"))
    batches = [lines[at : at + 20] for at in range(0, len(lines), 20)]
    options = {"language": "ja", "boundary": "punctuation", "group_chars": 1000}
    local = count_parts([(batches, 3)], engine=InTurn(), **options)
    with (
        two_nodes(monkeypatch) as (cluster, second),
        open_engine("ray", address=cluster.address) as engine,
    ):
        assert engine.n_workers == 2
        shards = ShardsInFolder(tmp_path)
        assert count_parts([(batches, 3)], engine=engine, shards=shards, **options) == local

        mistral = "mistralai/Mistral-7B-v0.1"
        text = [("lines", lines * 3)]
        [here] = measure_compression(mistral, text, document_lines=20)
        [there] = measure_compression(mistral, text, document_lines=20, engine="ray")
        assert numbers(there) == numbers(here)

        (tmp_path / "ja.txt").write_text("\n".join(lines[:50]), encoding="utf-8")
        corpus, ja = read_corpus(tmp_path / "ja.txt"), {"language": "ja", "boundary": "none"}
        with take_census(
            corpus, tmp_path / "out", **ja, workers=64, engine="ray", address=cluster.address
        ) as census:  # so many are in the cluster: what goes on here has the cores of here
            assert census.workers <= (os.cpu_count() or 1)

        results = engine.map(square_slowly, range(9))  # both nodes are at work all the time
        first = next(results)
        remove = partial(cluster.remove_node, second, allow_graceful=False)
        shards = Losing(remove)
        assert count_parts([(batches, 3)], engine=engine, shards=shards, **options) == local
        assert [first, *results] == [n * n for n in range(9)]
        assert second not in cluster.list_all_nodes()
        with pytest.raises(TokextError, match=r"a task failed on the Ray cluster: no 0\."):
            list(engine.map(fail, range(2)))


def test_an_address_that_nobody_answers_at_is_said_within_seconds():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    started = time.monotonic()
    with (
        pytest.raises(InputError, match=f"the Ray cluster at {address} does not answer") as caught,
        open_engine("ray", address=address),
    ):
        pass
    assert "ray start --head --disable-usage-stats" in caught.value.hint
    assert time.monotonic() - started < 60


def test_what_answers_and_is_not_ray_is_said_in_one_line(monkeypatch, capfd):
    monkeypatch.setattr("tokext.corpus.cluster._JOIN_SECONDS", 8.0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    try:
        with (
            pytest.raises(InputError, match=rf"\b{address}\b.*Ray cluster") as caught,
            open_engine("ray", address=address),
        ):
            pass
    finally:
        server.shutdown()
        server.server_close()
    assert "\n" not in str(caught.value)
    assert "ray status" in caught.value.hint
    assert "gcs" not in capfd.readouterr().err.lower()


@pytest.mark.parametrize(
    "address", ["nowhere", "host:port", "ray://", "host:99999", "ray://127.0.0.1:10001"]
)
def test_what_is_no_address_is_refused(address):
    """Ray's client is in none of the packages that come with tokext, so its form is none."""
    with (
        pytest.raises(InputError, match=f"--address {address} is no address") as caught,
        open_engine("ray", address=address),
    ):
        pass
    assert "write host:port" in caught.value.hint
