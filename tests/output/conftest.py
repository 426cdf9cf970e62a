"""A process that saves when it is asked to."""

import json
import os
import subprocess
import sys

import pytest
from saves import ROOT


@pytest.fixture(scope="module")
def save():
    """Save in a process of its own; gives its exit status, and the error it met."""
    nursery = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "output" / "nursery.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )

    def ask(target, *, n_files=2, force=False, fast=True, die_at=None, seconds=None, user=None):
        options = {"n_files": n_files, "force": force, "fast": fast, "die_at": die_at}
        asked = options | {"target": str(target), "seconds": seconds, "user": user}
        nursery.stdin.write(json.dumps(asked) + "\n")
        nursery.stdin.flush()
        return tuple(json.loads(nursery.stdout.readline()))

    yield ask
    nursery.communicate()
