"""The field's language-confusion metric, computed from the leaks found here.

Marchisio et al. (2024), "Understanding and Mitigating Language Confusion in LLMs", define over a
set of responses R: the line pass rate, the share of responses without a line in another language;
the word pass rate, among the responses that pass by line, the share without an English word (for
languages in another script than Latin); and their harmonic mean. They identify a line's language
with fastText and words with an English dictionary. Here lines and words are those that the rules of
this room find, so names, glosses, code and kana-less headings do not fail a response, and Chinese
inside a Japanese line does not pass for Japanese where a whole line of it leaks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tokext.bench.leakage.spans import Scan
from tokext.bench.leakage.stats import Rate


def differences(language: str) -> tuple[str, ...]:
    """In what the figures for an expected language differ from the authors'.

    Example:
        >>> differences("ja")[1]
        'names, acronyms, glosses, code and what the prompt asks for do not fail a response'
    """
    spared = "names, acronyms, glosses, code and what the prompt asks for"
    if language != "ja":
        spared = "names, acronyms, glosses, code and what a Japanese or English prompt asks for"
    return (
        "lines and words are judged by tokext's rules, not by fastText and an English dictionary",
        f"{spared} do not fail a response",
        "a line fails when more than half of its letters leak, a Latin letter counting half",
    )


@dataclass(frozen=True)
class FieldMetric:
    """Line pass rate, word pass rate (English only, as defined) and their harmonic mean.

    None where there is nothing to count: no answer without code, none that passes by line, or an
    expected language in Latin script, for which the authors define no word pass rate.
    """

    line_pass: Rate | None
    word_pass: Rate | None

    @property
    def harmonic_mean(self) -> float | None:
        """The authors' LCPR."""
        if self.line_pass is None or self.word_pass is None:
            return None
        total = self.line_pass.share + self.word_pass.share
        return 2 * self.line_pass.share * self.word_pass.share / total if total else 0.0

    def as_json(self) -> dict[str, object]:
        """The three figures under the names of the field, null where they are not defined."""
        mean = self.harmonic_mean
        return {
            "line_pass_rate": self.line_pass.as_json() if self.line_pass else None,
            "word_pass_rate": self.word_pass.as_json() if self.word_pass else None,
            "language_confusion_pass_rate": None if mean is None else round(mean, 6),
        }


def field_metric(scans: Iterable[Scan], language: str = "ja") -> FieldMetric:
    """The field's metric over some answers.

    Example:
        >>> from tokext.bench.leakage.find import scan
        >>> texts = ["はい。", "この essay は長い文章です。", "No, it is not."]
        >>> metric = field_metric(map(scan, texts))
        >>> metric.line_pass, metric.word_pass
        (Rate(n=2, total=3), Rate(n=1, total=2))
    """
    answers = list(scans)
    passed = [answer for answer in answers if not answer.leaked_lines]
    clean = [answer for answer in passed if not any(leak.language == "en" for leak in answer.leaks)]
    is_defined = bool(passed) and language != "en"
    return FieldMetric(
        Rate(len(passed), len(answers)) if answers else None,
        Rate(len(clean), len(passed)) if is_defined else None,
    )
