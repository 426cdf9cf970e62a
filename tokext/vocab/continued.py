"""Pieces learned by going on with the base's own merges, and new characters among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tokext.progress import bar
from tokext.records import AddedPiece
from tokext.tokenizer.sentencepiece import SentencePieceModel
from tokext.vocab.bpe import learn_merges
from tokext.vocab.rules import Rules
from tokext.vocab.spelled import Spelled, spell_runs


def continued_pieces(
    counts: Iterable[tuple[str, int]], base: SentencePieceModel, size: int, rules: Rules
) -> Iterator[AddedPiece]:
    """Yield pieces in rank order, as long as they are asked for and the runs give any.

    What the rules forbid is never merged, so nothing is ever built on a piece that cannot enter.

    Args:
        counts: Runs and how often each occurs; gone through once.
        base: The model whose merges are continued.
        size: How many pieces will be asked for, for the progress bar.
        rules: What a piece must be to enter.
    """
    spelled = spell_runs(counts, base, lambda char: rules.allows(char) and rules.allows_new(char))
    waiting = _by_gain(spelled)
    at = 0
    with bar("learning pieces", size, "piece") as progress:
        for merged in _merges(spelled, base, rules):
            while at < len(waiting) and waiting[at][0] >= merged.count:
                progress.update(1)
                yield waiting[at][1]
                at += 1
            progress.update(1)
            yield merged
    yield from (char for _, char in waiting[at:])


def _by_gain(spelled: Spelled) -> list[tuple[int, AddedPiece]]:
    """New characters and the tokens that each saves: its bytes less one, whenever it occurs.

    A merge cannot occur more often than a character in it, so a character always comes before the
    merges that need it. For that one of a single byte, which saves none, is counted as if it did.
    """
    gains = [
        (count * max(len(char.encode()) - 1, 1), AddedPiece(char, count))
        for char, count in spelled.new_characters.items()
    ]
    return sorted(gains, key=lambda gain: (-gain[0], gain[1].piece))


def _merges(spelled: Spelled, base: SentencePieceModel, rules: Rules) -> Iterator[AddedPiece]:
    texts = list(spelled.texts)
    known = set(base.ids)

    def allowed(left: int, right: int) -> bool:
        text = texts[left] + texts[right]
        return text not in known and rules.allows(text)

    for merge in learn_merges(
        spelled.symbols, spelled.times, len(texts), allowed=allowed, min_count=rules.min_count
    ):
        text = texts[merge.left] + texts[merge.right]
        known.add(text)
        texts.append(text)
        yield AddedPiece(text, merge.count)
