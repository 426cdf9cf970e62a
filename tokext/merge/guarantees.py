"""The guarantees, each a small function that can say no.

They compare two tokenizers through their own loaders and know nothing of how the second was made,
so they can be tried on any pair, whoever made it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

from tokext.merge.loaders import Loaders
from tokext.merge.merge import entering_pieces
from tokext.merge.pair import Pair
from tokext.merge.texts import without_letters
from tokext.records import EXTENSION_FILE, AddedPiece, Extension, Guarantee
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import SPACE

#: How many failures a guarantee shows.
_N_EXAMPLES = 5


def base_pieces_kept(pair: Pair) -> Guarantee:
    """Every base id has the same piece, score and type."""
    base, extended = pair.base.pieces, pair.extended.pieces
    scored = pair.base.model_file is not None and pair.extended.model_file is not None
    failed = [
        f"id {i}: {b.text!r} became {e.text!r}" if b.text != e.text else f"id {i}: {b} became {e}"
        for i, (b, e) in enumerate(zip(base, extended, strict=False))
        if (b != e if scored else (b.text, b.type) != (e.text, e.type))
    ]
    failed += [f"id {i}: {p.text!r} is gone" for i, p in enumerate(base) if i >= len(extended)]
    note = "" if scored else "Scores were not compared: one of the two has no tokenizer.model."
    claim = "every base id has the same piece, score and type"
    return _guarantee("base_pieces_kept", claim, len(base), "ids", failed, note)


def other_text_unchanged(pair: Pair) -> Guarantee:
    """Text without a letter of the language is encoded exactly as before."""
    texts = list(dict.fromkeys(without_letters(pair.texts, pair.language)))
    before, after = pair.base.encode_batch(texts), pair.extended.encode_batch(texts)
    fast_before, fast_after = (
        pair.base.fast.encode_batch(texts),
        pair.extended.fast.encode_batch(texts),
    )
    failed = [
        repr(t)
        for t, b, a, fb, fa in zip(texts, before, after, fast_before, fast_after, strict=True)
        if b != a or fb != fa
    ]
    claim = f"text without a letter of {pair.language.name} is encoded exactly as before"
    return _guarantee("other_text_unchanged", claim, len(texts), "texts", failed)


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
    return _guarantee(
        "pieces_reachable", "every added piece is reachable", len(texts), "pieces", failed
    )


def never_longer(pair: Pair) -> Guarantee:
    """No text takes more tokens than with the base."""
    failed = [
        f"{text!r}: {len(before)} -> {len(after)} tokens"
        for text, before, after in zip(pair.texts, pair.base_ids, pair.extended_ids, strict=True)
        if len(after) > len(before)
    ]
    claim = "no text becomes longer than with the base"
    return _guarantee("never_longer", claim, len(pair.texts), "texts", failed)


def base_tokens_respected(pair: Pair, base: Loaders, extended: Loaders) -> Guarantee:
    """Each added token, put back into the base ids it stands for, gives the base's encoding.

    Tried for each loader by itself, so it also covers text on which the base's loaders disagree.
    """
    claim = "added tokens put back into base ids give the base's own encoding, in every loader"
    path = pair.extended.found.files.get(EXTENSION_FILE)
    if path is None:
        note = f"Not tried: there is no {EXTENSION_FILE} that says what a piece stands for."
        return _guarantee("base_tokens_respected", claim, 0, "encodings", [], note)
    stands_for = {a.id: list(a.constituents) for a in Extension.read(path.parent).added}
    failed = [
        f"{loader}: {text!r}"
        for loader, encoded in extended.encodings.items()
        for text, before, after in zip(
            extended.texts, base.encodings.get(loader, encoded), encoded, strict=True
        )
        if before != [b for id_ in after for b in stands_for.get(id_, [id_])]
    ]
    n_checked = len(extended.encodings) * len(extended.texts)
    return _guarantee("base_tokens_respected", claim, n_checked, "encodings", failed)


def loaders_agree(base: Loaders, extended: Loaders) -> Guarantee:
    """SentencePiece, tokenizers and transformers make the same of every text.

    Encoded by itself and joined to the next, in a batch, special tokens inside, and decoded again
    without them. Where the base's own loaders disagree on the same text, that is counted and shown,
    and not held against the extension.
    """
    failed: list[str] = []
    own: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for way in ("encodings", "pairs", "decodings"):
        before = _disagreements(getattr(base, way))
        for at, who in _disagreements(getattr(extended, way)).items():
            text = base.texts[at]
            if before.get(at) != who:
                failed.append(f"{way}: {who} on {text!r}")
            else:
                own[f"{who} on {way}"] += 1
                shown[f"{who} on {way}"] = min(shown.get(f"{who} on {way}", text), text, key=len)
    notes = [f"{who}: {n:,}, for example {shown[who]!r}" for who, n in own.most_common()]
    note = f"The base disagrees with itself in the same way: {'; '.join(notes)}." if own else ""
    claim = "SentencePiece, tokenizers and transformers agree on every text"
    n_checked = 3 * len(base.texts) - 1
    return _guarantee("loaders_agree", claim, n_checked, "comparisons", failed, note)


def round_trip(pair: Pair) -> Guarantee:
    """Decoding gives the text back wherever the base's did."""
    texts = pair.texts
    before = _decode(pair.base, pair.base_ids)
    after = _decode(pair.extended, pair.extended_ids)
    kept = [(t, a) for t, b, a in zip(texts, before, after, strict=True) if b == t]
    failed = [f"{t!r} came back as {a!r}" for t, a in kept if a != t]
    claim = "decode(encode(x)) == x wherever the base had it so"
    return _guarantee("round_trip", claim, len(kept), "texts", failed)


def ids_dense(pair: Pair) -> Guarantee:
    """Every id up to the size has one piece, the same in both files."""
    fast = {id_: text for text, id_ in pair.extended.fast.ids.items()}
    size = pair.extended.size
    failed = [f"id {i} has no piece" for i in range(size) if i not in fast]
    failed += [f"id {i} lies beyond the size {size}" for i in fast if i >= size]
    failed += [
        f"id {i}: {p.text!r} in one file, {fast[i]!r} in the other"
        for i, p in enumerate(pair.extended.pieces)
        if i in fast and fast[i] != p.text
    ]
    claim = "ids are dense up to the padded size, and both files name them alike"
    return _guarantee("ids_dense", claim, size, "ids", failed)


def padding_unreachable(pair: Pair) -> Guarantee:
    """No text is encoded to a padding id, not even the padding piece's own name."""
    names = [pair.extended.pieces[i].text for i in sorted(pair.padding)]
    texts = [*names, *(f"日本{name}語" for name in names), *pair.texts]
    both = (pair.extended.encode_batch(texts), pair.extended.fast.encode_batch(texts))
    failed = [
        repr(text)
        for text, *ids in zip(texts, *both, strict=True)
        if pair.padding & {*ids[0], *ids[1]}
    ]
    claim = "no text produces a padding piece"
    return _guarantee("padding_unreachable", claim, len(texts), "texts", failed)


def merging_again_adds_nothing(pair: Pair) -> Guarantee:
    """The added pieces, offered to the extended tokenizer, are all in it already, and once only."""
    again = [AddedPiece(text, 0) for _, text in pair.added]
    entering = entering_pieces(
        pair.extended, again, pair.language, keep_all=True, dropped=Counter()
    )
    failed = [f"{a.piece!r} would enter again" for a in entering]
    texts = Counter(piece.text for piece in pair.extended.pieces)
    failed += [f"{text!r} has {n} ids" for text, n in texts.items() if n > 1]
    claim = "merging the same vocabulary again adds nothing"
    return _guarantee("merging_again_adds_nothing", claim, len(again), "pieces", failed)


def _guarantee(
    name: str, claim: str, n_checked: int, unit: str, failed: list[str], note: str = ""
) -> Guarantee:
    examples = tuple(sorted(failed, key=len)[:_N_EXAMPLES])
    return Guarantee(name, claim, not failed, n_checked, len(failed), unit, examples, note)


def _disagreements(results: Mapping[str, Sequence[object]]) -> dict[int, str]:
    """Where neighboring loaders differ, and which."""
    found: dict[int, str] = {}
    for (one, a), (other, b) in pairwise(results.items()):
        for at, (x, y) in enumerate(zip(a, b, strict=True)):
            if x != y:
                found.setdefault(at, f"{one} and {other} differ")
    return found


def _decode(tokenizer: Tokenizer, ids: list[list[int]]) -> list[str]:
    if tokenizer.model_file is not None:
        texts: list[str] = tokenizer.model_file.processor.decode(ids)
        return texts
    return list(tokenizer.fast.tokenizer.decode_batch(ids, skip_special_tokens=False))
