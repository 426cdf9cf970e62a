"""How an extended tokenizer cuts text, beside its pieces: enough to do the same elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tokext.errors import InputError


@dataclass(frozen=True)
class MergeRun:
    """Ids `first` to `first + n - 1`, whose merges stand at ranks `rank`, `rank + step` and on."""

    first: int
    n: int
    rank: int
    step: int


@dataclass(frozen=True)
class MergeRules:
    """What a SentencePiece BPE model of Llama's kind does with a text.

    `runs` say in which order merges go, the lowest rank first and equal ranks from the left;
    only the ids in them are ever merged to. `user_defined` ids are matched in the text before
    anything is merged. Characters without a piece are spelled by their UTF-8 bytes.
    """

    adds_dummy_prefix: bool
    user_defined: tuple[int, ...]
    runs: tuple[MergeRun, ...]

    def ranked(self) -> Iterator[tuple[int, int]]:
        """Every id that a merge can make, or that is a character, with its rank."""
        for run in self.runs:
            for n in range(run.n):
                yield run.first + n, run.rank + n * run.step

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> MergeRules:
        """The rules as a record holds them.

        Raises:
            InputError: A key is missing.
        """
        try:
            runs = tuple(MergeRun(**run) for run in fields["runs"])
            return MergeRules(
                bool(fields["adds_dummy_prefix"]), tuple(fields["user_defined"]), runs
            )
        except (KeyError, TypeError) as error:
            raise InputError(
                f"not the rules of a merge: {error}.", hint="merge again with this tokext."
            ) from error


def merge_runs(ranked: list[tuple[int, int]]) -> tuple[MergeRun, ...]:
    """Ids with their ranks, by rising rank, as few runs.

    Example:
        >>> merge_runs([(5, 0), (6, 1), (2, 2), (3, 2)])
        (MergeRun(first=5, n=2, rank=0, step=1), MergeRun(first=2, n=2, rank=2, step=0))
    """
    runs: list[MergeRun] = []
    for id_, rank in ranked:
        last = runs[-1] if runs else None
        if last and id_ == last.first + last.n:
            step = (rank - last.rank) if last.n == 1 else last.step
            if step in (0, 1) and rank == last.rank + last.n * step:
                runs[-1] = MergeRun(last.first, last.n + 1, last.rank, step)
                continue
        runs.append(MergeRun(id_, 1, rank, 1))
    return tuple(runs)
