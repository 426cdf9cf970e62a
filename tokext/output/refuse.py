"""Outputs that may not be written: a name that is taken, a place that is being read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tokext.errors import OutputError


def refuse_taken(final: str | Path, force: bool, *, folder: bool = False) -> None:
    """Refuse what stands at the name already and may not be replaced.

    Args:
        final: The name.
        force: Whether it may be replaced by its like.
        folder: Whether a folder is to be written there, or a file.

    Raises:
        OutputError: It may not.
    """
    final = Path(os.path.abspath(final))
    if not os.path.lexists(final):
        return
    if final.is_dir() != folder:
        there, wanted = ("file", "folder") if folder else ("folder", "file")
        raise OutputError(
            f"{final} is a {there}; the output is a {wanted}.", hint="choose another -o."
        )
    if not force:
        raise OutputError(
            f"{final} exists already.", hint="choose another -o, or add --force to replace it."
        )
    if folder and Path.cwd().is_relative_to(final):
        raise OutputError(
            f"{final} is the folder that this runs in, or holds it, and cannot be replaced.",
            hint="choose an -o of its own.",
        )


def refuse_inputs(final: str | Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output that would change what is being read.

    Args:
        final: The name of the output.
        inputs: Files and folders that are read.

    Raises:
        OutputError: It would replace one of them, or lies inside one.
    """
    place = Path(os.path.realpath(final))
    for given in inputs:
        source = Path(os.path.realpath(given))
        if source.is_relative_to(place):
            raise OutputError(
                f"the output {final} would replace the input {given}.",
                hint="choose an -o of its own.",
            )
        if source.is_dir() and place.is_relative_to(source):
            raise OutputError(
                f"the output {final} lies inside the input {given}, and would become part of it.",
                hint="choose an -o outside the folder that is read.",
            )
