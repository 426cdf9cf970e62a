"""Extend a tokenizer for a language that its model spells badly, and measure what it brings."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokext.bench.compare import compare
    from tokext.bench.compression import measure_compression
    from tokext.corpus.read import read_corpus
    from tokext.errors import TokextError
    from tokext.merge.extension import merge_vocab
    from tokext.merge.verify import verify
    from tokext.tokenizer.load import load_tokenizer
    from tokext.vocab.added import train_vocab

__all__ = [
    "TokextError",
    "compare",
    "load_tokenizer",
    "measure_compression",
    "merge_vocab",
    "read_corpus",
    "train_vocab",
    "verify",
]

_HOMES = {
    "TokextError": "errors",
    "compare": "bench.compare",
    "load_tokenizer": "tokenizer.load",
    "measure_compression": "bench.compression",
    "merge_vocab": "merge.extension",
    "read_corpus": "corpus.read",
    "train_vocab": "vocab.added",
    "verify": "merge.verify",
}


def __getattr__(name: str) -> Any:
    """Open a room when it is asked for: every command and every worker needs few of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'tokext' has no attribute {name!r}")
    return getattr(importlib.import_module(f"tokext.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
