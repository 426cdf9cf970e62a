"""Byte-pair encoding learned exactly, over arrays instead of objects.

Nothing is counted again after a merge. A pair's count can only fall once the pair is there, and
what a merge brings are pairs with the new symbol, which are counted on the spot. So every pair
waits in a heap under the count it had when it was last looked at, an upper bound; those on top are
counted anew, and those that still have the count are merged.

Rare pairs are many, and most have the same count as others. Of equal counts those of older symbols
go first, so nothing that a merge brings can come before what waits at its level: a level is worked
off in large steps, each array operation for hundreds of pairs. Pairs that share a token take turns.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.signedinteger]

#: The symbol between runs, and at places that a merge has swallowed.
GAP = 0


@dataclass(frozen=True)
class Merge:
    """Two symbols that became one, in how many places, repetitions of runs included."""

    left: int
    right: int
    count: int


def learn_merges(
    symbols: NDArray[np.int32],
    times: NDArray[np.signedinteger],
    n_symbols: int,
    *,
    allowed: Callable[[int, int], bool] = lambda left, right: True,
    min_count: int = 2,
) -> Iterator[Merge]:
    """Merge the most frequent pair of neighbors, again and again, until none is left.

    The n-th merge makes the symbol ``n_symbols + n``. Pairs that overlap (``a a a``) are counted
    and merged from the left. Of equal counts that pair goes first whose higher symbol is lower,
    then the one with the lower left symbol.

    Args:
        symbols: Runs laid end to end (n_places,), `GAP` before the first, between, and behind the
            last. Changed in place.
        times: How often the run at each place occurs (n_places,).
        n_symbols: One more than the highest symbol.
        allowed: Whether a pair may become one symbol. One that may not is never merged, and
            nothing is built on it.
        min_count: Pairs that occur less often are not merged.

    Example:
        >>> symbols = np.array([0, 1, 2, 1, 2, 3, 0], dtype=np.int32)
        >>> list(learn_merges(symbols, np.full(7, 5), 4))
        [Merge(left=1, right=2, count=10), Merge(left=4, right=3, count=5), \
Merge(left=4, right=5, count=5)]
    """
    text = _Text(symbols, times)
    heap: list[_Entry] = []
    _offer(heap, _first_pairs(text, n_symbols, min_count))
    new = n_symbols
    while heap:
        bound = -heap[0][0]
        drawn = _draw(heap, allowed)
        merged: list[_Pair] = []
        for pair in text.counted(drawn):
            if -pair[0] == bound:
                merged.append(pair)
            elif -pair[0] >= min_count:
                heapq.heappush(heap, (*pair, None))
        merged, later = text.apart(merged)
        for pair in later:
            heapq.heappush(heap, (*pair, None))
        yield from (Merge(left, right, bound) for _, _, left, right, _ in merged)
        _offer(heap, text.merge(merged, new, min_count))
        new += len(merged)


#: Minus a count at which the pair was seen, its newer symbol, its left and right symbol, its
#: places: in the order in which pairs are merged.
_Pair = tuple[int, int, int, int, Places]

#: A pair, and where it was not looked at since it came up, those that came up with it, in order.
_Entry = tuple[int, int, int, int, Places, Iterator[_Pair] | None]

#: Pairs looked at in one step.
_STEP = 1024


def _offer(heap: list[_Entry], pairs: Iterator[_Pair]) -> None:
    """Put the first of some pairs into the heap; none of the others can come before it."""
    if pair := next(pairs, None):
        heapq.heappush(heap, (*pair, pairs))


def _draw(heap: list[_Entry], allowed: Callable[[int, int], bool]) -> list[_Pair]:
    """Take pairs from the heap that have the highest bound and may be merged.

    One of a symbol with itself is taken alone: it can overlap itself.
    """
    drawn: list[_Pair] = []
    bound = heap[0][0]
    while heap and heap[0][0] == bound and len(drawn) < _STEP:
        left, right = heap[0][2:4]
        if left == right and drawn:
            break
        count, newer, _, _, places, behind = heapq.heappop(heap)
        if behind is not None:
            _offer(heap, behind)
            if not allowed(left, right):
                continue
        drawn.append((count, newer, left, right, places))
        if left == right:
            break
    return drawn


class _Text:
    """The runs as they are spelled now.

    A symbol stands at the first of the places that it covers, and `GAP` at the others. How many
    it covers stands in `spans`, at the first and at the last of them: that leads to the next
    symbol and to the one before, and takes two bytes where two links would take eight.
    """

    def __init__(self, symbols: NDArray[np.int32], times: NDArray[np.signedinteger]) -> None:
        self.symbols, self.times = symbols, times
        self.spans = np.ones(len(symbols), dtype=np.uint16)

    def counted(self, pairs: list[_Pair]) -> Iterator[_Pair]:
        """The pairs with the places where they still stand and how often that is."""
        if not pairs:
            return
        _, _, lefts, rights, places = (list(column) for column in zip(*pairs, strict=True))
        sizes = [len(one) for one in places]
        at = np.concatenate(places)
        number = np.repeat(np.arange(len(pairs)), sizes)
        still = self.symbols[at] == np.array(lefts)[number]
        at, number = at[still], number[still]
        still = self.symbols[at + self.spans[at]] == np.array(rights)[number]
        at, number = at[still], number[still]
        ends = np.searchsorted(number, np.arange(len(pairs) + 1))
        merged = self.every_other(at) if lefts[0] == rights[0] else at
        sums = np.concatenate(([0], np.cumsum(self.times[merged], dtype=np.int64)))
        ends_merged = ends if merged is at else np.array([0, len(merged)])
        counts = np.diff(sums[ends_merged]).tolist()
        for n, (pair, count) in enumerate(zip(pairs, counts, strict=True)):
            yield -count, *pair[1:4], at[ends[n] : ends[n + 1]]

    def apart(self, pairs: list[_Pair]) -> tuple[list[_Pair], list[_Pair]]:
        """The pairs that share no token with one before them that is merged, and the others."""
        if len(pairs) < 2:
            return pairs, []
        at = np.concatenate([pair[4] for pair in pairs])
        number = np.repeat(np.arange(len(pairs)), [len(pair[4]) for pair in pairs])
        tokens = np.concatenate((at, at + self.spans[at]))
        numbers = np.concatenate((number, number))
        order = tokens.argsort(kind="stable")
        tokens, numbers = tokens[order], numbers[order]
        shared = np.flatnonzero(tokens[1:] == tokens[:-1])
        one, other = numbers[shared], numbers[shared + 1]
        edges = np.unique(np.maximum(one, other) * len(pairs) + np.minimum(one, other))
        later: set[int] = set()
        for edge in edges.tolist():
            second, first = divmod(edge, len(pairs))
            if first not in later:
                later.add(second)
        kept = [pair for n, pair in enumerate(pairs) if n not in later]
        return kept, [pairs[n] for n in sorted(later)]

    def every_other(self, places: Places) -> Places:
        """Of pairs that overlap (``a a a a``) the first, the third, and so on."""
        number = np.arange(len(places))
        overlaps = places[1:] == (places + self.spans[places])[:-1]
        begun = np.maximum.accumulate(np.where(np.append(False, overlaps), 0, number))
        apart: Places = places[(number - begun) % 2 == 0]
        return apart

    def merge(self, pairs: list[_Pair], first_new: int, min_count: int) -> Iterator[_Pair]:
        """Write a new symbol for each pair; the pairs that the new symbols are in now."""
        if not pairs:
            return iter(())
        symbols, spans = self.symbols, self.spans
        each = [self.every_other(p) if left == right else p for _, _, left, right, p in pairs]
        places = np.concatenate(each)
        new = np.repeat(np.arange(first_new, first_new + len(pairs)), [len(one) for one in each])
        second = places + spans[places]
        after = second + spans[second]
        symbols[places] = new
        symbols[second] = GAP
        spans[places] = spans[after - 1] = after - places
        before = places - spans[places - 1]
        on_left, on_right = symbols[before], symbols[after]
        # Of two new symbols side by side the first sees the pair.
        left, right = (on_left != GAP) & (on_left < first_new), on_right != GAP
        keys = np.concatenate((on_left[left].astype(np.int64) << 32 | new[left],
                               new[right] << 32 | on_right[right]))  # fmt: skip
        at = np.concatenate((before[left], places[right]))
        order = keys.argsort(kind="stable")
        return _pairs(keys[order] >> 32, keys[order] & _LOW, at[order], self.times, min_count)


#: The lower half of a number that holds two symbols.
_LOW = (1 << 32) - 1


def _first_pairs(text: _Text, n_symbols: int, min_count: int) -> Iterator[_Pair]:
    """All pairs of neighbors, found by sorting (left, right, place) as one number each."""
    symbols = text.symbols
    at = np.flatnonzero((symbols[:-1] != GAP) & (symbols[1:] != GAP))
    shift = len(symbols).bit_length()
    packed = symbols[at].astype(np.int64)
    packed *= n_symbols
    packed += symbols[at + 1]
    packed <<= shift
    packed |= at
    del at
    packed.sort()
    places: Places = packed & ((1 << shift) - 1)
    places = places.astype(np.int32) if shift < 32 else places
    packed >>= shift
    return _pairs(packed // n_symbols, packed % n_symbols, places, text.times, min_count)


def _pairs(
    lefts: Places, rights: Places, places: Places, times: Places, min_count: int
) -> Iterator[_Pair]:
    """Pairs in the order in which they are merged, each once, with all its places.

    Args:
        lefts: Left symbols (n,), sorted, of equal ones
        rights: the right symbols sorted (n,).
        places: Where each pair stands (n,).
        times: How often each place is repeated (n_places,).
        min_count: Pairs with fewer repetitions are left out.
    """
    if not len(places):
        return
    changed = (lefts[1:] != lefts[:-1]) | (rights[1:] != rights[:-1])
    starts = np.flatnonzero(np.concatenate(([True], changed)))
    counts = np.add.reduceat(times[places], starts, dtype=np.int64)
    ends = np.append(starts[1:], len(places))
    frequent = np.flatnonzero(counts >= min_count)
    lefts, rights = lefts[starts[frequent]], rights[starts[frequent]]
    newer = np.maximum(lefts, rights)
    order = np.lexsort((rights, lefts, newer, -counts[frequent]))
    columns = (-counts[frequent], newer, lefts, rights, starts[frequent], ends[frequent])
    del starts, counts, ends, frequent
    table = np.stack(columns, axis=1)[order]
    for row in table:
        count, newest, left, right, start, end = row.tolist()
        yield count, newest, left, right, places[start:end]
