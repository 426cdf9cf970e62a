"""One folder, three loaders that are to agree: SentencePiece, tokenizers and transformers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokext.tokenizer.load import Tokenizer


class Loaders:
    """A tokenizer folder opened by each loader that can open it, and what they make of texts."""

    def __init__(self, folder: Path, tokenizer: Tokenizer, texts: Sequence[str]) -> None:
        self.folder = folder
        self.tokenizer = tokenizer
        self.texts = list(texts)

    @cached_property
    def transformers(self) -> Any:
        """What `AutoTokenizer` makes of the folder."""
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(str(self.folder), local_files_only=True)

    @cached_property
    def encodings(self) -> dict[str, list[list[int]]]:
        """The ids of each text by each loader, without special tokens around it."""
        tokenizer = self.tokenizer
        found = {
            "tokenizers": tokenizer.fast.encode_batch(self.texts),
            "transformers": self.transformers(self.texts, add_special_tokens=False)["input_ids"],
        }
        if tokenizer.model_file is not None:
            found = {"sentencepiece": tokenizer.encode_batch(self.texts)} | found
        return found

    @cached_property
    def pairs(self) -> dict[str, list[list[int]]]:
        """The ids of each text joined to the next, special tokens included."""
        pairs = list(pairwise(self.texts))
        encoded = self.tokenizer.fast.tokenizer.encode_batch_fast(pairs)
        both = self.transformers([a for a, _ in pairs], [b for _, b in pairs])
        return {"tokenizers": [e.ids for e in encoded], "transformers": both["input_ids"]}

    @cached_property
    def decodings(self) -> dict[str, list[str]]:
        """Each text encoded and decoded again with special tokens skipped."""
        ids = self.encodings["tokenizers"]
        fast, slow = self.tokenizer.fast.tokenizer, self.transformers
        return {
            "tokenizers": fast.decode_batch(ids, skip_special_tokens=True),
            "transformers": slow.batch_decode(ids, skip_special_tokens=True),
        }
