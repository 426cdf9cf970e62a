"""Whether answers leak more or less after a change, each against its own partner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokext.bench.leakage.measure import Leakage
from tokext.bench.leakage.rates import Measured
from tokext.bench.leakage.stats import Rate, mcnemar, pairs_needed
from tokext.errors import InputError

#: What may stand beside ``sampling`` instead of inside it.
_SETTINGS = (
    "model", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_new_tokens",
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """The same prompts before and after a change: how many answers began or stopped to leak.

    `n_unpaired` are answers to a prompt that have no partner, or of whose pair one holds code.
    """

    before: Rate
    after: Rate
    only_before: int
    only_after: int
    n_unpaired: int

    @property
    def p_value(self) -> float:
        """McNemar's exact test: the chance of a difference like this if there were none."""
        return mcnemar(self.only_before, self.only_after)

    @property
    def differs(self) -> bool:
        """Whether the difference can be told from noise, at 5 %."""
        return self.p_value < 0.05

    @property
    def pairs_needed(self) -> int | None:
        """How many pairs would show a difference of this size, at 5 % with 80 % power."""
        n = self.before.total
        return pairs_needed(self.only_before / n, self.only_after / n)

    def as_json(self) -> dict[str, Any]:
        """Counts, the test, and the sample size that a clear answer would need."""
        return {
            "before": self.before.as_json(),
            "after": self.after.as_json(),
            "only_before": self.only_before,
            "only_after": self.only_after,
            "n_unpaired": self.n_unpaired,
            "p_value": round(self.p_value, 6),
            "differs": self.differs,
            "pairs_needed": self.pairs_needed,
        }


def compare_leakage(before: Leakage, after: Leakage) -> Comparison:
    """Compare two measurements answer by answer.

    Answers are paired that share their prompt and the settings that vary within either set, and
    among those by seed, else by id, else by their order. A setting with one value in each set may
    be the change itself. Pairs in which either holds code are left out, as code is in every rate.

    Raises:
        InputError: They share no prompt under the same settings, or only pairs with code.

    Example:
        >>> from tokext.bench.leakage.measure import measure_leakage
        >>> old = measure_leakage([{"prompt": "a", "text": "この essay は長い。"}])
        >>> new = measure_leakage([{"prompt": "a", "text": "この作文は長い。"}])
        >>> compare_leakage(old, new).only_before
        1
    """
    pairs = [
        (old.scan.leaked, new.scan.leaked)
        for old, new in _pairs(before, after)
        if not (old.scan.is_code or new.scan.is_code)
    ]
    if not pairs:
        raise InputError(
            "the two sets of answers share no prompt under the same settings.",
            hint='sample both with the same prompts and settings, and keep "prompt" in the file.',
        )
    n_asked = sum(
        one.sample.prompt is not None for found in (before, after) for one in found.measured
    )
    return Comparison(
        Rate(sum(old for old, _ in pairs), len(pairs)),
        Rate(sum(new for _, new in pairs), len(pairs)),
        sum(old and not new for old, new in pairs),
        sum(new and not old for old, new in pairs),
        n_asked - 2 * len(pairs),
    )


#: A prompt, and the values of the settings that vary.
_Asked = tuple[str, tuple[str, ...]]


def _pairs(before: Leakage, after: Leakage) -> Iterator[tuple[Measured, Measured]]:
    varying = sorted(_varying(before) | _varying(after))
    first, second = _by_prompt(before, varying), _by_prompt(after, varying)
    for asked, old in first.items():
        if asked in second:
            yield from _same_draw(old, second[asked])


def _varying(leakage: Leakage) -> set[str]:
    """The settings with more than one value; a seed is no setting."""
    names = set(_SETTINGS)
    for one in leakage.measured:
        sampling = one.sample.fields.get("sampling")
        names.update(map(str, sampling) if isinstance(sampling, Mapping) else ())
    asked = [one.sample for one in leakage.measured if one.sample.prompt is not None]
    return {name for name in names - {"seed"} if len({sample.key(name) for sample in asked}) > 1}


def _by_prompt(leakage: Leakage, settings: Sequence[str]) -> dict[_Asked, list[Measured]]:
    found: dict[_Asked, list[Measured]] = {}
    for one in leakage.measured:
        if one.sample.prompt is not None:
            values = tuple(one.sample.key(name) for name in settings)
            found.setdefault((one.sample.prompt, values), []).append(one)
    return found


def _same_draw(
    old: Sequence[Measured], new: Sequence[Measured]
) -> Iterator[tuple[Measured, Measured]]:
    """Answers to one prompt in pairs: by seed where some are shared, by id where all are."""
    seeds = [{one.sample.key("seed"): one for one in side} for side in (old, new)]
    ids = [{one.sample.id: one for one in side} for side in (old, new)]
    if (
        len(seeds[0]) == len(old)
        and len(seeds[1]) == len(new)
        and seeds[0].keys() & seeds[1].keys()
    ):
        drawn = seeds
    elif len(ids[0]) == len(old) == len(new) and ids[0].keys() == ids[1].keys():
        drawn = ids
    else:
        yield from zip(old, new, strict=False)
        return
    yield from ((one, drawn[1][key]) for key, one in drawn[0].items() if key in drawn[1])
