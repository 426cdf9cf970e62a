"""Tiny bases, trained here in a fraction of a second, and what tokext makes of them."""

import io
import json
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import sentencepiece

from tokext.corpus.embedded import embedded_lines
from tokext.languages import find_language
from tokext.merge.loaders import Loaders
from tokext.merge.merge import Merged, extend
from tokext.merge.write import write_tokenizer
from tokext.records import AddedPiece
from tokext.tokenizer.load import Tokenizer, load_tokenizer

JAPANESE = find_language("ja")

#: Ways in which bases of Llama's kind differ.
CONFIGURATIONS = {
    "plain": {"split_digits": True},
    "without_prefix": {"add_dummy_prefix": False},
    "user_defined": {"user_defined_symbols": ["<sep>", "[INST]"]},
    "digits_together": {"split_digits": False},
    "control": {"control_symbols": ["<pad>", "<cls>"], "split_by_unicode_script": False},
}


def train_model(lines, vocab_size=560, **options):
    """The bytes of a BPE model with byte fallback, trained in this process."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=written,
        vocab_size=vocab_size,
        minloglevel=2,
        **{
            "model_type": "bpe",
            "hard_vocab_limit": False,
            "byte_fallback": True,
            "normalization_rule_name": "identity",
            "remove_extra_whitespaces": False,
            "character_coverage": 0.99,
            **options,
        },
    )
    return written.getvalue()


def base_lines():
    """English, with a little Japanese, so that some letters are pieces and others are bytes."""
    return [*embedded_lines("en")[:200], *embedded_lines("ja")[:25]]


def write_base(folder, **options):
    folder.mkdir(parents=True)
    (folder / "tokenizer.model").write_bytes(train_model(base_lines(), **options))
    return folder


@cache
def japanese_candidates(n=400):
    """Frequent stretches of two to five letters of real text, the most frequent first."""
    counts = Counter()
    for line in embedded_lines("ja"):
        for length in (2, 3, 4, 5):
            pieces = (line[at : at + length] for at in range(len(line) - length + 1))
            counts.update(p for p in pieces if len(JAPANESE.letter.findall(p)) == length)
    return [AddedPiece(piece, count) for piece, count in counts.most_common(n)]


@dataclass
class Extended:
    """A base, its extension, and both on disk."""

    base: Tokenizer
    base_folder: Path
    merged: Merged
    folder: Path

    @cached_property
    def tokenizer(self):
        return load_tokenizer(self.folder)

    @cached_property
    def base_loaders(self):
        return Loaders(self.base_folder, self.base, [], self.base.model)

    @cached_property
    def loaders(self):
        return Loaders(self.folder, self.tokenizer, [], self.tokenizer.model_file)

    def in_base_ids(self, ids):
        spelled = {a.id: a.constituents for a in self.merged.extension.added}
        return [b for id_ in ids for b in spelled.get(id_, (id_,))]


def extend_base(base, folder, **options):
    """Extend a base and write both as folders that every loader opens."""
    base = load_tokenizer(base)
    options = {"language": JAPANESE, "pad_to": 64} | options
    merged = extend(base, options.pop("candidates", japanese_candidates()), **options)
    both = folder / "base-in-full", folder / "extended"
    for made in both:
        made.mkdir(parents=True)
    write_tokenizer(both[0], base)
    write_tokenizer(both[1], base, model=merged.model, fast=merged.fast)
    merged.extension.write(both[1])
    return Extended(base, both[0], merged, both[1])


TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
)


def write_chatml(folder, base, *, special=True, legacy=True):
    """A fine-tune of a base with ChatML's tokens right above the base's vocabulary."""
    folder.mkdir(parents=True)
    opened = load_tokenizer(base)
    write_tokenizer(folder, opened)
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
    tokens = {
        opened.size + n: {"content": text, **flags, "special": special}
        for n, text in enumerate(("<|im_start|>", "<|im_end|>"))
    }
    change_json(
        folder / "tokenizer.json",
        lambda f: f["added_tokens"].extend({"id": i, **t} for i, t in tokens.items()),
    )
    names = {t["content"]: i for i, t in tokens.items()}
    (folder / "added_tokens.json").write_text(json.dumps(names))

    def configure(config):
        config["added_tokens_decoder"] |= {str(i): t for i, t in tokens.items()}
        config |= {"eos_token": "<|im_end|>", "legacy": legacy, "add_prefix_space": True}

    change_json(folder / "tokenizer_config.json", configure)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    (folder / "LICENSE").write_text("the terms")
    (folder / "NOTICE").write_text("the notice")
    return folder


def write_slow_chatml(folder, base, **options):
    """The same fine-tune as slow tokenizers are saved: without a tokenizer.json."""
    write_chatml(folder, base, **options)
    (folder / "tokenizer.json").unlink()
    return folder


def change_json(path, change):
    """Change the fields of a JSON file in place."""
    fields = json.loads(path.read_text(encoding="utf-8"))
    change(fields)
    path.write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")
