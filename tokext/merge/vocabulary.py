"""Guarantees about the vocabulary, each a function that can say no: which id is which piece.

They compare two tokenizers through their own loaders and know nothing of how the second was made,
so they can be tried on any pair, whoever made it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tokext.merge.loaders import Loaders
from tokext.merge.merge import entering_pieces
from tokext.merge.pair import Pair, guarantee, guarantee_of_each
from tokext.records import EXTENSION_FILE, AddedPiece, Guarantee
from tokext.tokenizer.fast import FastTokenizer

#: An id of the base or of the extension, and what became of it.
_Failure = tuple[int, str]


def base_pieces_kept(pair: Pair, base_on_disk: Loaders, extended_on_disk: Loaders) -> Guarantee:
    """Every base id has the same piece, score and type, in both files and in transformers.

    A `tokenizer.json` has no scores; there the base's pieces have to be merged in their old order.
    """
    base, extended = pair.base.pieces, pair.extended.pieces
    scored = pair.base.model_file is not None and pair.extended.model_file is not None
    failed = [
        (i, f"id {i}: {b.text!r} became {e.text!r}")
        if b.text != e.text
        else (i, f"id {i}: {b} became {e}")
        for i, (b, e) in enumerate(zip(base, extended, strict=False))
        if (b != e if scored else (b.text, b.type) != (e.text, e.type))
    ]
    failed += [(i, f"id {i}: {p.text!r} is gone") for i, p in enumerate(base) if i >= len(extended)]
    failed += _changed_in_json(pair.base.fast, pair.extended.fast)
    failed += _merged_in_another_order(pair)
    failed += _moved_in_transformers(base_on_disk, extended_on_disk)
    note = "" if scored else "Scores were not compared: one of the two has no tokenizer.model."
    claim = "every base id has the same piece, score and type"
    return guarantee_of_each("base_pieces_kept", claim, len(base), "ids", failed, note)


def _changed_in_json(base: FastTokenizer, extended: FastTokenizer) -> Iterator[_Failure]:
    ids = extended.ids
    for text, id_ in base.ids.items():
        if text in ids and ids[text] != id_:
            yield id_, f"{text!r}: id {id_} became {ids[text]} in tokenizer.json"
    before = {t["content"]: bool(t["special"]) for t in base.added_tokens}
    after = {t["content"]: bool(t["special"]) for t in extended.added_tokens}
    for text, special in before.items():
        if after.get(text) != special:
            kind = "special" if special else "matched in text"
            yield base.ids[text], f"{text!r} is no longer {kind} in tokenizer.json"
    yield from (
        (base.ids[text], f"{text!r} is matched in text before any merge in tokenizer.json")
        for text in after
        if text not in before and text in base.ids
    )


def _merged_in_another_order(pair: Pair) -> Iterator[_Failure]:
    """Base pieces that the extended `tokenizer.json` merges in another order, or not at all.

    A base without a `tokenizer.json` can be converted by id or by score: both orders are its own.
    """
    orders = [pair.base.fast.made]
    if pair.base.fast_file is None:
        by_score = {p.text: -p.score for p in pair.base.pieces}
        orders.append(sorted(orders[0], key=by_score.__getitem__))
    known, ids = set(orders[0]), pair.base.fast.ids
    kept = [text for text in pair.extended.fast.made if text in known]
    if kept in orders:
        return
    for before, after in zip(orders[0], kept, strict=False):
        if before != after:
            yield ids[after], f"{after!r} is merged before {before!r} in tokenizer.json"
            break
    matched = {t["content"] for t in pair.extended.fast.added_tokens}
    gone = known.difference(kept, matched)
    yield from ((ids[text], f"{text!r} is merged no more") for text in gone)


def _moved_in_transformers(base: Loaders, extended: Loaders) -> Iterator[_Failure]:
    """Tokens whose id `AutoTokenizer` moves: it reads more files than the other loaders do."""
    after = extended.transformers.get_vocab()
    for text, id_ in base.transformers.get_vocab().items():
        if text not in after:
            yield id_, f"{text!r}: id {id_} is gone in transformers"
        elif after[text] != id_:
            yield id_, f"{text!r}: id {id_} became {after[text]} in transformers"


def ids_dense(pair: Pair, extended: Loaders) -> Guarantee:
    """Every id up to the size has one piece, the same in both files and in transformers."""
    texts: dict[int, list[str]] = {}
    for text, id_ in pair.extended.fast.ids.items():
        texts.setdefault(id_, []).append(text)
    size = pair.extended.size
    failed = [(i, f"id {i} has no piece") for i in range(size) if i not in texts]
    failed += [(i, f"id {i} lies beyond the size {size}") for i in texts if not 0 <= i < size]
    failed += [(i, f"id {i} has {len(t)} pieces: {t}") for i, t in texts.items() if len(t) > 1]
    failed += [
        (i, f"id {i}: {p.text!r} in one file, {texts[i][0]!r} in the other")
        for i, p in enumerate(pair.extended.pieces)
        if i in texts and p.text not in texts[i]
    ]
    failed += _otherwise_in_transformers(pair, extended)
    claim = "ids are dense up to the padded size, and both files name them alike"
    return guarantee_of_each("ids_dense", claim, size, "ids", failed)


def _otherwise_in_transformers(pair: Pair, extended: Loaders) -> Iterator[_Failure]:
    known, size, opened = pair.extended.fast.ids, pair.extended.size, extended.transformers
    if len(opened) != size:
        first = min(len(opened), size)
        yield first, f"transformers counts {len(opened)} ids, the files {size}"
    for text, id_ in opened.get_vocab().items():
        if known.get(text) != id_:
            yield id_, f"id {id_} is {text!r} in transformers alone"


def merging_again_adds_nothing(pair: Pair) -> Guarantee:
    """What was merged, offered to the extended tokenizer, is in both of its files, once only."""
    recorded = list(pair.record.added) if pair.record else []
    again = recorded or [AddedPiece(text, 0) for _, text in pair.added]
    entering = entering_pieces(
        pair.extended, again, pair.language, keep_all=True, dropped=Counter()
    )
    failed = [(a.piece, f"{a.piece!r} would enter again") for a in entering]
    known = pair.extended.fast.ids
    failed += [
        (a.piece, f"{a.piece!r} is not in tokenizer.json") for a in again if a.piece not in known
    ]
    texts = Counter(piece.text for piece in pair.extended.pieces)
    failed += [(text, f"{text!r} has {n} ids") for text, n in texts.items() if text and n > 1]
    claim = "merging the same vocabulary again adds nothing"
    return guarantee_of_each("merging_again_adds_nothing", claim, len(again), "pieces", failed)


def record_true(pair: Pair) -> Guarantee:
    """What ``extension.json`` says of the base, the added pieces and the padding is so."""
    claim = f"{EXTENSION_FILE} says what the tokenizer holds"
    record = pair.record
    if record is None:
        note = f"There is no {EXTENSION_FILE} to compare with."
        return guarantee("record_true", claim, 0, "entries", [], note)
    base, size = pair.base.info(), pair.extended.size
    ends = (base.size + len(record.added), base.size + len(record.added) + len(record.padding))
    said = {
        "base.vocabulary_digest": (record.base.vocabulary_digest, base.vocabulary_digest),
        "base.size": (record.base.size, base.size),
        "size": (record.size, ends[0]),
        "padded_size": (record.padded_size, size),
        "the number of ids": (ends[1], size),
        "padding": (list(record.padding), list(range(*ends))),
    }
    failed = [f"{name}: {one!r}, in truth {so!r}" for name, (one, so) in said.items() if one != so]
    pieces = pair.extended.pieces
    for at, a in enumerate(record.added, base.size):
        if a.id != at or a.id >= size or pieces[a.id].text != a.piece:
            failed.append(f"id {a.id}: {a.piece!r} is not there")
        elif list(a.constituents) != pair.constituents.get(a.id, list(a.constituents)):
            failed.append(f"{a.piece!r} is spelled {pair.constituents[a.id]} by the base")
        if a.count < 0:
            failed.append(f"{a.piece!r} has the count {a.count}")
    n_checked = len(said) + len(record.added)
    note = (
        ""
        if record.base.sha256 == base.sha256
        else (
            "The base that was extended is another file of the same vocabulary: its SHA-256 is "
            f"{record.base.sha256}, that of the one given here {base.sha256}."
        )
    )
    return guarantee("record_true", claim, n_checked, "entries", failed, note)
