"""What stands around a text: special tokens before and behind it, their roles, the flags."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, pairwise

from tokext.merge.loaders import Loaders
from tokext.merge.pair import Pair, guarantee
from tokext.merge.texts import without_letters
from tokext.records import Guarantee, read_json

#: Enough of them are long for a limit of length to show.
_N_TEXTS = 300

#: What `AutoTokenizer` reads from the files beside the vocabulary.
_SETTINGS = (
    "chat_template",
    "clean_up_tokenization_spaces",
    "model_max_length",
    "padding_side",
    "special_tokens_map",
    "truncation_side",
)

#: What it takes from tokenizer.json instead, while other loaders follow tokenizer_config.json.
_FLAGS = ("add_bos_token", "add_eos_token", "add_prefix_space", "legacy")


def surroundings_kept(pair: Pair, base: Loaders, extended: Loaders) -> Guarantee:
    """Special tokens are put around a text, and around two, exactly as by the base.

    Tried on texts without a letter of the language, in tokenizers and in transformers, with the
    settings that each has by itself. Which special token begins, ends or pads a text, the flags
    and the chat templates are compared too, and so is what `tokenizer.json` cuts off or fills up.
    """
    plain = (text for text in without_letters(pair.texts, pair.language) if text)
    texts = list(islice(dict.fromkeys(plain), _N_TEXTS))
    failed = []
    for way in ("wrapped", "wrapped_pairs"):
        given = texts if way == "wrapped" else list(pairwise(texts))
        if not given:
            continue
        before, after = getattr(base, way)(given), getattr(extended, way)(given)
        for loader, encoded in after.items():
            # Without a tokenizer.json both are ways to convert the base, and each may stand for it.
            known = [before[loader]] if pair.base.fast_file else list(before.values())
            failed += [
                f"{loader}: {given[at]!r} became {ids}"
                for at, ids in enumerate(encoded)
                if all(ids != one[at] for one in known)
            ]
    failed += _changed_settings(base, extended)
    failed += _limits(pair)
    claim = "special tokens, their roles, flags and chat templates are as in the base"
    n_checked = 4 * len(texts) + len(_SETTINGS) + len(_FLAGS)
    return guarantee("surroundings_kept", claim, n_checked, "encodings and settings", failed)


def _changed_settings(base: Loaders, extended: Loaders) -> Iterator[str]:
    for name in _SETTINGS:
        before, after = (getattr(one.transformers, name, None) for one in (base, extended))
        if before != after:
            yield f"{name}: {before!r} became {after!r}"
    before, after = (read_json(one.folder / "tokenizer_config.json") for one in (base, extended))
    for name in _FLAGS:
        if name in after and bool(before.get(name)) != bool(after[name]):
            yield f"{name}: {before.get(name)!r} became {after[name]!r}"


def _limits(pair: Pair) -> Iterator[str]:
    """Lengths that `tokenizer.json` sets by itself, whoever calls it."""
    for name in ("truncation", "padding"):
        before, after = (t.fast.fields.get(name) for t in (pair.base, pair.extended))
        if before != after:
            yield f"{name} in tokenizer.json: {before!r} became {after!r}"
