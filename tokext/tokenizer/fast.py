"""Fast tokenizers: read, extended, encoded with. The only file that looks inside tokenizer.json."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokext.errors import TokenizerError
from tokext.tokenizer.llama import Merge, llama_fields
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


class FastTokenizer:
    """The content of a `tokenizer.json`, and the tokenizer it stands for.

    Raises:
        TokenizerError: The fields are not a tokenizer's, or `tokenizers` refuses them.
    """

    def __init__(self, fields: dict[str, Any], name: str = "tokenizer.json") -> None:
        if not isinstance(fields, dict) or not isinstance(fields.get("model"), dict):
            raise TokenizerError(
                f"{name} is not a tokenizer.json: it holds no model.",
                hint="give the file that a fast tokenizer's save writes.",
            )
        self.fields = fields
        self.name = name
        self._refuse_damage()

    def _refuse_damage(self) -> None:
        """Refuse what the code below would stumble over."""
        vocab, merges = (self.fields["model"].get(key) for key in ("vocab", "merges"))
        is_unigram = isinstance(vocab, list) and all(
            isinstance(e, list) and e and isinstance(e[0], str) for e in vocab
        )
        is_by_id = isinstance(vocab, dict) and all(type(id_) is int for id_ in vocab.values())
        if not (vocab is None or is_unigram or is_by_id):
            raise _damaged(self.name, f"a vocab without ids: {json.dumps(vocab)[:60]}")
        if not (merges is None or isinstance(merges, list)):
            raise _damaged(self.name, f"no list of merges: {json.dumps(merges)[:60]}")
        tokens = self.fields.get("added_tokens") or []
        for token in tokens if isinstance(tokens, list) else [tokens]:
            if not _is_token(token):
                raise _damaged(self.name, f"an added token that is none: {json.dumps(token)[:60]}")

    def __reduce__(self) -> tuple[type[FastTokenizer], tuple[dict[str, Any], str]]:
        """Travel to other processes as the file."""
        return FastTokenizer, (self.fields, self.name)

    @classmethod
    def read(cls, path: str | Path) -> FastTokenizer:
        """Read a `tokenizer.json`."""
        try:
            fields = json.loads(Path(path).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise TokenizerError(
                f"{path} is not valid JSON: {error}.", hint="download or save the file again."
            ) from error
        return cls(fields, str(path))

    @classmethod
    def from_sentencepiece(
        cls, model: SentencePieceModel, added_tokens: Iterable[dict[str, Any]] = ()
    ) -> FastTokenizer:
        """The fast tokenizer that a Llama-type model stands for, as `llama_fields` lays it out."""
        return cls(llama_fields(model, added_tokens), model.name)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the `tokenizers` library."""
        from tokenizers import Tokenizer

        try:
            loaded = Tokenizer.from_str(json.dumps(self.fields, ensure_ascii=False))
        except Exception as error:  # tokenizers raises bare Exception
            raise TokenizerError(
                f"{self.name} cannot be loaded: {error}.", hint="save it again with tokenizers."
            ) from error
        loaded.no_padding()
        loaded.no_truncation()
        return loaded

    def json(self) -> str:
        """The text of the file, laid out as `tokenizers` saves it."""
        return self._json

    @cached_property
    def _json(self) -> str:
        return json.dumps(self.fields, ensure_ascii=False, indent=2)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of every piece and every added token."""
        model = self.fields["model"]
        vocab = model.get("vocab", {})
        if isinstance(vocab, list):  # unigram: [piece, score] in id order
            vocab = {entry[0]: id_ for id_, entry in enumerate(vocab)}
        ids: dict[str, int] = vocab | {t["content"]: t["id"] for t in self.added_tokens}
        return ids

    @property
    def added_tokens(self) -> list[dict[str, Any]]:
        """The tokens that are matched in text before anything else."""
        tokens: list[dict[str, Any]] = self.fields.get("added_tokens") or []
        return tokens

    @property
    def size(self) -> int:
        """One more than the highest id."""
        return max(self.ids.values(), default=-1) + 1

    @property
    def merges(self) -> list[Merge]:
        """The merges in rank order."""
        merges = self.fields["model"].get("merges", [])
        pairs = (m.split(" ") if isinstance(m, str) else m for m in merges)
        try:
            return [(left, right) for left, right in pairs]
        except (TypeError, ValueError) as error:
            raise TokenizerError(
                f"{self.name} has a merge that is not two pieces.",
                hint="download or save the file again.",
            ) from error

    @property
    def kind(self) -> str:
        """What kind of tokenizer it is, in words: `Llama-type BPE`, `byte-level BPE`, ..."""
        model = self.fields["model"]
        name = str(model.get("type") or "untyped")
        if name != "BPE":
            return name
        if _find(self.fields.get("pre_tokenizer"), "ByteLevel"):
            return "byte-level BPE"
        return "Llama-type BPE" if model.get("byte_fallback") and "<0x00>" in self.ids else "BPE"

    @property
    def is_llama_type(self) -> bool:
        """Whether a SentencePiece BPE model with byte fallback can say the same."""
        return self.kind == "Llama-type BPE"

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without a post-processor's special tokens."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode`, for many texts at once, by the fastest call the library has."""
        encoded = self.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [e.ids for e in encoded]

    def pieces(self) -> list[Piece]:
        """Every id's piece; the score is minus its rank among merges, pieces without one last.

        An id that no piece has is an unused piece without text.
        """
        by_id = {id_: text for text, id_ in self.ids.items()}
        order = {text: rank for rank, text in enumerate(self.made)}
        unranked = (text for _, text in sorted(by_id.items()) if text not in order)
        order |= {text: rank for rank, text in enumerate(unranked, len(order))}
        types = self._types() | {"": PieceType.UNUSED}
        texts = [by_id.get(id_, "") for id_ in range(self.size)]
        normal = PieceType.NORMAL
        return [Piece(t, -float(order[t]) if types[t] is normal else 0.0, types[t]) for t in texts]

    @cached_property
    def made(self) -> list[str]:
        """The pieces that merges make, by the first merge of each."""
        return list(dict.fromkeys(left + right for left, right in self.merges))

    def to_sentencepiece(self) -> SentencePieceModel:
        """The SentencePiece model that a Llama-type tokenizer.json stands for.

        Raises:
            TokenizerError: It is of another kind, its ids have a gap, or the merges of different
                pieces are interleaved.
        """
        if not self.is_llama_type:
            raise TokenizerError(
                f"{self.name} is a {self.kind} tokenizer; only Llama-type BPE "
                "(SentencePiece pieces with byte fallback) can be extended.",
                hint="tokext bench compression counts with it all the same.",
            )
        self._refuse_gaps()
        self._refuse_interleaved_merges()
        return SentencePieceModel.build(self.pieces(), dummy_prefix=self._adds_dummy_prefix())

    def _refuse_gaps(self) -> None:
        known = set(self.ids.values())
        missing = next((i for i in range(self.size) if i not in known), None)
        if missing is not None:
            raise TokenizerError(
                f"{self.name} has no piece for id {missing}.",
                hint="tokext extends vocabularies whose ids have no gap.",
            )

    def _refuse_interleaved_merges(self) -> None:
        """Merges of one piece that stand apart, which no SentencePiece model can say."""
        made = [left + right for left, right in self.merges]
        runs = [now for before, now in pairwise(["", *made]) if now != before]
        if len(runs) > len(self.made):
            apart = Counter(runs).most_common(1)[0][0]
            raise TokenizerError(
                f"the merges of {apart!r} in {self.name} stand apart, with others between them.",
                hint="no SentencePiece model can say this; extend the original base instead.",
            )

    def extended(
        self,
        pieces: Iterable[tuple[int, str]],
        merges: Iterable[Merge],
    ) -> FastTokenizer:
        """This tokenizer with more pieces and, behind all others, more merges.

        Added tokens above the vocabulary get a place inside it too, so that `tokenizers` leaves
        them at their ids.
        """
        fields = copy.deepcopy(self.fields)
        model = fields["model"]
        vocab = model["vocab"]
        vocab |= {t["content"]: t["id"] for t in self.added_tokens}
        vocab |= {text: id_ for id_, text in pieces}
        as_text = not model["merges"] or isinstance(model["merges"][0], str)
        model["merges"] += [f"{a} {b}" if as_text else [a, b] for a, b in merges]
        return FastTokenizer(fields, f"{self.name} (extended)")

    def _types(self) -> dict[str, PieceType]:
        types = {
            text: PieceType.BYTE if _BYTE.fullmatch(text) else PieceType.NORMAL for text in self.ids
        }
        for token in self.added_tokens:
            special = PieceType.CONTROL if token["special"] else PieceType.USER_DEFINED
            types[token["content"]] = special
        # transformers leaves the name of the unknown piece out of what it saves for Llama.
        unknown = self.fields["model"].get("unk_token") or "<unk>"
        if unknown in types:
            types[unknown] = PieceType.UNKNOWN
        return types

    def _adds_dummy_prefix(self) -> bool:
        if _find(self.fields.get("normalizer"), "Prepend"):
            return True
        metaspace = _find(self.fields.get("pre_tokenizer"), "Metaspace")
        return metaspace is not None and metaspace.get("prepend_scheme") != "never"


def _is_token(token: Any) -> bool:
    """Whether an entry of `added_tokens` has what every one of them has."""
    kinds = {"id": int, "content": str, "special": bool}
    return isinstance(token, dict) and all(type(token.get(k)) is kind for k, kind in kinds.items())


def _damaged(name: str, what: str) -> TokenizerError:
    return TokenizerError(f"{name} has {what}.", hint="download or save the file again.")


def _find(component: Any, kind: str) -> dict[str, Any] | None:
    """The first part of this type in a normalizer or pre-tokenizer, however deep it stands."""
    if isinstance(component, dict):
        if component.get("type") == kind:
            return component
        component = list(component.values())
    if isinstance(component, list):
        found = (_find(part, kind) for part in component)
        return next((part for part in found if part is not None), None)
    return None
