"""Byte-pair encoding learned exactly, over arrays instead of objects.

Nothing is counted again after a merge. A pair's count can only fall once the pair is there, and
what a merge brings are pairs with the new symbol, which are counted on the spot. So every pair
waits in a heap under the count it had when it was last looked at, an upper bound; whichever stands
on top is counted anew, and is merged if no other bound lies above.
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
    and merged from the left; of equal counts the lower left symbol goes first, then the lower
    right one.

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
        _, left, right, places, behind = heapq.heappop(heap)
        if behind is not None:
            _offer(heap, behind)
            if not allowed(left, right):
                continue
        places = text.still(left, right, places)
        merged = text.every_other(places) if left == right else places
        count = int(text.times[merged].sum())
        if count < min_count:
            continue
        if heap and heap[0][:3] < (-count, left, right):
            heapq.heappush(heap, (-count, left, right, places, None))
            continue
        yield Merge(left, right, count)
        _offer(heap, text.merge(merged, new, min_count))
        new += 1


#: Minus a count at which the pair was seen, its left and right symbol, the places.
_Pair = tuple[int, int, int, Places]

#: A pair, and where it was not looked at since it came up, those that came up with it, in order.
_Entry = tuple[int, int, int, Places, Iterator[_Pair] | None]


def _offer(heap: list[_Entry], pairs: Iterator[_Pair]) -> None:
    """Put the first of some pairs into the heap; none of the others can come before it."""
    if pair := next(pairs, None):
        heapq.heappush(heap, (*pair, pairs))


class _Text:
    """The runs as they are spelled now.

    A symbol stands at the first of the places that it covers, and `GAP` at the others. How many
    it covers stands in `spans`, at the first and at the last of them: that leads to the next
    symbol and to the one before, and takes two bytes where two links would take eight.
    """

    def __init__(self, symbols: NDArray[np.int32], times: NDArray[np.signedinteger]) -> None:
        self.symbols, self.times = symbols, times
        self.spans = np.ones(len(symbols), dtype=np.uint16)

    def still(self, left: int, right: int, places: Places) -> Places:
        """Those of the places where the pair still stands."""
        places = places[self.symbols[places] == left]
        still: Places = places[self.symbols[places + self.spans[places]] == right]
        return still

    def every_other(self, places: Places) -> Places:
        """Of pairs that overlap (``a a a a``) the first, the third, and so on."""
        number = np.arange(len(places))
        overlaps = places[1:] == (places + self.spans[places])[:-1]
        begun = np.maximum.accumulate(np.where(np.append(False, overlaps), 0, number))
        apart: Places = places[(number - begun) % 2 == 0]
        return apart

    def merge(self, places: Places, new: int, min_count: int) -> Iterator[_Pair]:
        """Write the symbol `new` for the pairs at these places; the pairs that it is in now."""
        symbols, spans = self.symbols, self.spans
        second = places + spans[places]
        after = second + spans[second]
        symbols[places] = new
        symbols[second] = GAP
        spans[places] = spans[after - 1] = after - places
        before = places - spans[places - 1]
        on_left, on_right = symbols[before], symbols[after]
        # The pairs (x, new) are known by x, the pairs (new, x) by new + 1 + x. Of two new symbols
        # side by side the first sees the pair.
        keys = np.concatenate((on_left, on_right + (new + 1)))
        at = np.concatenate((before, places))
        real = np.concatenate(((on_left != GAP) & (on_left != new), on_right != GAP))
        keys, at = keys[real], at[real]
        order = keys.argsort(kind="stable")
        groups = _groups(keys[order], at[order], self.times, min_count)
        return (
            (-count, key, new, there) if key < new else (-count, new, key - new - 1, there)
            for key, count, there in groups
        )


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
    for key, count, there in _groups(packed, places, text.times, min_count):
        yield -count, key // n_symbols, key % n_symbols, there


def _groups(
    keys: Places, places: Places, times: Places, min_count: int
) -> Iterator[tuple[int, int, Places]]:
    """Groups of equal keys: the most frequent first, then the one with the lowest key.

    Args:
        keys: Sorted (n,).
        places: Which place each key is of (n,).
        times: How often each place is repeated (n_places,).
        min_count: Groups with fewer repetitions are left out.

    Returns:
        The key of each group, its repetitions and its places.
    """
    if not len(keys):
        return iter(())
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    counts = np.add.reduceat(times[places], starts, dtype=np.int64)
    ends = np.append(starts[1:], len(keys))
    frequent = np.flatnonzero(counts >= min_count)
    frequent = frequent[(-counts[frequent]).argsort(kind="stable")]
    starts, ends, counts = starts[frequent], ends[frequent], counts[frequent]
    firsts = keys[starts]
    return (
        (int(firsts[n]), int(counts[n]), places[starts[n] : ends[n]]) for n in range(len(starts))
    )
