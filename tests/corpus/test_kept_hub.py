"""A data set streamed from a hub on this machine: pinned, and not fetched twice after a kill."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from dataset_server import COMMIT, serve

pytest.importorskip("datasets", reason="needs tokext[hub]")

PROGRAM = """
import json, os, sys
from pathlib import Path
from tokext.corpus import hub, kept
from tokext.corpus.read import read_corpus
hub._BATCH_ROWS, kept._FILE_BATCHES = 100, 3
n_before_kill = int(sys.argv[2])
part = read_corpus("hf:o/d").parts[0]
texts = []
for batch in part.read(lambda n: None, Path(sys.argv[1])):
    texts += batch
    if len(texts) >= n_before_kill:
        os._exit(9)
print(json.dumps([texts, part.files[0].name, part.files[0].sha256, part.stats.n_documents]))
"""


def parquet(texts):
    out = io.BytesIO()
    pa.parquet.write_table(pa.table({"text": texts}), out, row_group_size=250)
    return out.getvalue()


def jsonl(texts):
    return "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()


def read(address, folder, cache, n_before_kill=10**9):
    environment = os.environ | {
        "HF_ENDPOINT": address,
        "HF_HUB_OFFLINE": "0",
        "HF_HOME": str(cache),
        "HF_HUB_DISABLE_XET": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    command = [sys.executable, "-c", PROGRAM, str(folder), str(n_before_kill)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "write"), [("parquet", parquet), ("jsonl", jsonl)])
def test_a_killed_stream_goes_on_where_it_was_and_gives_the_same(tmp_path, suffix, write):
    texts = [f"{n}番目の文書である。" for n in range(1500)]
    starts = range(0, 1500, 250)
    names = [f"train-{n:05}-of-00006.{suffix}" for n in range(6)]
    files = {n: write(texts[at : at + 250]) for n, at in zip(names, starts, strict=True)}
    address, fetched, server = serve(files)
    try:
        whole = read(address, tmp_path / "whole", tmp_path / "cache")
        assert whole.returncode == 0, whole.stderr
        documents, name, _, n_documents = json.loads(whole.stdout)
        assert (documents, n_documents) == (texts, 1500)
        assert name == f"hf:o/d@{COMMIT}"

        killed = read(address, tmp_path / "kept", tmp_path / "cache", n_before_kill=1100)
        assert killed.returncode == 9, killed.stderr
        fetched.clear()
        again = read(address, tmp_path / "kept", tmp_path / "cache")
        assert again.stdout == whole.stdout, again.stderr
        assert names[-1] in fetched
        assert not {names[1], names[2]} & set(fetched)  # the first is where the columns are seen
    finally:
        server.shutdown()
        server.server_close()
