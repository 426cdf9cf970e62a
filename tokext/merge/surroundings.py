"""What stands around a text: special tokens before and behind it, their roles, the flags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    for given in (texts, list(pairwise(texts))):
        before, after = _frames(base, texts, given), _frames(extended, texts, given)
        for loader, frames in after.items():
            # Without a tokenizer.json both are ways to convert the base, and each may stand for it.
            known = [before[loader]] if pair.base.fast_file else list(before.values())
            failed += [
                f"{loader}: {given[at]!r} stands in {frame}"
                for at, frame in enumerate(frames)
                if all(frame != one[at] for one in known)
            ]
    failed += _changed_settings(base, extended)
    failed += _limits(pair)
    failed += _roles_in_model(base, extended)
    claim = "special tokens, their roles, flags and chat templates are as in the base"
    n_checked = 4 * len(texts) + len(_SETTINGS) + len(_FLAGS)
    return guarantee("surroundings_kept", claim, n_checked, "encodings and settings", failed)


#: The ids around and between the texts of one encoding.
_Frame = list[list[int]]


def _frames(
    loaders: Loaders, texts: Sequence[str], given: Sequence[str] | Sequence[tuple[str, str]]
) -> dict[str, list[_Frame]]:
    """What each loader puts around texts, or around pairs of them."""
    if not given:
        return {}
    alone = {
        loader: dict(zip(texts, ids, strict=True)) for loader, ids in loaders.encode(texts).items()
    }
    return {
        loader: [
            _frame(ids, [alone[loader][text] for text in ([one] if isinstance(one, str) else one)])
            for one, ids in zip(given, encoded, strict=True)
        ]
        for loader, encoded in loaders.wrapped(given).items()
    }


def _frame(ids: list[int], parts: Sequence[list[int]]) -> _Frame:
    """What is left of an encoding without its parts; all of it where one is not in it whole.

    Example:
        >>> _frame([1, 5, 6, 1, 7, 2], [[5, 6], [7]])
        [[1], [1], [2]]
    """
    frame, rest = [], ids
    for part in parts:
        starts = range(len(rest) - len(part) + 1)
        at = next((at for at in starts if rest[at : at + len(part)] == part), None)
        if at is None:
            return [ids]
        frame.append(rest[:at])
        rest = rest[at + len(part) :]
    return [*frame, rest]


def _roles_in_model(base: Loaders, extended: Loaders) -> Iterator[str]:
    """Which ids begin, end and pad a text in SentencePiece, and what an unknown one reads as."""
    if base.model is None or extended.model is None:
        return
    before, after = base.model.processor, extended.model.processor
    for name in ("bos_id", "eos_id", "pad_id", "unk_id"):
        if (one := getattr(before, name)()) != (other := getattr(after, name)()):
            yield f"{name} in tokenizer.model: {one} became {other}"
    reads, now = before.decode([before.unk_id()]), after.decode([after.unk_id()])
    if reads != now:
        yield f"an unknown piece in tokenizer.model: {reads!r} became {now!r}"


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
