"""The small JSON files beside a tokenizer: read whole, and the tokens that only they know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from tokext.errors import TokenizerError
from tokext.tokenizer.sentencepiece import SentencePieceModel

_CONFIG = "tokenizer_config.json"
_ADDED = "added_tokens.json"
_DECODER = f"added_tokens_decoder in {_CONFIG}"

#: What transformers opens beside a tokenizer; each holds one JSON object.
_SIDE_FILES = (_CONFIG, "special_tokens_map.json", _ADDED, "chat_template.json")

SideFiles = dict[str, dict[str, Any]]


def read_side_files(files: Mapping[str, Path]) -> SideFiles:
    """Read the side files that there are, by name.

    Raises:
        TokenizerError: One of them is not a JSON object; transformers would stumble over it later.
    """
    return {name: _read_object(files[name]) for name in _SIDE_FILES if name in files}


def _read_object(path: Path) -> dict[str, Any]:
    hint = "download or save the file again; a tokenizer.model given by itself needs none."
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise TokenizerError(f"{path} is not valid JSON: {error}.", hint=hint) from error
    if not isinstance(fields, dict):
        met = json.dumps(fields, ensure_ascii=False)[:40]
        raise TokenizerError(f"{path} is not a JSON object: it holds {met}.", hint=hint)
    return fields


def tokens_beside(side: SideFiles, model: SentencePieceModel, name: str) -> list[dict[str, Any]]:
    """The tokens above a model's vocabulary that its side files give ids, in id order.

    A fine-tune saved without a `tokenizer.json` keeps its own tokens there.

    Args:
        side: What `read_side_files` read.
        model: The model; what the files say of its own ids has to be so.
        name: The tokenizer's, for what is said of it.

    Returns:
        Tokens as they stand among the `added_tokens` of a `tokenizer.json`.

    Raises:
        TokenizerError: An entry is no token, the files contradict each other or the model, or
            an id between the tokens has none.
    """
    tokens: dict[int, dict[str, Any]] = {}
    ids = dict(model.ids)
    texts = {id_: piece.text for id_, piece in enumerate(model.pieces)}
    for file, token in (*_from_decoder(side, name), *_from_added(side, name)):
        id_, text = token["id"], token["content"]
        if ids.setdefault(text, id_) != id_ or texts.setdefault(id_, text) != text:
            so = f"{text!r} is id {ids[text]}" if ids[text] != id_ else f"that is {texts[id_]!r}"
            raise TokenizerError(
                f"{name}: {file} gives id {id_} to {text!r}, but elsewhere {so}.",
                hint=f"make tokenizer.model, {_CONFIG} and {_ADDED} agree.",
            )
        if id_ >= model.size:
            tokens.setdefault(id_, token)
    _refuse_gap(tokens, model.size, name)
    return [tokens[id_] for id_ in sorted(tokens)]


def _from_decoder(side: SideFiles, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    stated = side.get(_CONFIG, {}).get("added_tokens_decoder", {})
    if not isinstance(stated, dict):
        raise _no_token(name, _DECODER, stated)
    for key, fields in stated.items():
        content = fields.get("content") if isinstance(fields, dict) else None
        if not (key.isascii() and key.isdecimal()) or not _is_text(content):
            raise _no_token(name, _DECODER, {key: fields})
        yield _DECODER, _token(int(key), content, fields)


def _from_added(side: SideFiles, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """`added_tokens.json` states no flags: a token is special where another file names it so."""
    special = set(_special_names(side))
    for text, id_ in side.get(_ADDED, {}).items():
        if type(id_) is not int or id_ < 0 or not _is_text(text):
            raise _no_token(name, _ADDED, {text: id_})
        yield _ADDED, _token(id_, text, {"special": text in special})


def _special_names(side: SideFiles) -> Iterator[str]:
    for file in (_CONFIG, "special_tokens_map.json"):
        for key, value in side.get(file, {}).items():
            if key.endswith(("_token", "_special_tokens")):
                for one in value if isinstance(value, list) else [value]:
                    named = one.get("content") if isinstance(one, dict) else one
                    if isinstance(named, str):
                        yield named


def _token(id_: int, content: str, flags: Mapping[str, Any]) -> dict[str, Any]:
    """A token with its stated flags; it is matched as it is written.

    Llama's tokenizers have no normalizer in transformers, so there `normalized` changes nothing;
    in a `tokenizer.json` that prepends a space it would hide the token inside text.
    """
    stated = {k: bool(flags.get(k)) for k in ("single_word", "lstrip", "rstrip")}
    special = bool(flags.get("special"))
    return {"id": id_, "content": content, **stated, "normalized": False, "special": special}


def _is_text(content: object) -> TypeGuard[str]:
    return isinstance(content, str) and content != ""


def _no_token(name: str, file: str, met: object) -> TokenizerError:
    shown = json.dumps(met, ensure_ascii=False)[:80]
    return TokenizerError(
        f"{name}: {file} holds {shown}, which is no token with an id.",
        hint="download or save the tokenizer again.",
    )


def _refuse_gap(tokens: Mapping[int, object], size: int, name: str) -> None:
    expected = range(size, size + len(tokens))
    missing = next((id_ for id_ in expected if id_ not in tokens), None)
    if missing is not None:
        raise TokenizerError(
            f"{name} has no piece for id {missing}, below tokens of its own in "
            f"{_CONFIG} or {_ADDED}.",
            hint="save the tokenizer again without gaps.",
        )
