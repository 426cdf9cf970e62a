"""Two measurements held against each other: what a new tokenizer brings, what it changes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokext.errors import InputError
from tokext.report.comparison import Comparison, Row
from tokext.report.english import Judged, judge_english
from tokext.report.read import read_evidence

_HINT = "give two results of tokext bench compression, or folders that hold one each."


@dataclass(frozen=True)
class Change:
    """One corpus: characters per token of the base, of OLD and of NEW, and lines of NEW changed.

    Lines are changed when NEW's first tokenizer cuts them otherwise; None where that was not
    counted.
    """

    corpus: str
    base: float
    old: float
    new: float
    n_lines: int | None
    n_lines_changed: int | None

    @property
    def gain(self) -> float:
        """How many times as much text a token of NEW holds as a token of the base."""
        return self.new / self.base

    @property
    def changed_share(self) -> float | None:
        """The share of lines that changed."""
        if not self.n_lines or self.n_lines_changed is None:
            return None
        return self.n_lines_changed / self.n_lines

    def as_dict(self) -> dict[str, Any]:
        """The change as plain values."""
        derived = {"gain": self.gain, "changed_share": self.changed_share}
        return dataclasses.asdict(self) | derived


@dataclass(frozen=True)
class Verdict:
    """Every corpus that both measured, the main one first, and what was demanded in vain.

    `english` has every text of NEW, where it was asked how much English changed.
    """

    changes: tuple[Change, ...]
    failures: tuple[str, ...]
    english: tuple[Judged, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything that was demanded holds."""
        return not self.failures

    def as_dict(self) -> dict[str, Any]:
        """The verdict as plain values."""
        return {
            "passed": self.passed,
            "failures": list(self.failures),
            "corpora": [change.as_dict() for change in self.changes],
            "english": [judged.as_dict() for judged in self.english],
        }


def compare_results(
    old: str | Path,
    new: str | Path,
    *,
    max_english_change: float | None = None,
    min_gain: float | None = None,
    corpus: str | None = None,
) -> Verdict:
    """Compare two compression results on the corpora that both measured.

    The first tokenizer of OLD is the base, and of NEW too. English are the lines that have letters
    and none of the language that was added, in every text that NEW measured, with each tokenizer
    but the base, whether OLD has it or not.

    Args:
        old: A result that was good; one that measured the base alone will do.
        new: The result in question: the base and the tokenizer that extends it.
        max_english_change: The largest share of English lines that NEW may cut differently.
        min_gain: How many times the base's characters per token NEW needs on the main corpus.
        corpus: The main corpus; without it the first whose tokens NEW changed.

    Raises:
        InputError: A result is missing, they share no corpus or have another base, or what is
            demanded is no number or was not measured, or cannot be judged.
    """
    _refuse_no_number(max_english_change, min_gain)
    before, after = _comparison(old), _comparison(new, corpus)
    _refuse_other_base(before, after)
    changes = _changes(before, after)
    if not changes:
        raise InputError(f"{old} and {new} measured no corpus in common.", hint=_HINT)
    english, failures = _english(after, max_english_change)
    failures += _too_little_gain(changes, min_gain, after)
    return Verdict(tuple(changes), tuple(failures), english)


def _comparison(result: str | Path, corpus: str | None = None) -> Comparison:
    rows = read_evidence([result]).rows
    if not rows:
        raise InputError(f"{result} holds no compression result.", hint=_HINT)
    return Comparison(rows, corpus)


def _refuse_no_number(*demands: float | None) -> None:
    """Refuse what nothing can fall short of: NaN compares as false with every number."""
    for demand in demands:
        if demand is not None and not (math.isfinite(demand) and demand >= 0):
            raise InputError(
                f"{demand} is nothing to judge by.",
                hint="give a number from 0 on, such as 0 or 1.8.",
            )


def _refuse_other_base(before: Comparison, after: Comparison) -> None:
    """Refuse a NEW that was compared with something else; one tokenizer alone is compared here."""
    if after.extended is None:
        return
    one, other = (next(r for r in c.rows() if r["tokenizer"] == c.base) for c in (before, after))
    if one.get("tokenizer_digest") != other.get("tokenizer_digest"):
        raise InputError(
            f"the base of {other['source']}, {after.base}, is not that of {one['source']}, "
            f"{before.base}: they have other pieces or merges.",
            hint="measure NEW with OLD's first tokenizer before the extended one.",
        )


def _changes(before: Comparison, after: Comparison) -> list[Change]:
    corpora = sorted(after.corpora, key=lambda corpus: corpus != after.main)
    found = []
    for corpus in corpora:
        new = after.row(after.extended or after.base, corpus)
        base, old = (before.row(t or before.base, corpus) for t in (before.base, before.extended))
        if new is None or base is None:
            continue
        old = old or base
        _refuse_other_text(corpus, base, new)
        found.append(
            Change(
                after.short_corpus[corpus],
                base=base["chars_per_token"],
                old=old["chars_per_token"],
                new=new["chars_per_token"],
                n_lines=new.get("n_lines"),
                n_lines_changed=new.get("n_lines_changed"),
            )
        )
    return found


def _refuse_other_text(corpus: str, one: Row, other: Row) -> None:
    for key in ("corpus_sha256", "n_chars", "n_documents"):
        if one.get(key) != other.get(key):
            raise InputError(
                f"{corpus} is not the same text in both: {key} {one.get(key)} in {one['source']}, "
                f"{other.get(key)} in {other['source']}.",
                hint="measure both on the same files, with the same --document-lines.",
            )


def _english(after: Comparison, most: float | None) -> tuple[tuple[Judged, ...], list[str]]:
    """Every text as far as it is English, and where more of it changed than may."""
    if most is None:
        return (), []
    judged = judge_english(after, f"--max-english-change {most:g}")
    return judged, [
        f"{one.sentence}, a share of {one.changed_share:.4f}; at most {most:g} may."
        for one in judged
        if one.is_english and one.changed_share > most
    ]


def _too_little_gain(
    changes: Sequence[Change], least: float | None, after: Comparison
) -> list[str]:
    main = changes[0]
    if least is None:
        return []
    if main.corpus != after.short_corpus[after.main]:
        raise InputError(
            f"OLD did not measure {after.main}, so --min-gain {least:g} cannot be judged.",
            hint="name a corpus that both measured with --corpus.",
        )
    if main.gain >= least:
        return []
    return [
        f"{main.corpus} has {main.base:.3f} -> {main.new:.3f} characters per token, "
        f"{main.gain:.3f} times the base's; at least {least:g} times is asked for."
    ]
