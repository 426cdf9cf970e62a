"""A checkpoint by its name on the hub: one on loopback, in a process with an empty cache."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "tokenizer"))

from hub_server import COMMIT, Hub, serve

from tokext.model.find import lacks

pytestmark = pytest.mark.slow

SHARDS = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
INDEX = "model.safetensors.index.json"

_FETCH = """
import sys
from huggingface_hub import hf_hub_download
for name in sys.argv[2:]:
    hf_hub_download(sys.argv[1], name)
"""
_FIND = """
import json, sys
from tokext.errors import TokextError
from tokext.model.find import find_checkpoint
try:
    found = find_checkpoint(sys.argv[1], for_weights=sys.argv[2:] != ["tokenizer"])
    told = {"files": sorted(p.name for p in found.folder.iterdir()), "revision": found.revision}
except TokextError as error:
    told = {"error": str(error), "hint": error.hint}
print(json.dumps(told))
"""


@pytest.fixture
def hub():
    weights = {"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}
    hub = Hub({"config.json": b"{}", INDEX: json.dumps(weights).encode(), "tokenizer.model": b"t"})
    hub.files |= dict.fromkeys(SHARDS, b"weights")
    hub.endpoint, server = serve(hub)
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(hub, tmp_path):
    """Run a program about the hub's repository, in a process with the test's cache."""

    def done(program, *arguments, **environment):
        cleaned = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        here = str(Path(__file__).parents[2])
        cleaned |= {"PYTHONPATH": here, "HF_HOME": str(tmp_path), "HF_ENDPOINT": hub.endpoint}
        command = [sys.executable, "-c", program, hub.repository, *arguments]
        ended = subprocess.run(
            command, capture_output=True, text=True, env=cleaned | environment, timeout=100
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout) if ended.stdout else {}

    return done


@pytest.mark.parametrize(
    "held",
    [
        ["tokenizer.model"],
        ["config.json", INDEX, SHARDS[0]],
        ["config.json", SHARDS[0]],
        ["config.json", *SHARDS],
    ],
)
def test_what_a_half_filled_cache_lacks_is_fetched_once(hub, run, held):
    run(_FETCH, *held)
    assert run(_FIND) == {"files": sorted(hub.files), "revision": COMMIT}
    hub.requests.clear()
    assert run(_FIND)["files"] == sorted(hub.files)
    assert hub.requests == []


def test_weights_in_the_layout_of_another_program_are_not_fetched(hub, run):
    hub.files["consolidated.safetensors"] = b"the same weights"
    assert run(_FIND)["files"] == sorted(set(hub.files) - {"consolidated.safetensors"})
    assert not any("consolidated" in path for _, path, _ in hub.requests if "/resolve/" in path)


def test_offline_the_file_that_the_cache_lacks_is_named(hub, run):
    run(_FETCH, "config.json", INDEX, SHARDS[0])
    told = run(_FIND, HF_HUB_OFFLINE="1")
    assert told["error"] == (
        f"{hub.repository} is without {SHARDS[1]} in the hub's cache, and HF_HUB_OFFLINE is set."
    )


def test_pickles_on_the_hub_are_refused_with_the_command_that_converts_them(hub, run):
    hub.files = {"config.json": b"{}", "training_args.bin": b"", "pytorch_model.bin": b"\x80\x02"}
    for _ in range(2):
        told = run(_FIND)
        assert told["error"].startswith(f"pytorch_model.bin of {hub.repository} is a pickle")
        assert f"M.from_pretrained('{hub.repository}'" in told["hint"]
        assert ".save_pretrained('base-safetensors')" in told["hint"]
    assert not any(path.endswith(".bin") for _, path, _ in hub.requests)


def test_a_repository_of_pickles_gives_its_tokenizer(hub, run):
    hub.files = {"tokenizer.model": b"t", "config.json": b"{}", "pytorch_model.bin": b"\x80\x02"}
    assert run(_FIND, "tokenizer")["files"] == ["config.json", "tokenizer.model"]
    assert "files" in run(_FIND, "tokenizer", HF_HUB_OFFLINE="1")


def test_a_repository_without_weights_is_left_to_who_opens_it(hub, run):
    hub.files = {"config.json": b"{}"}
    assert run(_FIND)["files"] == ["config.json"]


def test_a_whole_folder_lacks_nothing(pico, tmp_path):
    assert lacks(pico) == ""
    assert lacks(tmp_path) == "config.json"
    (tmp_path / "config.json").touch()
    assert lacks(tmp_path) == "model.safetensors"
    (tmp_path / "named-otherwise.safetensors").touch()
    assert lacks(tmp_path) == ""
