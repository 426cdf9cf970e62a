"""One folder, three loaders that are to agree: SentencePiece, tokenizers and transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokext.tokenizer.load import Tokenizer


class Loaders:
    """A tokenizer folder, opened by each loader that can open it."""

    def __init__(self, folder: Path, tokenizer: Tokenizer) -> None:
        self.folder = folder
        self.tokenizer = tokenizer

    @property
    def has_model(self) -> bool:
        """Whether there is a `tokenizer.model`, so that SentencePiece is one of the loaders."""
        return self.tokenizer.model_file is not None

    @cached_property
    def transformers(self) -> Any:
        """What `AutoTokenizer` makes of the folder."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(str(self.folder), local_files_only=True)

    def encodings(self, texts: Sequence[str]) -> dict[str, list[list[int]]]:
        """The ids of each text by each loader, without special tokens around it."""
        fast = self.tokenizer.fast
        found = {
            "tokenizers": fast.encode_batch(texts),
            "transformers": self.transformers(list(texts), add_special_tokens=False)["input_ids"],
        }
        if self.has_model:
            found = {"sentencepiece": self.tokenizer.encode_batch(texts)} | found
        return found

    def pairs(self, texts: Sequence[str]) -> dict[str, list[list[int]]]:
        """The ids of each text joined to the next, special tokens included."""
        pairs = list(pairwise(texts))
        encoded = self.tokenizer.fast.tokenizer.encode_batch_fast(pairs)
        both = self.transformers([a for a, _ in pairs], [b for _, b in pairs]) if pairs else {}
        return {
            "tokenizers": [e.ids for e in encoded],
            "transformers": both.get("input_ids", []),
        }

    def decodings(self, texts: Sequence[str]) -> dict[str, list[str]]:
        """Each text encoded and decoded again with special tokens skipped."""
        ids = self.tokenizer.fast.encode_batch(texts)
        fast, hf = self.tokenizer.fast.tokenizer, self.transformers
        return {
            "tokenizers": fast.decode_batch(ids, skip_special_tokens=True),
            "transformers": [hf.decode(i, skip_special_tokens=True) for i in ids],
        }
