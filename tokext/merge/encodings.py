"""Guarantees about encodings, each a function that can say no: what texts become, and back.

They compare two tokenizers through their own loaders and know nothing of how the second was made,
so they can be tried on any pair, whoever made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tokext.merge.loaders import Loaders
from tokext.merge.pair import Pair, guarantee
from tokext.merge.texts import without_letters
from tokext.records import EXTENSION_FILE, Guarantee
from tokext.tokenizer.sentencepiece import SPACE


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
        note = f"There is no {EXTENSION_FILE}, so the pair does not promise it."
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


def padding_unreachable(pair: Pair, extended: Loaders) -> Guarantee:
    """No text is encoded to a padding id, not even the padding piece's own name."""
    names = [pair.extended.pieces[i].text for i in sorted(pair.padding)]
    own = [*names, *(f"a{name}b" for name in names)]
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


def _in_both(
    before: Mapping[str, Sequence[Any]], after: Mapping[str, Sequence[Any]]
) -> list[tuple[str, Sequence[Any], Sequence[Any]]]:
    """Each loader that opened both tokenizers, with what it made of the texts."""
    return [(loader, before[loader], after[loader]) for loader in after if loader in before]
