"""Extend a tokenizer for a language that its model spells badly, and measure what it brings."""

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
