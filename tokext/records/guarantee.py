"""The answer of a guarantee."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Guarantee:
    """One promise about a tokenizer, kept or broken.

    `n_checked` and `n_failed` count what `unit` names; `examples` show failures, worst first;
    `note` says what a reader has to know even where it is kept.
    """

    name: str
    claim: str
    passed: bool
    n_checked: int
    n_failed: int
    unit: str
    examples: tuple[str, ...] = ()
    note: str = ""

    @property
    def was_tried(self) -> bool:
        """Whether there was anything to try it on; else it is neither kept nor broken."""
        return self.n_checked > 0 or not self.passed
