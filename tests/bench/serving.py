"""`transformers serve` on loopback, for as long as a test wants it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

_NEEDED = ("fastapi", "uvicorn", "openai", "pydantic")


@contextlib.contextmanager
def transformers_serve(model: Path, log: Path) -> Iterator[str]:
    """The address of a server of one local checkpoint; skips where the extra is not installed."""
    if not all(importlib.util.find_spec(name) for name in _NEEDED):
        pytest.skip("transformers[serving] is not installed: pip install it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-c", "from transformers.cli.transformers import main; main()",
        "serve", str(model), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu",
    ]  # fmt: skip
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    with log.open("w") as opened:
        run = subprocess.Popen(command, stdout=opened, stderr=subprocess.STDOUT, env=environment)
        try:
            _wait_until_ready(run, f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            run.terminate()
            run.wait(30)


def _wait_until_ready(run: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and run.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"transformers serve did not start:\n{log.read_text()[-3000:]}")
