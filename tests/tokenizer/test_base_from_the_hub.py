"""A name looked up on the hub. Every look-up runs in a process of its own: the hub's client reads
its environment when it is imported."""

import contextlib
import importlib.resources
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hub_server import COMMIT, Hub, serve

pytestmark = pytest.mark.slow

DEFAULT = "mistralai/Mistral-7B-v0.1"

_LOOK_UP = """
import json, sys, time
from tokext.errors import TokextError
from tokext.tokenizer.base import find_base
start = time.perf_counter()
try:
    found = find_base(sys.argv[1])
    result = {"files": {n: str(p) for n, p in found.files.items()},
              "revision": found.revision, "note": found.note, "name": found.name,
              "license": found.license}
except TokextError as error:
    result = {"error": str(error), "hint": error.hint}
print(json.dumps(result | {"seconds": time.perf_counter() - start}))
"""


@pytest.fixture
def hub():
    """A hub on loopback; a test fills it and says how it answers."""
    hub = Hub(files={"tokenizer.json": b"{}"})
    hub.endpoint, server = serve(hub)
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def in_a_process(tmp_path):
    """Run a program in a process of its own, with an empty cache that lasts for the test."""

    def run(program, *arguments, endpoint, **environment):
        cleaned = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        here = Path(__file__).parents[2]
        environment = cleaned | {
            "PYTHONPATH": str(here),
            "HF_HOME": str(tmp_path / "cache"),
            "HF_ENDPOINT": endpoint,
            **environment,
        }
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=100,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def look_up(in_a_process):
    """Find a base in a process of its own."""

    def found(name, endpoint="http://127.0.0.1:9", **environment):
        return json.loads(in_a_process(_LOOK_UP, name, endpoint=endpoint, **environment))

    return found


def test_files_and_the_resolved_revision_come_from_the_hub(hub, look_up):
    hub.files = {"tokenizer.model": b"model", "LICENSE": b"terms", "weights.safetensors": b"x" * 9}
    found = look_up(hub.repository, hub.endpoint)
    assert found["revision"] == COMMIT
    assert f"{hub.repository}: revision {COMMIT} from the hub." == found["note"]
    assert sorted(found["files"]) == ["LICENSE", "tokenizer.model"]
    assert Path(found["files"]["tokenizer.model"]).read_bytes() == b"model"
    assert not any("weights" in path for _, path, _ in hub.requests)


def test_licences_and_named_templates_come_from_the_hub_however_their_names_are_written(
    hub, look_up
):
    carried = {
        "license.txt", "LICENSES/MIT.txt", "ThirdPartyNotices.txt", "Third-Party-Notices.md",
        "notice", "LICENCE.md", "EULA.pdf", "PATENTS", "Base-LICENSE-v2.txt", "licenses/third/MIT",
        "additional_chat_templates/rag.jinja",
    }  # fmt: skip
    hub.files |= dict.fromkeys(carried, b"terms") | {"onnx/LICENSE": b"", "licensed.py": b""}
    found = look_up(hub.repository, hub.endpoint)
    assert set(found["files"]) == {"tokenizer.json", *carried}


def test_the_licence_that_a_card_states_is_known_and_the_card_stays_behind(hub, look_up):
    hub.files["README.md"] = b"---\nlicense: mit\n---\n# Zephyr\n"
    found = look_up(hub.repository, hub.endpoint)
    assert (found["license"], set(found["files"])) == ("mit", {"tokenizer.json"})


def test_a_second_look_up_asks_the_cache_alone(hub, look_up):
    look_up(hub.repository, hub.endpoint)
    hub.requests.clear()
    found = look_up(hub.repository, hub.endpoint)
    assert (found["revision"], hub.requests) == (COMMIT, [])
    assert "from the hub's cache" in found["note"]


_FETCH_ONE = """
import sys
from huggingface_hub import hf_hub_download
hf_hub_download(sys.argv[1], "tokenizer.json", revision=sys.argv[2] or None)
"""


@pytest.fixture
def half_cached(hub, in_a_process):
    """A cache that holds one file of a base: of a killed download, or of another program."""
    hub.files |= {"tokenizer.model": b"model", "tokenizer_config.json": b"{}", "LICENSE": b"terms"}

    def cached(revision):
        in_a_process(_FETCH_ONE, hub.repository, revision, endpoint=hub.endpoint)
        hub.requests.clear()
        return f"{hub.repository}@{revision}".removesuffix("@")

    return cached


@pytest.mark.parametrize("revision", ["", "main", COMMIT])
def test_what_a_half_filled_cache_lacks_comes_from_the_hub_once(
    hub, look_up, half_cached, revision
):
    name = half_cached(revision)
    found = look_up(name, hub.endpoint)
    assert (set(found["files"]), found["revision"]) == (set(hub.files), COMMIT)
    assert f"{COMMIT} from the hub's cache, compared with the hub." in found["note"]
    hub.requests.clear()
    again = look_up(name, hub.endpoint)
    assert (set(again["files"]), hub.requests) == (set(hub.files), [])
    Path(found["files"]["LICENSE"]).unlink()  # and a cache that lost a file again is not whole
    assert set(look_up(name, hub.endpoint)["files"]) == set(hub.files)


@pytest.mark.parametrize(
    ("endpoint", "environment", "reason"),
    [
        ("http://127.0.0.1:9", {}, "the hub cannot be reached"),
        ("", {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
    ],
)
def test_a_half_filled_cache_is_used_without_a_hub_and_says_what_may_be_missing(
    hub, look_up, half_cached, endpoint, environment, reason
):
    found = look_up(half_cached(""), endpoint or hub.endpoint, **environment)
    assert list(found["files"]) == ["tokenizer.json"]
    assert f"may lack files of it, licences among them: {reason}." in found["note"]


def test_a_hub_that_no_longer_has_a_revision_leaves_the_cache_as_it_is(hub, look_up, half_cached):
    name = half_cached("")
    hub.revisions = ("main",)
    found = look_up(name, hub.endpoint)
    assert (list(found["files"]), found["revision"]) == (["tokenizer.json"], COMMIT)
    assert "may lack files" in found["note"]


@pytest.mark.parametrize("revision", ["v1.0", COMMIT])
def test_a_revision_pins_it(hub, look_up, revision):
    hub.revisions = ("v1.0", COMMIT)
    found = look_up(f"{hub.repository}@{revision}", hub.endpoint)
    assert found["revision"] == COMMIT


def test_an_unknown_revision_is_named(hub, look_up):
    found = look_up(f"{hub.repository}@v9", hub.endpoint)
    assert found["error"] == "owner/base has no revision 'v9'."
    assert found["hint"]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (401, "", "refuses it (401)"),
        (401, "GatedRepo", "refuses it (401)"),
        (403, "GatedRepo", "refuses it (403)"),
        (500, "", "answered 500"),
        (503, "", "answered 503"),
    ],
)
def test_a_refusal_leads_to_the_copy_of_mistral_common(hub, look_up, status, code, reason):
    hub.status, hub.error_code = status, code
    found = look_up(DEFAULT, hub.endpoint)
    assert reason in found["note"]
    assert "using the copy in mistral-common" in found["note"]
    assert found["revision"].startswith("sha256:dadfd56d")
    assert found["seconds"] < 5
    other = look_up(hub.repository, hub.endpoint)
    assert reason in other["error"]


def test_a_repository_that_is_not_there_is_no_reason_to_fall_back(hub, look_up):
    found = look_up("mistralai/Mistral-7B-v0.11", hub.endpoint)
    assert found["error"].startswith("there is no tokenizer 'mistralai/Mistral-7B-v0.11'")
    assert found["hint"] == f"did you mean {DEFAULT}?"
    hub.files = {}
    assert "error" in look_up(DEFAULT, hub.endpoint)


def test_a_repository_without_a_tokenizer_says_what_it_holds(hub, look_up):
    hub.files = {"LICENSE": b"terms", "weights.safetensors": b""}
    found = look_up(hub.repository, hub.endpoint)
    assert "neither tokenizer.model nor tokenizer.json" in found["error"]


def test_nobody_listens(look_up):
    found = look_up(DEFAULT)
    assert "cannot be reached" in found["note"]
    assert min(found["seconds"], look_up(DEFAULT)["seconds"]) < 2


def test_nothing_but_the_repository_is_asked_for(hub, look_up):
    look_up(hub.repository, hub.endpoint)
    assert hub.requests
    assert all(hub.repository in path for _, path, _ in hub.requests)


def test_offline_mode_asks_nobody(hub, look_up):
    found = look_up(DEFAULT, hub.endpoint, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in found["note"]
    assert hub.requests == []
    again = look_up(DEFAULT, hub.endpoint, HF_HUB_OFFLINE="1")
    assert min(found["seconds"], again["seconds"]) < 2
    other = look_up("mistralai/Mistral-7B-v0.2", hub.endpoint, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in other["error"]
    assert other["hint"] == f"did you mean {DEFAULT}?"
    assert hub.requests == []


def test_a_pinned_revision_does_not_come_from_the_copy(hub, look_up):
    found = look_up(f"{DEFAULT}@main", hub.endpoint, HF_HUB_OFFLINE="1")
    assert "A pinned revision cannot come from the copy in mistral-common." in found["error"]
    assert found["hint"] == f"give {DEFAULT} without @main to use that copy."


def test_a_hub_that_keeps_silent_is_not_waited_for(hub, look_up):
    hub.stall_seconds = 30
    found = look_up(DEFAULT, hub.endpoint)
    assert "cannot be reached" in found["note"]
    assert found["seconds"] < 5


def test_a_hub_that_answers_and_then_stalls_on_files_is_given_up(hub, look_up):
    hub.repository = DEFAULT
    hub.stall_files = 60
    start = time.perf_counter()
    found = look_up(DEFAULT, hub.endpoint)
    assert "the hub answered, then sent nothing for 8 s; using the copy in" in found["note"]
    assert found["seconds"] < 15
    assert time.perf_counter() - start < 30  # nothing is waited for at the end of the program


def test_the_cache_answers_when_the_hub_does_not(hub, look_up):
    look_up(hub.repository, hub.endpoint)
    assert look_up(hub.repository)["revision"] == COMMIT
    assert look_up(hub.repository, HF_HUB_OFFLINE="1")["revision"] == COMMIT


def test_the_token_goes_to_the_endpoint_as_bearer(hub, look_up):
    hub.token = "hf_secret"
    assert "refuses it (401)" in look_up(hub.repository, hub.endpoint)["error"]
    hub.requests.clear()
    found = look_up(hub.repository, hub.endpoint, HF_TOKEN="hf_secret")
    assert found["revision"] == COMMIT
    assert {token for _, _, token in hub.requests} == {"Bearer hf_secret"}


@pytest.mark.parametrize(
    "evil", ["../LICENSE-evil", "../../../LICENSE-evil", "/tmp/LICENSE-evil", "a/../../LICENSE.x"]
)
def test_a_file_name_cannot_leave_the_cache(hub, look_up, tmp_path, evil):
    hub.files = {"tokenizer.json": b"{}", evil: b"evil"}
    look_up(hub.repository, hub.endpoint)
    snapshot = tmp_path / "cache" / "hub" / "models--owner--base" / "snapshots" / COMMIT
    named = list(tmp_path.rglob("*LICENSE*"))
    assert all(snapshot in p.parents for p in named)
    assert not Path("/tmp/LICENSE-evil").exists()


@pytest.mark.parametrize("name", ["../etc/passwd", "a/../b", "a/..", "a b/c", "", "x" * 5000])
def test_what_is_no_name_asks_nobody(hub, look_up, name):
    found = look_up(name, hub.endpoint)
    assert found["error"]
    assert hub.requests == []


def test_a_copy_of_mistral_common_that_was_changed_is_refused(monkeypatch, tmp_path):
    import mistral_common

    from tokext.errors import TokenizerError
    from tokext.tokenizer import base

    real = importlib.resources.files(mistral_common) / "data" / "tokenizer.model.v1"
    (tmp_path / "data").mkdir()
    changed = tmp_path / "data" / "tokenizer.model.v1"
    changed.write_bytes(real.read_bytes()[:-1] + b"!")
    monkeypatch.setattr(importlib.resources, "files", lambda package: tmp_path)
    with pytest.raises(TokenizerError, match=r"has sha256 .*, not dadfd56d"):
        base._from_mistral_common("the hub is away")
    changed.unlink()
    with pytest.raises(TokenizerError, match="no longer ships"):
        base._from_mistral_common("the hub is away")


def test_a_hub_that_answers_a_byte_at_a_time_is_not_waited_for(look_up):
    """Each byte comes well inside the time-out of a read; the whole answer would take a minute."""

    def drip(connection):
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 120\r\n\r\n{"
        with connection, contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(head)
            for _ in range(120):
                time.sleep(0.5)
                connection.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=drip, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        found = look_up(DEFAULT, f"http://127.0.0.1:{server.getsockname()[1]}")
    assert "cannot be reached" in found["note"]
    assert found["seconds"] < 5
