"""Pieces learned from plain text, by SentencePiece's trainer, independent of the base's merges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from tokext.corpus.counts import RunCounts, by_count
from tokext.progress import say
from tokext.records import AddedPiece
from tokext.tokenizer.sentencepiece import PieceType, SentencePieceModel
from tokext.vocab.reach import last_merge
from tokext.vocab.rules import Rules
from tokext.vocab.trainer import train_bpe

#: Learned beyond what was asked for: some pieces are too long, too rare, or in the base already.
_SLACK = 1.06

#: Beyond what any text gives, and within what the trainer reads as a number.
_MOST_PIECES = 1 << 30

#: Where hardly any of a text is in the language, a second training may have to do.
_LEAST_SHARE = 0.2

#: After so many merges in a row that are too rare, all others are: the trainer looks at the most
#: frequent pairs first, and looks anew for them every hundred merges.
_RARE_IN_A_ROW = 1000


def independent_pieces(
    counts: RunCounts, base: SentencePieceModel, size: int, rules: Rules
) -> Iterator[AddedPiece]:
    """Pieces of plain text: the missing characters by count, then what was merged, in its order.

    What the rules forbid is learned like the rest, and left out.

    Where more are asked for than were trained, a larger vocabulary is trained, which begins with
    the same pieces, until the text gives no more that are frequent enough.
    """
    chars = _char_counts(counts)
    # Runs of the language end already where the boundary says; those of all text do not.
    splits = rules.keep_all and base.splits_scripts
    options = {"character_coverage": 0.9999, "split_by_unicode_script": splits}
    wanted = int(size * _SLACK / _share_that_may_enter(chars, rules))
    wanted += len(chars) + len(base.ids) // 8
    n_known = 0
    while True:
        wanted = min(wanted, _MOST_PIECES)
        trained = _train(counts, wanted, rules, **options)
        made = _times_made(trained, by_count(counts))
        learned = {p.text: made[id_] for id_, p in enumerate(trained.pieces) if id_ > 0}
        ranked = [*_missing(learned, chars, base), *_merged(learned, base)]
        for piece in ranked[n_known:]:
            if rules.allows(piece.piece) and rules.allows_characters(piece.piece, base.ids):
                yield piece
        n_known = len(ranked)
        rare = [count < rules.min_count for text, count in learned.items() if len(text) > 1]
        if trained.size < wanted or all([False, *rare][-_RARE_IN_A_ROW:]):
            return
        wanted *= 2
        say(f"too few of those may enter: learning {wanted:,} pieces, which takes as long again")


def _share_that_may_enter(chars: Counter[str], rules: Rules) -> float:
    """About how many of the pieces of a text may enter: where half of it is Latin, so are they.

    A second training costs far more than some pieces too many in the first.
    """
    letters = sum(n for char, n in chars.items() if rules.allows_new(char))
    return max(_LEAST_SHARE, letters / chars.total())


def _missing(
    learned: dict[str, int], chars: Counter[str], base: SentencePieceModel
) -> list[AddedPiece]:
    """The characters that the base lacks, the most frequent first."""
    missing = [c for c in learned if len(c) == 1 and c not in base.ids]
    return [AddedPiece(c, chars[c]) for c in sorted(missing, key=lambda c: (-chars[c], c))]


def _merged(learned: dict[str, int], base: SentencePieceModel) -> list[AddedPiece]:
    """What was merged that the base lacks, in the order of the merges."""
    return [AddedPiece(t, n) for t, n in learned.items() if len(t) > 1 and t not in base.ids]


def _char_counts(counts: RunCounts) -> Counter[str]:
    """How often each character occurs. Runs of equal count are counted as one long text."""
    by_times: dict[int, list[str]] = {}
    for run, count in counts:
        by_times.setdefault(count, []).append(run)
    chars: Counter[str] = Counter()
    for times, runs in by_times.items():
        for char, count in Counter("".join(runs)).items():
            chars[char] += count * times
    return chars


def _train(
    runs: Iterable[tuple[str, int]], vocab_size: int, rules: Rules, **options: object
) -> SentencePieceModel:
    return train_bpe(
        by_count(runs),
        vocab_size,
        max_sentencepiece_length=rules.max_piece_length,
        split_by_whitespace=False,
        split_by_number=False,
        split_digits=False,
        **options,
    )


def _times_made(trained: SentencePieceModel, runs: Iterable[tuple[str, int]]) -> list[int]:
    """How often the trained model makes each of its pieces on the way through the runs.

    What stands in the final spelling is counted, and then, from the last merge to the first, what
    each of those was merged from.
    """
    made = _final_counts(trained, runs)
    ids = trained.ids
    for id_ in sorted(range(trained.size), key=lambda i: trained.pieces[i].score):
        text = trained.pieces[id_].text
        if trained.pieces[id_].type is PieceType.NORMAL and len(text) > 1:
            left, right = last_merge(text, _rank(trained))
            made[ids[left]] += made[id_]
            made[ids[right]] += made[id_]
    return made


def _final_counts(trained: SentencePieceModel, runs: Iterable[tuple[str, int]]) -> list[int]:
    counts = [0] * trained.size
    batch: list[tuple[str, int]] = []
    for run in runs:
        batch.append(run)
        if len(batch) == 50_000:
            _add_final_counts(trained, batch, counts)
            batch = []
    _add_final_counts(trained, batch, counts)
    return counts


def _add_final_counts(
    trained: SentencePieceModel, batch: list[tuple[str, int]], counts: list[int]
) -> None:
    spelled = trained.spell_all([run for run, _ in batch])
    for ids, (_, count) in zip(spelled, batch, strict=True):
        for id_ in ids:
            counts[id_] += count


def _rank(trained: SentencePieceModel) -> Callable[[str], float | None]:
    ids, pieces = trained.ids, trained.pieces

    def rank(text: str) -> float | None:
        id_ = ids.get(text)
        return None if id_ is None else -pieces[id_].score

    return rank
