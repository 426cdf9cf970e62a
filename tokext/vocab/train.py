"""From counts of runs to the pieces to add, in rank order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

from tokext.corpus.counts import RunCounts
from tokext.errors import InputError
from tokext.records import AddedPiece
from tokext.tokenizer.load import Tokenizer
from tokext.vocab.continued import continued_pieces
from tokext.vocab.independent import independent_pieces
from tokext.vocab.reach import choose_reachable
from tokext.vocab.rules import Rules

Method = Literal["continue", "independent"]

Preset = Literal["full", "fast"]

PRESETS: tuple[str, ...] = get_args(Preset)

METHODS: tuple[str, ...] = get_args(Method)


def learn(
    counts: RunCounts,
    base: Tokenizer,
    size: int,
    method: Method,
    rules: Rules,
    narrowed_by: Sequence[str] = (),
) -> list[AddedPiece]:
    """Learn the pieces to add, in rank order.

    - ``continue``: the learned merges continue the base's own. The base spells every run, and the
      most frequent pair of neighboring tokens becomes a piece, again and again. A new single
      character saves its bytes less one token at each occurrence, and takes its place among the
      merges by that.
    - ``independent``: the trainer learns from plain text, and pieces that the base has already
      are left out; the single characters that the base lacks stand first.

    A piece's count says how often the training text makes it, inside longer pieces included. A
    piece that no text would be encoded to is left out, and the next in rank takes its place.

    Args:
        counts: Runs of text and how often each occurs.
        base: The tokenizer to extend.
        size: How many pieces to learn.
        method: How to learn.
        rules: What a piece must be to enter.
        narrowed_by: The options that left runs out of the counts, for the message.

    Raises:
        InputError: The text cannot give so many pieces; the message says how many it can.
    """
    learned = learn_at_most(counts, base, size, method, rules)
    if len(learned) < size:
        options = [*(["this --min-count"] if rules.min_count > 1 else []), *narrowed_by]
        raise InputError(
            f"the text gives {len(learned):,} pieces, not {size:,}.",
            hint=f"--size {len(learned)} is the largest it can give"
            + (f" with {' and '.join(options)}" if options else "")
            + "; more text gives more.",
        )
    return learned


def refuse_unlearnable(size: int, method: str, preset: str = "full") -> None:
    """Refuse what needs no text to be refused, so before any is counted.

    Raises:
        InputError: `size` adds nothing, or there is no such method or preset.
    """
    for kind, given, known in (("method", method, METHODS), ("preset", preset, PRESETS)):
        if given not in known:
            raise InputError(f"unknown {kind} {given!r}.", hint=f"one of {', '.join(known)}.")
    if size < 1:
        raise InputError(f"--size {size} adds nothing.", hint="ask for at least 1 piece.")


def learn_at_most(
    counts: RunCounts, base: Tokenizer, size: int, method: Method, rules: Rules
) -> list[AddedPiece]:
    """The same, but fewer pieces where the text gives no more.

    Raises:
        InputError: There is no text to learn from, an option is out of range, everything is vetoed,
            or nothing is there that could be added.
    """
    refuse_unlearnable(size, method)
    if not counts:
        raise InputError(
            f"the text holds no letter of {rules.language.name}.",
            hint="check the inputs, or name their --language.",
        )
    learner = continued_pieces if method == "continue" else independent_pieces
    learned = learner(counts, base.model, size, rules)
    entering = (piece for piece in learned if piece.count >= rules.min_count)
    reachable, _ = choose_reachable(base, entering, size, Counter())
    if reachable:
        return reachable
    if rules.kept_out:
        raise InputError(
            f"the veto of {len(rules.veto):,} pieces leaves none to add.",
            hint="take some of them out of the --veto file; nothing is built on a vetoed piece.",
        )
    raise InputError(
        "the text gives no piece that may be added.",
        hint="give more text, or a smaller --min-count: pieces need a letter of the language that "
        "the text repeats.",
    )
