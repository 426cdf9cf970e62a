"""The best-known published recipe for extending a Llama-type tokenizer, re-enacted.

    python recipe.py TEXT -o tokenizer.json

transformers' `train_new_from_iterator` learns a vocabulary of 99,062 on the base's fast tokenizer,
pieces of up to 24 characters. Each piece that the base lacks is appended, but for those of digits
and symbols with a digit among them; then all two-way splits of every token of the whole vocabulary
become its merges, in id order.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import regex

from tokext.corpus.read import read_corpus
from tokext.tokenizer.load import load_tokenizer

BASE = "mistralai/Mistral-7B-v0.1"
SIZE, LONGEST = 99_062, 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.write_text(extended(options.text), encoding="utf-8")


def extended(text: Path) -> str:
    """The `tokenizer.json` that the recipe makes."""
    from transformers import PreTrainedTokenizerFast

    base = load_tokenizer(BASE).fast.tokenizer
    fast = PreTrainedTokenizerFast(tokenizer_object=base, unk_token="<unk>", bos_token="<s>")
    batches = read_corpus(text).batches()
    trained = fast.train_new_from_iterator(batches, SIZE, max_token_length=LONGEST)
    written = json.loads(base.to_str())
    vocabulary = written["model"]["vocab"]
    learned = sorted(trained.get_vocab().items(), key=lambda item: item[1])
    for token, _ in learned:
        if token not in vocabulary and not is_numeric(token):
            vocabulary[token] = len(vocabulary)
    written["model"]["merges"] = [list(split) for split in splits(vocabulary)]
    return json.dumps(written, ensure_ascii=False)


def is_numeric(token: str) -> bool:
    """Whether a token is made of digits and symbols, with a digit among them."""
    return regex.search(r"\d", token) is not None and regex.search(r"\p{L}", token) is None


def splits(vocabulary: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Both halves of every token that are tokens themselves."""
    for token in sorted(vocabulary, key=vocabulary.__getitem__):
        for at in range(1, len(token)):
            if token[:at] in vocabulary and token[at:] in vocabulary:
                yield token[:at], token[at:]


if __name__ == "__main__":
    main()
