"""The rates of one group of answers: answers, lines and words, by language and by confidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokext.bench.leakage.fieldmetric import FieldMetric, field_metric
from tokext.bench.leakage.floor import floor_of
from tokext.bench.leakage.samples import Sample
from tokext.bench.leakage.scripts import count_words
from tokext.bench.leakage.spans import Leak, Scan
from tokext.bench.leakage.stats import Rate


@dataclass(frozen=True)
class Measured:
    """One answer and what was found in it."""

    sample: Sample
    scan: Scan

    def whole_lines(self) -> list[Leak]:
        """The first leak of every line that leaks as a whole."""
        found: list[Leak] = []
        for leak in self.scan.leaks:
            if leak.level == "word":
                continue
            if not found or "\n" in self.sample.text[found[-1].end : leak.start]:
                found.append(leak)
        return found


@dataclass(frozen=True)
class Split:
    """One rate, and the parts of it that are of high confidence and of each language."""

    all: Rate
    high: Rate
    by_language: Mapping[str, Rate]

    @staticmethod
    def of(leaks: Sequence[Sequence[Leak]], total: int, count: Callable[[Leak], int]) -> Split:
        """A rate of what `count` finds in the leaks of each answer."""
        every = [leak for found in leaks for leak in found]
        languages = sorted({leak.language for leak in every})
        return Split(
            Rate(sum(map(count, every)), total),
            Rate(sum(count(leak) for leak in every if leak.confidence == "high"), total),
            {
                code: Rate(sum(count(leak) for leak in every if leak.language == code), total)
                for code in languages
            },
        )

    @staticmethod
    def of_answers(scans: Sequence[Scan]) -> Split:
        """The share of answers with a leak, with one of high confidence, with one of a language."""
        n, languages = len(scans), sorted({leak.language for s in scans for leak in s.leaks})
        codes = [{leak.language for leak in found.leaks} for found in scans]
        return Split(
            Rate(sum(found.leaked for found in scans), n),
            Rate(sum(any(leak.confidence == "high" for leak in s.leaks) for s in scans), n),
            {code: Rate(sum(code in found for found in codes), n) for code in languages},
        )

    def as_json(self, name: str) -> dict[str, Any]:
        """The rate under its name, its parts beside it."""
        parts = {code: rate.as_json() for code, rate in self.by_language.items()}
        return {
            name: self.all.as_json(),
            f"{name}_high_confidence": self.high.as_json(),
            f"{name}_by_language": parts,
        }


@dataclass(frozen=True)
class GroupRates:
    """Rates of the answers that share the values of `key`.

    `answers` counts answers with any leak, `lines` lines that leak as a whole among lines with
    text, `words` words inside leaks among all words; `whole` are answers that leak as a whole. A
    line and a leak have one language; an answer may count for several.
    """

    key: tuple[tuple[str, str], ...]
    n_empty: int
    answers: Split
    whole: Rate
    lines: Split
    words: Split
    field: FieldMetric
    language: str = "ja"

    @property
    def response(self) -> Rate:
        """The share of answers with any leak."""
        return self.answers.all

    @property
    def line(self) -> Rate:
        """The share of lines that leak as a whole."""
        return self.lines.all

    @property
    def word(self) -> Rate:
        """The share of words inside leaks."""
        return self.words.all

    @property
    def by_language(self) -> Mapping[str, Rate]:
        """The share of answers with a leak of each language."""
        return self.answers.by_language

    @property
    def name(self) -> str:
        """The group as a person reads it."""
        return ", ".join(f"{name} {value}" for name, value in self.key) or "all"

    @property
    def above_floor(self) -> bool | None:
        """Whether the rate is more than mistakes on clean answers can explain, None if unknown.

        It is unknown where no floor was measured for the language, and of no answers.
        """
        floor = floor_of(self.language)
        return self.response.low > floor.high if floor and self.response.total else None

    def as_json(self) -> dict[str, Any]:
        """Counts, shares and intervals."""
        answers = self.answers.as_json("response")
        return {
            "key": dict(self.key),
            "n_samples": self.response.total,
            "n_empty": self.n_empty,
            "response": answers["response"],
            "response_high_confidence": answers["response_high_confidence"],
            "whole_response": self.whole.as_json(),
            **self.lines.as_json("line"),
            **self.words.as_json("word"),
            "by_language": answers["response_by_language"],
            "above_floor": self.above_floor,
            "field": self.field.as_json(),
        }


def group_rates(
    key: tuple[tuple[str, str], ...], answers: Sequence[Measured], language: str
) -> GroupRates:
    """The rates of some answers, all without code or all with it."""
    scans = [one.scan for one in answers]
    return GroupRates(
        key,
        sum(1 for one in answers if not one.sample.text.strip()),
        Split.of_answers(scans),
        Rate(sum(any(leak.level == "response" for leak in s.leaks) for s in scans), len(scans)),
        Split.of([one.whole_lines() for one in answers], sum(s.n_lines for s in scans), _one),
        Split.of(
            [found.leaks for found in scans],
            sum(count_words(one.sample.text) for one in answers),
            lambda leak: count_words(leak.text),
        ),
        field_metric(scans, language),
        language,
    )


def _one(leak: Leak) -> int:
    return 1
