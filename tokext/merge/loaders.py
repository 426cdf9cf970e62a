"""One folder, three loaders that are to agree: SentencePiece, tokenizers and transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokext.errors import TokenizerError
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel


class Loaders:
    """A tokenizer folder opened by each loader that can open it, and what they make of texts.

    `model` is what SentencePiece loads, where there is something that it can.
    """

    def __init__(
        self,
        folder: Path,
        tokenizer: Tokenizer,
        texts: Sequence[str],
        model: SentencePieceModel | None,
    ) -> None:
        self.folder = folder
        self.tokenizer = tokenizer
        self.texts = list(texts)
        self.model = model

    @cached_property
    def transformers(self) -> Any:
        """What `AutoTokenizer` makes of the folder.

        Raises:
            TokenizerError: It cannot open it.
        """
        from transformers import AutoTokenizer

        try:
            return AutoTokenizer.from_pretrained(
                str(self.folder), local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # whatever it stumbles over in a file it takes on trust
            lines = str(error).strip().splitlines() or [""]
            raise TokenizerError(
                f"transformers cannot open {self.tokenizer.name}: "
                f"{type(error).__name__}: {lines[0]}",
                hint="mend or take away its tokenizer_config.json and special_tokens_map.json.",
            ) from error

    def encode(self, texts: Sequence[str]) -> dict[str, list[list[int]]]:
        """The ids of each text by each loader, without special tokens around it."""
        found: dict[str, list[list[int]]] = {}
        if self.model is not None:
            found["sentencepiece"] = self.model.encode_all(texts)
        found["tokenizers"] = self.tokenizer.fast.encode_batch(texts)
        ids = self.transformers(list(texts), add_special_tokens=False)["input_ids"]
        return found | {"transformers": ids}

    @cached_property
    def encodings(self) -> dict[str, list[list[int]]]:
        """`encode`, of the texts."""
        return self.encode(self.texts)

    @cached_property
    def pairs(self) -> dict[str, list[list[int]]]:
        """The ids of each text joined to the next, special tokens included."""
        return self.wrapped(list(pairwise(self.texts)))

    def wrapped(
        self, given: Sequence[str] | Sequence[tuple[str, str]]
    ) -> dict[str, list[list[int]]]:
        """The ids of texts, or of pairs, with the special tokens that a loader puts around them."""
        encoded = self.tokenizer.fast.tokenizer.encode_batch_fast(list(given))
        sides = zip(*given, strict=True) if isinstance(given[0], tuple) else [given]
        ids = self.transformers(*map(list, sides))["input_ids"]
        return {"tokenizers": [e.ids for e in encoded], "transformers": ids}

    @cached_property
    def decodings(self) -> dict[str, list[str]]:
        """Each text encoded and decoded again with special tokens skipped."""
        ids = self.encodings["tokenizers"]
        fast, slow = self.tokenizer.fast.tokenizer, self.transformers
        found: dict[str, list[str]] = {}
        if self.model is not None:
            found["sentencepiece"] = self.model.processor.decode(self._known_to_model(ids))
        found["tokenizers"] = fast.decode_batch(ids, skip_special_tokens=True)
        return found | {"transformers": slow.batch_decode(ids, skip_special_tokens=True)}

    def _known_to_model(self, ids: list[list[int]]) -> list[list[int]]:
        """Without the tokens of a fine-tune that stand above the model's vocabulary."""
        assert self.model is not None
        size = self.model.size
        return [[id_ for id_ in text if id_ < size] for text in ids]
