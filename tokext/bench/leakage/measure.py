"""How much a set of answers leaks: rates with intervals, by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokext.bench.leakage.byscript import LIMITS
from tokext.bench.leakage.fieldmetric import FieldMetric, field_metric
from tokext.bench.leakage.find import scan
from tokext.bench.leakage.floor import FALSE_POSITIVES, FIRST_LOOKS
from tokext.bench.leakage.samples import Sample, as_samples
from tokext.bench.leakage.scripts import count_words
from tokext.bench.leakage.spans import Leak, Scan
from tokext.bench.leakage.stats import Rate
from tokext.errors import InputError


@dataclass(frozen=True)
class Measured:
    """One answer and what was found in it."""

    sample: Sample
    scan: Scan


@dataclass(frozen=True)
class GroupRates:
    """Rates of the answers that share the values of `key`.

    `response` counts answers with any leak, `response_high` those with a leak of high confidence,
    `whole` those that leak as a whole; `line` counts lines that leak as a whole among lines with
    text; `word` counts words inside leaks among all words.
    """

    key: tuple[tuple[str, str], ...]
    n_empty: int
    response: Rate
    response_high: Rate
    whole: Rate
    line: Rate
    word: Rate
    by_language: Mapping[str, Rate]
    field: FieldMetric

    @property
    def name(self) -> str:
        """The group as a person reads it."""
        return ", ".join(f"{name} {value}" for name, value in self.key) or "all"

    @property
    def above_floor(self) -> bool:
        """Whether the rate is more than mistakes on clean answers can explain."""
        return self.response.low > FALSE_POSITIVES.high

    def as_json(self) -> dict[str, Any]:
        """Counts, shares and intervals."""
        return {
            "key": dict(self.key),
            "n_samples": self.response.total,
            "n_empty": self.n_empty,
            "response": self.response.as_json(),
            "response_high_confidence": self.response_high.as_json(),
            "whole_response": self.whole.as_json(),
            "line": self.line.as_json(),
            "word": self.word.as_json(),
            "by_language": {code: rate.as_json() for code, rate in self.by_language.items()},
            "above_floor": self.above_floor,
            "field": self.field.as_json(),
        }


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
        """The result as one JSON value, without the texts."""
        return {
            "language": self.language,
            "limits": self.limits,
            "false_positive_floor": FALSE_POSITIVES.as_json(),
            "first_looks": {name: rate.as_json() for name, rate in FIRST_LOOKS.items()},
            "total": self.total.as_json(),
            "groups": [group.as_json() for group in self.groups],
            "code_answers": self.code.as_json() if self.code else None,
        }


def measure_leakage(
    samples: Iterable[Sample | Mapping[str, Any] | str],
    language: str = "ja",
    *,
    by: Sequence[str] = (),
) -> Leakage:
    """Measure how often answers leave the expected language.

    Args:
        samples: Answers: samples, mappings with a ``text``, or bare texts.
        language: The expected language.
        by: Keys to group by; one of ``sampling`` is found by its own name.

    Returns:
        Rates over all answers without code, by group, and over the answers with code.

    Raises:
        InputError: No samples, one without a text, or no rules for the language.

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
    for one in prose if by else ():
        groups.setdefault(tuple((name, one.sample.key(name)) for name in by), []).append(one)
    return Leakage(
        language,
        tuple(_rates(key, groups[key]) for key in sorted(groups)),
        _rates((), prose),
        _rates((), code) if code else None,
        measured,
        LIMITS.get(language, ""),
    )


def _rates(key: tuple[tuple[str, str], ...], answers: Sequence[Measured]) -> GroupRates:
    scans = [one.scan for one in answers]
    n = len(scans)
    languages = sorted({leak.language for found in scans for leak in found.leaks})
    return GroupRates(
        key,
        sum(1 for one in answers if not one.sample.text.strip()),
        Rate(sum(found.leaked for found in scans), n),
        Rate(sum(any(leak.confidence == "high" for leak in found.leaks) for found in scans), n),
        Rate(sum(any(leak.level == "response" for leak in found.leaks) for found in scans), n),
        Rate(
            sum(len(found.leaked_lines) for found in scans), sum(found.n_lines for found in scans)
        ),
        Rate(
            sum(count_words(leak.text) for found in scans for leak in found.leaks),
            sum(count_words(one.sample.text) for one in answers),
        ),
        {code: Rate(sum(_has(found.leaks, code) for found in scans), n) for code in languages},
        field_metric(scans),
    )


def _has(leaks: Sequence[Leak], language: str) -> bool:
    return any(leak.language == language for leak in leaks)
