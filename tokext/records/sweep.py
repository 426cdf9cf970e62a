"""What a sweep over sampler settings found: for each setting, how much leaks and what it costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tokext.errors import InputError
from tokext.records.record import InputFile, run_record
from tokext.records.typed import typed

#: `before` and `after` the extension.
Which = Literal["before", "after"]

#: What stands for the quality of answers, and whether more of it is better.
PROXIES: Mapping[str, bool] = {
    "repetition": False,
    "distinct": True,
    "chars": True,
    "bits_per_char": False,
}


@dataclass(frozen=True)
class Estimate:
    """A mean over prompts and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """Whether the interval lies above zero: of a difference, that it is more than noise."""
        return self.low > 0

    @property
    def is_below_zero(self) -> bool:
        """Whether the interval lies below zero."""
        return self.high < 0


@dataclass(frozen=True)
class SweepCell:
    """One model under one setting.

    `leaked` of `n` answers without code leak; `low` and `high` are the Wilson interval of the
    share. `proxies` are means, `changes` the differences to the reference setting on the same
    prompts; empty for the reference itself. `p_value` is McNemar's against the reference,
    `p_extension` against the same setting before the extension, `pairs_needed` how many answers
    would show a cut of the size seen, at the level of the strictest of all comparisons.
    `cuts` and `raises` tell whether it leaks less or more than the reference by more than noise.
    """

    which: Which
    setting: Mapping[str, float]
    n: int
    leaked: int
    low: float
    high: float
    proxies: Mapping[str, Estimate]
    changes: Mapping[str, Estimate]
    p_value: float | None
    p_extension: float | None
    pairs_needed: int | None
    cuts: bool
    raises: bool

    @property
    def share(self) -> float:
        """Share of answers that leak."""
        return self.leaked / self.n if self.n else 0.0

    @property
    def harms(self) -> tuple[str, ...]:
        """The proxies that are worse than under the reference setting by more than noise."""
        return tuple(
            name
            for name, change in self.changes.items()
            if (change.is_below_zero if PROXIES[name] else change.is_above_zero)
        )

    @property
    def is_recommended(self) -> bool:
        """Less leakage than under the reference, and no proxy worse, as far as can be told."""
        return self.cuts and not self.harms

    def as_dict(self) -> dict[str, Any]:
        """The cell for a JSON file, with what follows from it."""
        derived = {"share": self.share, "harms": self.harms, "is_recommended": self.is_recommended}
        return dataclasses.asdict(self) | derived

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> SweepCell:
        """The cell that `as_dict` wrote."""
        own = {field.name: fields[field.name] for field in dataclasses.fields(SweepCell)}
        for name in ("proxies", "changes"):
            own[name] = {key: Estimate(**value) for key, value in own[name].items()}
        return SweepCell(**own)


@dataclass(frozen=True)
class Sweep:
    """Every setting of one or two models; the first setting is the reference of its model.

    `false_positive_low` and `false_positive_high` bound how often the leakage rules flag
    a clean answer: a rate below that may be nothing but mistakes.
    """

    before: str
    after: str
    language: str
    n_prompts: int
    n_per_prompt: int
    max_new_tokens: int
    seed: int
    false_positive_low: float
    false_positive_high: float
    inputs: tuple[InputFile, ...]
    cells: tuple[SweepCell, ...]

    def of(self, which: Which) -> tuple[SweepCell, ...]:
        """The cells of one model, the reference first."""
        return tuple(cell for cell in self.cells if cell.which == which)

    def as_dict(self) -> dict[str, Any]:
        """The sweep for a JSON file."""
        return dataclasses.asdict(self) | {"cells": [cell.as_dict() for cell in self.cells]}

    def record(self) -> dict[str, Any]:
        """The content of a sweep's file: how it came to be, and what it found."""
        names = ("before", "after", "language", "n_per_prompt", "max_new_tokens", "seed")
        options = {name: getattr(self, name) for name in names}
        return run_record("sweep", options=options, inputs=self.inputs, result=self.as_dict())

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> Sweep:
        """The sweep that `as_dict` wrote.

        Raises:
            InputError: A key is missing or of another kind.
        """
        try:
            own = {field.name: fields[field.name] for field in dataclasses.fields(Sweep)}
            own["inputs"] = tuple(InputFile(**file) for file in fields["inputs"])
            own["cells"] = tuple(SweepCell.from_dict(cell) for cell in fields["cells"])
            return typed(Sweep(**own))
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"not a sweep: {error}.", hint="run the recipe with its [sweep] again."
            ) from error
