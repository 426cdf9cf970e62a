"""transformers' loaders as tokext calls them: files of this machine, no code of theirs, no bars.

Where nothing is said about a checkpoint's own code, transformers asks at the terminal, and a `y` on
standard input runs it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokext.errors import ModelError

_HERE = {"local_files_only": True, "trust_remote_code": False}


class NotRunnableError(ModelError):
    """A checkpoint that can be edited as files, and not be run."""


def load_causal_model(folder: str | Path, **options: Any) -> Any:
    """The causal language model in a folder, by transformers' own classes alone."""
    from transformers import AutoModelForCausalLM

    with no_progress_bars():
        return AutoModelForCausalLM.from_pretrained(str(folder), **_HERE, **options)


def load_auto_tokenizer(folder: str | Path) -> Any:
    """What `AutoTokenizer` makes of a folder, by transformers' own classes alone."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), **_HERE)


def load_to_check(folder: str | Path, dtype: str = "auto") -> Any:
    """A model in inference, in the dtype of its files if no other is named.

    Raises:
        NotRunnableError: transformers cannot build it, or only by running the checkpoint's code.
    """
    try:
        return load_causal_model(folder, dtype=dtype).eval()
    except Exception as error:  # what transformers stumbles over has no common class
        raise NotRunnableError(
            f"the model in {folder} cannot be run: {why(error)}",
            hint="leave the check out with --no-check-logits, or install what is missing.",
        ) from error


def why(error: BaseException) -> str:
    """The first line of what transformers says, without its advice to run unknown code."""
    said = str(error).strip()
    if "trust_remote_code" in said:
        return "it needs code that comes with the checkpoint, and tokext runs none."
    first = said.splitlines()[0] if said else type(error).__name__
    if isinstance(error, TypeError | AttributeError):  # of its code, over what a file holds
        return f"transformers stumbles over its files ({type(error).__name__}: {first})"
    return first


@contextlib.contextmanager
def no_progress_bars() -> Iterator[None]:
    """Switch transformers' own bars off, and on again if they were on: `--quiet` hides ours."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
