"""The small systems, written once, and each page's commands, run once in a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from completions import serve_completions
from page_folder import DOCS, fill, run_page
from small_systems import SYSTEMS, System

torch.set_num_threads(1)


@dataclass(frozen=True)
class Ran:
    """A page's folder after all its commands ran."""

    system: System
    folder: Path
    commands: list[str]
    prompts: list[str]

    @property
    def base(self) -> Path:
        """The checkpoint that `resize` was given."""
        return self.folder / self._resize[2]

    @property
    def extended(self) -> Path:
        """The checkpoint that it made."""
        return self.folder / self._resize[-1]

    @property
    def again(self) -> Path:
        """What `revert` made of that."""
        return self.folder / self.commands[-1].split()[-1]

    @property
    def _resize(self) -> list[str]:
        return next(c for c in self.commands if c.startswith("tokext resize")).split()


@pytest.fixture(scope="module", params=SYSTEMS, ids=[s.page for s in SYSTEMS])
def ran(request, tmp_path_factory) -> Ran:
    """The page's commands, run where hub ids are folders that hold small checkpoints."""
    system, folder = request.param, tmp_path_factory.mktemp(request.param.page)
    page = DOCS / "systems" / f"{system.page}.md"
    fill(folder, page)
    with serve_completions(folder / "xwin-ja") as (address, prompts):
        instead = {"http://localhost:8000/v1": address, "llama-2-7b": "mistral-tiny"}
        return Ran(system, folder, run_page(page, folder, instead), prompts)
