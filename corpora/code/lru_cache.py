#!/usr/bin/env python3
"""A small least-recently-used cache with per-entry expiry.

A dict maps each key to its node in a doubly linked list.  Not thread safe.
"""
from __future__ import annotations

import time
from typing import Dict, Generic, Hashable, Iterator, Optional, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# ============================================================================
# Internal list node
# ============================================================================


class _Node(Generic[K, V]):
    __slots__ = ("key", "value", "deadline", "prev", "next")

    def __init__(self, key: K, value: V, deadline: float) -> None:
        self.key, self.value, self.deadline = key, value, deadline
        self.prev = self.next = self    # a ring of one


class LRUCache(Generic[K, V]):
    def __init__(self, capacity: int = 128, ttl: float = 3.6e3,
                 clock=time.monotonic) -> None:
        assert capacity > 0, f"bad {capacity = !r}"
        self._cap, self._ttl, self._clock = capacity, ttl, clock
        self._map: Dict[K, _Node] = {}
        self._root = _Node(None, None, 0.0)     # sentinel, never expires
        self.hits = self.misses = 0

    # -- linked list helpers --------------------------------------------------

    def _unlink(self, node: _Node) -> None:
        node.prev.next, node.next.prev = node.next, node.prev

    def _push_front(self, node: _Node) -> None:
        first = self._root.next
        node.prev, node.next = self._root, first
        self._root.next = first.prev = node

    # -- public API -----------------------------------------------------------

    def get(self, key: K, default: Optional[V] = None) -> Optional[V]:
        node = self._map.get(key)
        if node is None or node.deadline <= self._clock():
            self.misses += 1
            if node is not None:        # present but too old
                self._unlink(self._map.pop(key))
            return default
        self.hits += 1
        self._unlink(node)
        self._push_front(node)
        return node.value

    def put(self, key: K, value: V) -> None:
        if key in self._map:
            self._unlink(self._map.pop(key))
        elif len(self._map) >= self._cap:
            victim = self._root.prev    # least recently used
            self._unlink(victim)
            del self._map[victim.key]
        node = _Node(key, value, self._clock() + self._ttl)
        self._map[key] = node
        self._push_front(node)

    def __iter__(self) -> Iterator[K]:
        node = self._root.next
        while node is not self._root:
            yield node.key
            node = node.next


if __name__ == "__main__":
    cache: LRUCache[str, int] = LRUCache(capacity=2)
    cache.put("na\u00efve", 0x1F)
    cache.put("caf\N{LATIN SMALL LETTER E WITH ACUTE}", 1_000)
    assert cache.get("na\xefve") == 31
    cache.put("\U0001F980", -7)         # evicts the second key
    print(*cache, sep="\t")             # -> crab, then the first key
