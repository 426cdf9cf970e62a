"""The guarantees, each a small function that can say no.

They compare two tokenizers through their own loaders and know nothing of how the second was made,
so they can be tried on any pair, whoever made it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tokext.merge.loaders import Loaders
from tokext.merge.merge import entering_pieces
from tokext.merge.pair import Pair, guarantee
from tokext.merge.texts import without_letters
from tokext.records import EXTENSION_FILE, AddedPiece, Guarantee
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.sentencepiece import SPACE


def base_pieces_kept(pair: Pair, base_on_disk: Loaders, extended_on_disk: Loaders) -> Guarantee:
    """Every base id has the same piece, score and type, in both files and in transformers.

    A `tokenizer.json` has no scores; there the base's pieces have to be merged in their old order.
    """
    base, extended = pair.base.pieces, pair.extended.pieces
    scored = pair.base.model_file is not None and pair.extended.model_file is not None
    failed = [
        f"id {i}: {b.text!r} became {e.text!r}" if b.text != e.text else f"id {i}: {b} became {e}"
        for i, (b, e) in enumerate(zip(base, extended, strict=False))
        if (b != e if scored else (b.text, b.type) != (e.text, e.type))
    ]
    failed += [f"id {i}: {p.text!r} is gone" for i, p in enumerate(base) if i >= len(extended)]
    failed += _changed_in_json(pair.base.fast, pair.extended.fast)
    failed += _merged_in_another_order(pair)
    failed += _moved_in_transformers(base_on_disk, extended_on_disk)
    note = "" if scored else "Scores were not compared: one of the two has no tokenizer.model."
    claim = "every base id has the same piece, score and type"
    return guarantee("base_pieces_kept", claim, len(base), "ids", failed, note)


def _changed_in_json(base: FastTokenizer, extended: FastTokenizer) -> Iterator[str]:
    ids = extended.ids
    for text, id_ in base.ids.items():
        if text in ids and ids[text] != id_:
            yield f"{text!r}: id {id_} became {ids[text]} in tokenizer.json"
    before = {t["content"]: bool(t["special"]) for t in base.added_tokens}
    after = {t["content"]: bool(t["special"]) for t in extended.added_tokens}
    for text, special in before.items():
        if after.get(text) != special:
            kind = "special" if special else "matched in text"
            yield f"{text!r} is no longer {kind} in tokenizer.json"
    yield from (
        f"{text!r} is matched in text before any merge in tokenizer.json"
        for text in after
        if text not in before and text in base.ids
    )


def _merged_in_another_order(pair: Pair) -> Iterator[str]:
    """Base pieces that the extended `tokenizer.json` merges in another order, or not at all.

    A base without a `tokenizer.json` can be converted by id or by score: both orders are its own.
    """
    orders = [pair.base.fast.made]
    if pair.base.fast_file is None:
        by_score = {p.text: -p.score for p in pair.base.pieces}
        orders.append(sorted(orders[0], key=by_score.__getitem__))
    known = set(orders[0])
    kept = [text for text in pair.extended.fast.made if text in known]
    if kept in orders:
        return
    for before, after in zip(orders[0], kept, strict=False):
        if before != after:
            yield f"{after!r} is merged before {before!r} in tokenizer.json"
            break
    matched = {t["content"] for t in pair.extended.fast.added_tokens}
    yield from (f"{text!r} is merged no more" for text in known.difference(kept, matched))


def _moved_in_transformers(base: Loaders, extended: Loaders) -> Iterator[str]:
    """Tokens whose id `AutoTokenizer` moves: it reads more files than the other loaders do."""
    after = extended.transformers.get_vocab()
    for text, id_ in base.transformers.get_vocab().items():
        if text not in after:
            yield f"{text!r}: id {id_} is gone in transformers"
        elif after[text] != id_:
            yield f"{text!r}: id {id_} became {after[text]} in transformers"


def other_text_unchanged(pair: Pair, base: Loaders, extended: Loaders) -> Guarantee:
    """Text without a letter of the language is encoded exactly as before, by either file.

    Tried on the texts with such letters taken out, and on every piece that has none.
    """
    pieces = [p.text for p in pair.base.pieces] + [text for _, text in pair.added]
    plain = [p.replace(SPACE, " ") for p in pieces if not pair.language.has_letter(p)]
    behind = ["\n" + text for text in plain]
    texts = list(dict.fromkeys([*without_letters(pair.texts, pair.language), *plain, *behind]))
    before, after = pair.base.fast.encode_batch(texts), pair.extended.fast.encode_batch(texts)
    failed = {
        text
        for text, b, a in zip(texts, before, after, strict=True)
        if b != a and a not in _as_the_base(pair, base, text)
    }
    if base.model is not None and extended.model is not None:
        before, after = base.model.encode_all(texts), extended.model.encode_all(texts)
        failed |= {text for text, b, a in zip(texts, before, after, strict=True) if b != a}
    claim = f"text without a letter of {pair.language.name} is encoded exactly as before"
    shown = [repr(text) for text in sorted(failed)]
    return guarantee("other_text_unchanged", claim, len(texts), "texts", shown)


def _as_the_base(pair: Pair, base: Loaders, text: str) -> list[list[int]]:
    """What a base without a tokenizer.json of its own makes of a text, in any of its loaders."""
    return [] if pair.base.fast_file else [ids[0] for ids in base.encode([text]).values()]


def pieces_reachable(pair: Pair) -> Guarantee:
    """Every added piece is what its own text is encoded to, behind a neutral character."""
    texts = ["\n" + text.replace(SPACE, " ") for _, text in pair.added]
    failed = [
        f"{text!r} (id {id_})"
        for (id_, text), ids, fast in zip(
            pair.added,
            pair.extended.encode_batch(texts),
            pair.extended.fast.encode_batch(texts),
            strict=True,
        )
        if ids[-1:] != [id_] or fast[-1:] != [id_]
    ]
    return guarantee(
        "pieces_reachable", "every added piece is reachable", len(texts), "pieces", failed
    )


def never_longer(base: Loaders, extended: Loaders) -> Guarantee:
    """No text takes more tokens than with the base, in any loader that opens both."""
    failed = [
        f"{text!r}: {len(b)} -> {len(a)} tokens in {loader}"
        for loader, before, after in _in_both(base.encodings, extended.encodings)
        for text, b, a in zip(base.texts, before, after, strict=True)
        if len(a) > len(b)
    ]
    n_checked = len(_in_both(base.encodings, extended.encodings)) * len(base.texts)
    claim = "no text becomes longer than with the base"
    return guarantee("never_longer", claim, n_checked, "encodings", failed)


def base_tokens_respected(pair: Pair, base: Loaders, extended: Loaders) -> Guarantee:
    """Each added token, put back into the base ids that spell it, gives the base's encoding.

    Tried for each loader by itself, so it also covers text on which the base's loaders disagree.
    Only tokext promises this; other ways of extending may cut a base token in two.
    """
    claim = "added tokens put back into base ids give the base's own encoding, in every loader"
    if pair.record is None:
        note = f"Not tried: there is no {EXTENSION_FILE}, so the pair does not promise it."
        return guarantee("base_tokens_respected", claim, 0, "encodings", [], note)
    both = _in_both(base.encodings, extended.encodings)
    failed = [
        f"{loader}: {text!r}"
        for loader, before, after in both
        for text, b, a in zip(base.texts, before, after, strict=True)
        if b != pair.in_base_ids(a)
    ]
    n_checked = len(both) * len(base.texts)
    return guarantee("base_tokens_respected", claim, n_checked, "encodings", failed)


def round_trip(base: Loaders, extended: Loaders) -> Guarantee:
    """Decoding gives the text back wherever the base's did, in any loader that opens both."""
    before, after = _round(base), _round(extended)
    both = _in_both(before, after)
    kept = [
        (loader, text, a)
        for loader, b_texts, a_texts in both
        for text, b, a in zip(base.texts, b_texts, a_texts, strict=True)
        if b == text
    ]
    failed = [f"{text!r} came back as {a!r} from {loader}" for loader, text, a in kept if a != text]
    claim = "decode(encode(x)) == x wherever the base had it so"
    return guarantee("round_trip", claim, len(kept), "texts", failed)


def _round(loaders: Loaders) -> dict[str, list[str]]:
    ids = loaders.encodings
    decoded = loaders.tokenizer.fast.tokenizer.decode_batch
    found = {"tokenizers": decoded(ids["tokenizers"], skip_special_tokens=False)}
    if loaders.tokenizer.fast_file is None:  # then transformers' own conversion counts as well
        also = loaders.transformers.batch_decode(ids["transformers"], skip_special_tokens=False)
        pairs = zip(found["tokenizers"], also, strict=True)
        found["tokenizers"] = [one if one == other else "" for one, other in pairs]
    if loaders.model is not None:
        found["sentencepiece"] = loaders.model.processor.decode(ids["sentencepiece"])
    return found


def ids_dense(pair: Pair, extended: Loaders) -> Guarantee:
    """Every id up to the size has one piece, the same in both files and in transformers."""
    texts: dict[int, list[str]] = {}
    for text, id_ in pair.extended.fast.ids.items():
        texts.setdefault(id_, []).append(text)
    size = pair.extended.size
    failed = [f"id {i} has no piece" for i in range(size) if i not in texts]
    failed += [f"id {i} lies beyond the size {size}" for i in texts if not 0 <= i < size]
    failed += [f"id {i} has {len(t)} pieces: {t}" for i, t in texts.items() if len(t) > 1]
    failed += [
        f"id {i}: {p.text!r} in one file, {texts[i][0]!r} in the other"
        for i, p in enumerate(pair.extended.pieces)
        if i in texts and p.text not in texts[i]
    ]
    failed += _otherwise_in_transformers(pair, extended)
    claim = "ids are dense up to the padded size, and both files name them alike"
    return guarantee("ids_dense", claim, size, "ids", failed)


def _otherwise_in_transformers(pair: Pair, extended: Loaders) -> Iterator[str]:
    known, size, opened = pair.extended.fast.ids, pair.extended.size, extended.transformers
    if len(opened) != size:
        yield f"transformers counts {len(opened)} ids, the files {size}"
    for text, id_ in opened.get_vocab().items():
        if known.get(text) != id_:
            yield f"id {id_} is {text!r} in transformers alone"


def padding_unreachable(pair: Pair, extended: Loaders) -> Guarantee:
    """No text is encoded to a padding id, not even the padding piece's own name."""
    names = [pair.extended.pieces[i].text for i in sorted(pair.padding)]
    own = [*names, *(f"日本{name}語" for name in names)]
    encoded = extended.encode(own) if own else {}
    failed = [
        f"{text!r} in {loader}"
        for loader, given in extended.encodings.items()
        for text, ids in zip(
            [*own, *extended.texts], [*encoded.get(loader, ()), *given], strict=True
        )
        if not pair.padding.isdisjoint(ids)
    ]
    n_checked = len(extended.encodings) * (len(own) + len(extended.texts))
    claim = "no text produces a padding piece"
    return guarantee("padding_unreachable", claim, n_checked, "encodings", failed)


def merging_again_adds_nothing(pair: Pair) -> Guarantee:
    """What was merged, offered to the extended tokenizer, is in both of its files, once only."""
    recorded = list(pair.record.added) if pair.record else []
    again = recorded or [AddedPiece(text, 0) for _, text in pair.added]
    entering = entering_pieces(
        pair.extended, again, pair.language, keep_all=True, dropped=Counter()
    )
    failed = [f"{a.piece!r} would enter again" for a in entering]
    known = pair.extended.fast.ids
    failed += [f"{a.piece!r} is not in tokenizer.json" for a in again if a.piece not in known]
    texts = Counter(piece.text for piece in pair.extended.pieces)
    failed += [f"{text!r} has {n} ids" for text, n in texts.items() if text and n > 1]
    claim = "merging the same vocabulary again adds nothing"
    return guarantee("merging_again_adds_nothing", claim, len(again), "pieces", failed)


def record_true(pair: Pair) -> Guarantee:
    """What ``extension.json`` says of the base, the added pieces and the padding is so."""
    claim = f"{EXTENSION_FILE} says what the tokenizer holds"
    record = pair.record
    if record is None:
        note = f"Not tried: there is no {EXTENSION_FILE}."
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


def _in_both(
    before: Mapping[str, Sequence[Any]], after: Mapping[str, Sequence[Any]]
) -> list[tuple[str, Sequence[Any], Sequence[Any]]]:
    """Each loader that opened both tokenizers, with what it made of the texts."""
    return [(loader, before[loader], after[loader]) for loader in after if loader in before]
