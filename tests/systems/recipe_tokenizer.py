"""The best-known published recipe of extending a Llama-type tokenizer, as its tokenizer.json.

A tokenizer of the base's kind is trained anew on the text (`train_new_from_iterator`), the pieces
that the base lacks go behind the base's, and all merges are rebuilt from the vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.llama import merges_by_id
from tokext.tokenizer.load import Tokenizer


def write_recipe_tokenizer(
    folder: Path, base: Tokenizer, lines: Iterable[str], n_trained: int = 2000
) -> int:
    """Write tokenizer.json and its config alone; how many pieces it has."""
    from transformers import PreTrainedTokenizerFast

    fast = FastTokenizer.from_sentencepiece(base.model)
    special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    start = PreTrainedTokenizerFast(tokenizer_object=fast.tokenizer, **special)
    trained = start.train_new_from_iterator(lines, n_trained, show_progress=False)
    by_id = sorted(trained.get_vocab().items(), key=lambda entry: entry[1])
    vocab = dict(base.model.ids)
    for piece, _ in by_id:
        vocab.setdefault(piece, len(vocab))
    fields = json.loads(fast.json())
    merges = [f"{left} {right}" for left, right in merges_by_id(vocab)]
    fields["model"] |= {"vocab": vocab, "merges": merges}
    text = json.dumps(fields, ensure_ascii=False)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    config = {"tokenizer_class": "LlamaTokenizer", "legacy": True, "add_bos_token": True, **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return len(vocab)
