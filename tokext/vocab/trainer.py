"""SentencePiece's BPE trainer, run in a process of its own.

There it can be interrupted, its memory goes back to the system, its log becomes progress, and a
trainer that dies for want of memory is one clear error instead of the end of the program.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from tokext.errors import InputError, TokextError
from tokext.output import scratch_folder
from tokext.progress import bar
from tokext.tokenizer.sentencepiece import SentencePieceModel

#: How far the trainer is: "Merged: freq=3 merges=100 ..."; older ones say "Added: ... size=20".
_MERGED = re.compile(r"(?:Merged|Added): .*?\b(?:merges|size)=(\d+)")

_CHILD = """
import json, sys
import sentencepiece
sentencepiece.SentencePieceTrainer.train(**json.load(sys.stdin))
"""


def train_bpe(
    runs: Iterable[tuple[str, int]], vocab_size: int, **options: Any
) -> SentencePieceModel:
    """Train a BPE model on counted runs of text.

    Args:
        runs: Runs and how often each occurs; no tab, no newline inside.
        vocab_size: The most pieces to learn, the unknown piece and single characters included;
            fewer come where the runs give no more.
        options: Fields of SentencePiece's trainer specification.

    Raises:
        InputError: There are no runs.
        TokextError: The trainer failed; its last words are in the message.
    """
    with scratch_folder("tokext-train") as folder:
        path = folder / "runs.tsv"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            n_runs = sum(1 for run, count in runs if file.write(f"{run}\t{count}\n"))
        if not n_runs:
            raise InputError("there is nothing to learn from.", hint="give more text.")
        specification = {
            "input": str(path),
            "input_format": "tsv",
            "model_prefix": str(folder / "learned"),
            "model_type": "bpe",
            "vocab_size": vocab_size,
            "hard_vocab_limit": False,
            "normalization_rule_name": "identity",
            "add_dummy_prefix": False,
            "remove_extra_whitespaces": False,
            "max_sentence_length": 1 << 20,
            "bos_id": -1,
            "eos_id": -1,
            **options,
        }
        _train(specification, vocab_size)
        return SentencePieceModel.read(folder / "learned.model")


def _train(specification: dict[str, Any], vocab_size: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    assert child.stdin is not None
    assert child.stderr is not None
    last = ""
    try:
        with child.stdin as stdin:
            json.dump(specification, stdin)
        with bar("learning pieces", vocab_size, "piece") as progress:
            for line in child.stderr:
                last = line.strip() or last
                if merged := _MERGED.search(line):
                    progress.update(int(merged[1]) - progress.n)
        status = child.wait()
    finally:
        child.kill()
        child.wait()
        child.stderr.close()
    if status:
        reason = "it was killed, most likely for want of memory" if status < 0 else last.rstrip(".")
        raise TokextError(
            f"SentencePiece's trainer failed: {reason}.",
            hint="give less text, or a smaller --size; with little memory, close other programs.",
        )
