"""How much a set of answers leaks: rates with intervals, by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokext.bench.leakage.byscript import LIMITS
from tokext.bench.leakage.find import scan
from tokext.bench.leakage.floor import FIRST_LOOKS, floor_of
from tokext.bench.leakage.rates import GroupRates, Measured, group_rates
from tokext.bench.leakage.samples import Sample, as_samples
from tokext.errors import InputError


@dataclass(frozen=True)
class Leakage:
    """What :func:`measure_leakage` found; `code` are the answers that hold code, kept apart."""

    language: str
    groups: tuple[GroupRates, ...]
    total: GroupRates
    code: GroupRates | None
    measured: tuple[Measured, ...]
    limits: str = ""

    @property
    def sources(self) -> frozenset[str]:
        """The files that the answers were read from: nothing written may replace one."""
        return frozenset(one.sample.source for one in self.measured if one.sample.source)

    def as_json(self) -> dict[str, Any]:
        """The result as one JSON value, without the texts; null and empty where none is known."""
        floor = floor_of(self.language)
        looks = FIRST_LOOKS if floor else {}
        return {
            "language": self.language,
            "limits": self.limits,
            "false_positive_floor": floor.as_json() if floor else None,
            "first_looks": {name: rate.as_json() for name, rate in looks.items()},
            "total": self.total.as_json(),
            "groups": [group.as_json() for group in self.groups],
            "code_answers": self.code.as_json() if self.code else None,
        }


def measure_leakage(
    samples: Iterable[Sample | Mapping[str, Any] | str],
    language: str = "ja",
    *,
    by: str | Sequence[str] = (),
) -> Leakage:
    """Measure how often answers leave the expected language.

    Args:
        samples: Answers: samples, mappings with a ``text``, or bare texts.
        language: The expected language.
        by: Keys to group by, as a list or as one string (``"model,min_p"``); one of ``sampling``
            is found by its own name.

    Returns:
        Rates over all answers without code, by group, and over the answers with code.

    Raises:
        InputError: No samples, one without a text, no rules for the language, or a key that no
            sample has.

    Example:
        >>> found = measure_leakage(["はい、そうです。", "この essay は長い文章です。"])
        >>> found.total.response, found.total.by_language
        (Rate(n=1, total=2), {'en': Rate(n=1, total=2)})
    """
    measured = tuple(
        Measured(sample, scan(sample.text, language, sample.prompt, sample.allowed))
        for sample in as_samples(samples)
    )
    if not measured:
        raise InputError("there are no answers to measure.", hint="give at least one sample.")
    prose = [one for one in measured if not one.scan.is_code]
    code = [one for one in measured if one.scan.is_code]
    groups: dict[tuple[tuple[str, str], ...], list[Measured]] = {}
    keys = _keys(by, measured)
    for one in prose if keys else ():
        groups.setdefault(tuple((name, one.sample.key(name)) for name in keys), []).append(one)
    return Leakage(
        language,
        tuple(group_rates(key, groups[key], language) for key in sorted(groups, key=_as_numbers)),
        group_rates((), prose, language),
        group_rates((), code, language) if code else None,
        measured,
        LIMITS.get(language, ""),
    )


def _keys(by: str | Sequence[str], measured: Sequence[Measured]) -> list[str]:
    """The keys to group by.

    Raises:
        InputError: No answer has one of them.
    """
    names = by.split(",") if isinstance(by, str) else by
    keys = [name.strip() for name in names if name.strip()]
    for key in keys:
        if all(one.sample.key(key) == "-" for one in measured):
            known = sorted({name for one in measured for name in one.sample.names()})
            raise InputError(
                f"no answer has {key!r} to group by.",
                hint=f"the answers have {', '.join(known) or 'no keys'}.",
            )
    return keys


def _as_numbers(key: tuple[tuple[str, str], ...]) -> list[tuple[int, float, str]]:
    """What groups are sorted by: missing values first, numbers by size, the rest as text."""
    return [_order(value) for _, value in key]


def _order(value: str) -> tuple[int, float, str]:
    if value == "-":
        return 0, 0.0, ""
    try:
        return 1, float(value), value
    except ValueError:
        return 2, 0.0, value
