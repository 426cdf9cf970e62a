"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from tokext.records import Guarantee


def guarantee_table(guarantees: Iterable[Guarantee]) -> str:
    """A line a guarantee: kept or broken, what it says, on how many it was tried, examples.

    Example:
        >>> broken = Guarantee("g", "no text is longer", False, 9, 1, "texts", ("'x'",))
        >>> print(guarantee_table([broken]))
        BROKEN  no text is longer (1 of 9 texts fail)
                  'x'
    """
    lines = []
    for g in guarantees:
        failed = f"{g.n_failed:,} of {g.n_checked:,} {g.unit} fail"
        tried = f"{g.n_checked:,} {g.unit}" if g.passed else failed
        lines.append(f"{'kept  ' if g.passed else 'BROKEN'}  {g.claim} ({tried})")
        lines += [f"          {example}" for example in g.examples]
        lines += [f"          {g.note}"] if g.note else []
    return "\n".join(lines)
