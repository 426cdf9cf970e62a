"""Text that an extension has to leave as it is: which lines of a result are such, and how many
changed.

What must not change is a line that has letters, and none of the language that was added. Lines are
told by what `bench compression` counted over the whole text, never by a sample of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tokext.errors import InputError
from tokext.report.comparison import Comparison, Row

#: Lines with a letter of a language in Latin script, among those with letters: of English, where
#: café and naïve are rare, so few at most; of the language itself so many at least.
_FEW, _MANY = 0.1, 0.3

_HINT = "tokext bench compression BASE EXTENDED --text english.txt -o NEW, in this order."


@dataclass(frozen=True)
class Judged:
    """One text and tokenizer: `n_lines` have letters and none of the language, and of these some
    changed; `n_own_lines` have one of the language.

    `is_english` says that the lines are judged: there are some, and they are not the language's own
    text, of which a line may look like English where the two share letters.
    """

    corpus: str
    tokenizer: str
    language: str
    is_english: bool
    n_own_lines: int
    n_lines: int
    n_lines_changed: int

    @property
    def changed_share(self) -> float:
        """The share of lines that changed."""
        return self.n_lines_changed / self.n_lines if self.n_lines else 0.0

    @property
    def sentence(self) -> str:
        """What was counted, or why nothing was judged by it."""
        about = f"{self.corpus} with {self.tokenizer}"
        if self.is_english:
            counts = f"{self.n_lines_changed:,} of {self.n_lines:,} lines"
            return f"{about}: {counts} without a letter of {self.language} changed"
        if not self.n_lines:
            return f"{about}: no line of other letters than {self.language} has"
        total = self.n_own_lines + self.n_lines
        counts = f"{self.n_own_lines:,} of {total:,} lines"
        return f"{about}: {counts} have a letter of {self.language}, so it is in {self.language}"

    def as_dict(self) -> dict[str, Any]:
        """The verdict on one text as plain values."""
        return dataclasses.asdict(self) | {"changed_share": self.changed_share}


def judge_english(after: Comparison, demanded: str) -> tuple[Judged, ...]:
    """Every text by every tokenizer but the base, as far as its lines have to stay as they are.

    Args:
        after: The rows; lines are compared with their first tokenizer.
        demanded: What cannot be judged where this refuses.

    Raises:
        InputError: Changed lines were not counted, a text's lines cannot be told, or none of any
            text is English.
    """
    rows = [r for r in after.rows() if r["tokenizer"] != after.base or not after.extended]
    judged = tuple(_judged(after, row, demanded) for row in rows)
    if not any(one.is_english for one in judged):
        raise InputError(
            f"{rows[0]['source']} measured no English text, so {demanded} cannot be judged.",
            hint=_HINT,
        )
    return judged


def _judged(after: Comparison, row: Row, demanded: str) -> Judged:
    own, foreign, changed = _counts(row, demanded)
    return Judged(
        after.short_corpus[row["corpus"]],
        after.short[row["tokenizer"]],
        row["language"],
        _is_english(row, own, foreign, demanded),
        own,
        foreign,
        changed,
    )


def _counts(row: Row, demanded: str) -> Sequence[int]:
    """Lines of the language, others with letters, and those of them that changed."""
    keys = ("n_lines", "n_own_lines", "n_foreign_lines", "n_foreign_lines_changed")
    given: list[Any] = [row.get(key) for key in keys]
    if row.get("n_lines_changed") is None and given[0]:
        raise _refusal(row, "counts no changed lines", demanded)
    is_told = type(row.get("language")) is str and type(row.get("language_is_latin")) is bool
    if not is_told or not all(type(count) is int and count >= 0 for count in given):
        what = "does not say which lines have a letter of the language that was added"
        raise _refusal(row, what, demanded)
    lines, own, foreign, changed = given
    if not lines or own + foreign > lines or changed > foreign:
        said = ", ".join(f"{key} {count}" for key, count in zip(keys, given, strict=True))
        raise _refusal(row, f"has lines that do not add up ({said})", demanded)
    return own, foreign, changed


def _is_english(row: Row, own: int, foreign: int, demanded: str) -> bool:
    """Whether the lines without a letter of the language are none of its own.

    Raises:
        InputError: It cannot be told: English and the language share letters, and the text has
            more lines in the language than English has, and fewer than itself.
    """
    if not foreign:
        return False
    if not row["language_is_latin"]:
        return True
    share = own / (own + foreign)
    if _FEW < share < _MANY:
        counts = f"{own:,} of {own + foreign:,} lines"
        what = f"has a letter of {row['language']} in {counts}, so it is neither that nor English"
        raise _refusal(row, what, demanded)
    return share <= _FEW


def _refusal(row: Row, what: str, demanded: str) -> InputError:
    about = f"{row['corpus']} with {row['tokenizer']} in {row['source']}"
    return InputError(f"{about} {what}; {demanded} cannot be judged.", hint=_HINT)
