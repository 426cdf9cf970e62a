"""From counts of runs to the pieces to add, in rank order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, get_args

from tokext.corpus.counts import RunCounts, by_count
from tokext.errors import InputError, TokenizerError
from tokext.records import AddedPiece
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import PieceType, SentencePieceModel
from tokext.vocab.reach import choose_reachable
from tokext.vocab.rules import Rules
from tokext.vocab.trainer import train_bpe

Method = Literal["continue", "independent"]

METHODS: tuple[str, ...] = get_args(Method)

#: Learned beyond what was asked for: some pieces are too long, too rare, or in the base already.
_SLACK = 1.06

#: Base ids travel through the trainer as private-use characters; two planes hold 131,068 of them.
_FIRST_SYMBOL, _LAST_SYMBOL = 0xF0000, 0x10FFFD


def learn(
    counts: RunCounts, base: Tokenizer, size: int, method: Method, rules: Rules
) -> list[AddedPiece]:
    """Learn the pieces to add, in rank order.

    - ``continue``: the learned merges continue the base's own. The base spells every run, its
      tokens become the trainer's characters, and what the trainer merges are pairs of tokens.
      A new single character saves its bytes less one token at each occurrence, and takes its place
      among the merges by that.
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

    Raises:
        InputError: The text cannot give so many pieces; the message says how many it can.
    """
    learned = learn_at_most(counts, base, size, method, rules)
    if len(learned) < size:
        raise InputError(
            f"the text gives {len(learned):,} pieces, not {size:,}.",
            hint=f"--size {len(learned)} is the largest it can give"
            + (f" with --min-count {rules.min_count}" if rules.min_count > 1 else "")
            + "; more text gives more.",
        )
    return learned


def learn_at_most(
    counts: RunCounts, base: Tokenizer, size: int, method: Method, rules: Rules
) -> list[AddedPiece]:
    """The same, but fewer pieces where the text gives no more.

    Raises:
        InputError: There is no text to learn from, or an option is out of range.
    """
    if method not in METHODS:
        raise InputError(f"unknown method {method!r}.", hint=f"one of {', '.join(METHODS)}.")
    if size < 1:
        raise InputError(f"--size {size} adds nothing.", hint="ask for at least 1 piece.")
    if not counts:
        raise InputError(
            f"the text holds no letter of {rules.language.name}.",
            hint="check the inputs, or name their --language.",
        )
    learner = _continue if method == "continue" else _independent
    learned = [
        piece
        for piece in learner(counts, base.model, size, rules)
        if piece.count >= rules.min_count
        and rules.allows(piece.piece)
        and rules.allows_characters(piece.piece, base.model.ids)
    ]
    reachable, _ = choose_reachable(base, learned, size, Counter())
    return reachable


def _independent(
    counts: RunCounts, base: SentencePieceModel, size: int, rules: Rules
) -> Iterator[AddedPiece]:
    """Pieces of plain text: the missing characters by count, then what was merged, in its order."""
    chars = _char_counts(counts)
    options = {"character_coverage": 0.9999, "split_by_unicode_script": base.splits_scripts}
    wanted = int(size * _SLACK) + len(chars) + len(base.ids) // 8
    trained = _train(counts, wanted, rules, **options)
    made = _times_made(trained, by_count(counts))
    learned = {p.text: made[id_] for id_, p in enumerate(trained.pieces) if id_ > 0}
    missing = [c for c in learned if len(c) == 1 and c not in base.ids]
    for char in sorted(missing, key=lambda c: (-chars[c], c)):
        yield AddedPiece(char, chars[char])
    for piece, count in learned.items():
        if len(piece) > 1 and piece not in base.ids:
            yield AddedPiece(piece, count)


def _continue(
    counts: RunCounts, base: SentencePieceModel, size: int, rules: Rules
) -> Iterator[AddedPiece]:
    """Merges of the base's own tokens, with new characters among them by the tokens they save."""
    symbols = _Symbols(base)
    spelled = symbols.spell(counts)
    wanted = int(size * _SLACK) + len(symbols.texts) + 1
    options = {"character_coverage": 1.0, "split_by_unicode_script": False}
    trained = _train(spelled.items(), wanted, rules, **options)
    made = _times_made(trained, by_count(spelled.items()))
    merges: dict[str, int] = {}
    for id_, piece in enumerate(trained.pieces):
        if piece.type is PieceType.NORMAL and len(piece.text) > 1:
            merges.setdefault(symbols.read(piece.text), int(made[id_]))
    chars = _char_counts(counts)
    new_chars = [c for c in symbols.new_characters if chars[c]]
    yield from _interleave(
        sorted(new_chars, key=lambda c: (-chars[c] * (len(c.encode()) - 1), c)),
        [AddedPiece(text, count) for text, count in merges.items()],
        chars,
    )


def _interleave(
    new_chars: list[str], merges: list[AddedPiece], chars: Counter[str]
) -> Iterator[AddedPiece]:
    """Merges keep their order; a character goes before the first that saves less, or needs it.

    A character is needed by a merge only where it occurs at least as often, and it saves at least
    one token each time, so in practice its gain puts it there by itself.
    """
    waiting = dict.fromkeys(new_chars)
    queue = iter(new_chars)
    following = next(queue, None)
    for merge in merges:
        while following is not None and (
            following not in waiting
            or chars[following] * (len(following.encode()) - 1) >= merge.count
        ):
            if following in waiting:
                del waiting[following]
                yield AddedPiece(following, chars[following])
            following = next(queue, None)
        for needed in merge.piece:
            if needed in waiting:
                del waiting[needed]
                yield AddedPiece(needed, chars[needed])
        yield merge
    for char in waiting:
        yield AddedPiece(char, chars[char])


class _Symbols:
    """Base tokens, and characters the base lacks, written as one private-use character each."""

    def __init__(self, base: SentencePieceModel) -> None:
        self._base = base
        self._new: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    @property
    def new_characters(self) -> list[str]:
        """The characters met that the base has no piece for."""
        return list(self._new)

    def spell(self, counts: RunCounts) -> Counter[str]:
        """The runs, each spelled by the base and written in symbols."""
        spelled: Counter[str] = Counter()
        ranked = list(by_count(counts))
        spelled_runs = self._base.spell_all([run for run, _ in ranked])
        for (run, count), ids in zip(ranked, spelled_runs, strict=True):
            spelled["".join(self._symbols(run, ids))] += count
        return spelled

    def read(self, symbols: str) -> str:
        """The text that symbols stand for."""
        return "".join(self.texts[s] for s in symbols)

    def _symbols(self, run: str, ids: Iterable[int]) -> Iterator[str]:
        """The run's symbols: a token's own, or for the bytes of an unknown character, its own."""
        at = 0
        for id_ in ids:
            piece = self._base.pieces[id_]
            if piece.type is PieceType.BYTE:
                if at < len(run) and id_ == self._first_byte_id(run[at]):
                    yield self._new_symbol(run[at])
                    at += 1
            elif piece.type is PieceType.UNKNOWN:
                yield self._new_symbol(run[at])
                at += 1
            else:
                yield self._symbol(id_, piece.text)
                at += len(piece.text)

    def _first_byte_id(self, char: str) -> int:
        return self._base.ids[f"<0x{char.encode()[0]:02X}>"]

    def _symbol(self, id_: int, text: str) -> str:
        symbol = chr(_FIRST_SYMBOL + id_)
        self.texts[symbol] = text
        return symbol

    def _new_symbol(self, char: str) -> str:
        if char not in self._new:
            code = _FIRST_SYMBOL + self._base.size + len(self._new)
            if code > _LAST_SYMBOL:
                raise TokenizerError(
                    f"{self._base.name} has {self._base.size:,} pieces, too many to continue.",
                    hint="--method independent has no such limit.",
                )
            self._new[char] = chr(code)
            self.texts[chr(code)] = char
        return self._new[char]


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


def last_merge(piece: str, rank: Callable[[str], float | None]) -> tuple[str, str]:
    """The two parts that BPE joins last when it makes a piece.

    Args:
        piece: At least two characters.
        rank: The rank of a text that is a piece, the lowest first; None for any other text.

    Raises:
        ValueError: The piece is not made from its characters.

    Example:
        >>> ranks = {"ab": 0, "cd": 1, "abcd": 2}
        >>> last_merge("abcd", ranks.get)
        ('ab', 'cd')
    """
    parts = list(piece)
    while len(parts) > 2:
        candidates = (
            (rank_, at)
            for at in range(len(parts) - 1)
            if (rank_ := rank(parts[at] + parts[at + 1])) is not None
        )
        best = min(candidates, default=None)
        if best is None:
            raise ValueError(f"{piece!r} is not made from its characters")
        at = best[1]
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts[0], parts[1]
