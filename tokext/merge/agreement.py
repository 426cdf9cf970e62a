"""Whether the loaders of an extension agree, where those of its base do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any

from tokext.merge.loaders import Loaders
from tokext.merge.pair import Pair, guarantee
from tokext.records import Guarantee

_Stretch = tuple[tuple[Any, ...], tuple[Any, ...]]


def loaders_agree(pair: Pair, base: Loaders, extended: Loaders) -> Guarantee:
    """SentencePiece, tokenizers and transformers make the same of every text.

    Encoded by itself and joined to the next, in a batch, special tokens inside, and decoded again
    without them. Where the base's own loaders differ on the same text by the same tokens, that is
    counted and shown, and not held against the extension.
    """
    failed: list[str] = []
    own: Counter[str] = Counter()
    shown: dict[str, str] = {}
    n_checked = 0
    for way in ("encodings", "pairs", "decodings"):
        before, after = getattr(base, way), getattr(extended, way)
        for one, other in pairwise(after):
            n_checked += len(after[one])
            who = f"{one} and {other} on {way}"
            for at, (a, b) in enumerate(zip(after[one], after[other], strict=True)):
                if a == b:
                    continue
                text = base.texts[at]
                theirs = [
                    (list(x[at]), list(y[at])) for x, y in _pairs_of(pair, before, one, other)
                ]
                if _is_own(pair, a, b, theirs):
                    own[who] += 1
                    shown[who] = min(shown.get(who, text), text, key=len)
                else:
                    failed.append(f"{way}: {one} and {other} differ on {text!r}")
    notes = [f"{who}: {n:,}, for example {shown[who]!r}" for who, n in own.most_common()]
    note = f"The base disagrees with itself in the same way: {'; '.join(notes)}." if own else ""
    claim = "SentencePiece, tokenizers and transformers agree on every text"
    return guarantee("loaders_agree", claim, n_checked, "comparisons", failed, note)


def _pairs_of(
    pair: Pair, before: Mapping[str, Sequence[Any]], one: str, other: str
) -> list[tuple[Sequence[Any], Sequence[Any]]]:
    """What the base's loaders of these names made of the texts.

    For a base without a `tokenizer.json`, tokenizers and transformers are two ways to convert it,
    and each may stand for the other.
    """
    names = [(one, other)]
    if pair.base.fast_file is None:
        swap = {"tokenizers": "transformers", "transformers": "tokenizers"}
        names += [(one, swap[other]), (swap.get(one, one), other)]
    return [(before[a], before[b]) for a, b in names if a != b and a in before and b in before]


def _is_own(pair: Pair, a: Any, b: Any, theirs: Sequence[tuple[Any, Any]]) -> bool:
    """Whether two loaders differ by nothing but what the base's loaders differ by.

    Each joins what its base makes of the text by the same rule, or all that differs are stretches
    that differ in the base too. A stretch that stands for the same base ids in both is joined
    differently: the extension's own.
    """
    if not isinstance(a, str) and any((a, b) == tuple(map(pair.joined, both)) for both in theirs):
        return True
    if (pair.in_base_ids(a), pair.in_base_ids(b)) in theirs and pair.added_in(a) == pair.added_in(
        b
    ):
        return True
    found: Counter[_Stretch] = Counter()
    for one, other in _differences(a, b).elements():
        spelled = pair.in_base_ids(one), pair.in_base_ids(other)
        if spelled[0] == spelled[1]:
            return False
        found += _differences(*spelled)
    return any(found <= _differences(x, y) for x, y in theirs)


def _differences(one: Sequence[Any], other: Sequence[Any]) -> Counter[_Stretch]:
    """The stretches by which two sequences of ids, or two texts, differ."""
    changes = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return Counter(
        (tuple(one[i:j]), tuple(other[k:m])) for kind, i, j, k, m in changes if kind != "equal"
    )
