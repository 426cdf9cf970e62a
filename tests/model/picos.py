"""A tiny real base tokenizer, an extension of it, and checkpoints of every shape around it."""

import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch

from tokext.languages import find_language
from tokext.merge.merge import extend
from tokext.merge.write import write_tokenizer as write_merged
from tokext.model.plan import is_spelled_by_bytes
from tokext.records import AddedPiece, Extension
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel

TEXT = [
    "The train left the station a few minutes late, and nobody on the platform seemed to mind.",
    "Open the file and look for the line that ends in 42; she asked whether it would be open.",
    "東京と京都の駅を出た電車は東の都を走る。日本の本を読む人は日本にいる。",
    "設定を変えるには、ファイルを開いて行を書く。",
] * 20
#: Spelled with kanji and kana of the base, with bytes alone, and with both.
ADDED = ["東京", "京都", "電車", "鰯", "鯖", "鰯雲", "日本の本屋", "駅を出た", "ファイル"]


def train_base(model_prefix: str = "") -> bytes:
    data = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT),
        model_writer=data,
        vocab_size=400,
        model_type="bpe",
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        character_coverage=1.0,
        max_sentencepiece_length=4,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return data.getvalue()


def write_tokenizer(folder: Path, model: SentencePieceModel, own: tuple[str, ...] = ()) -> None:
    """Write tokenizer.model and tokenizer.json, with a fine-tune's own tokens above."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model.data)
    fast = FastTokenizer.from_sentencepiece(model)
    fields = json.loads(fast.json())
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    fields["added_tokens"] += [
        {"id": model.size + n, "content": token, **flags, "special": True}
        for n, token in enumerate(own)
    ]
    (folder / "tokenizer.json").write_text(json.dumps(fields, ensure_ascii=False))
    config = {
        "tokenizer_class": "LlamaTokenizer",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "legacy": True,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def write_extended(
    folder: Path, base: Tokenizer, pieces: list[str] = ADDED, pad_to: int = 64
) -> Extension:
    """Write the folder that a merge writes, its guarantees left to the merge's own tests."""
    candidates = [AddedPiece(piece, 10) for piece in pieces]
    merged = extend(base, candidates, language=find_language("ja"), pad_to=pad_to)
    folder.mkdir()
    write_merged(folder, base, model=merged.model, fast=merged.fast)
    merged.extension.write(folder)
    (folder / "LICENSE").write_text("The tokenizer's terms.\n")
    return merged.extension


@dataclass(frozen=True)
class TokenizerPair:
    base_folder: Path
    folder: Path
    base: Tokenizer
    extension: Extension

    @property
    def plain(self) -> AddedPiece:
        """An added piece that more than fallback bytes spell."""
        return next(a for a in self.extension.added if not is_spelled_by_bytes(a))


def add_tokenizer(folder: Path, tokenizer: Path) -> None:
    for path in tokenizer.iterdir():
        shutil.copyfile(path, folder / path.name)


def save_model(folder: Path, model, tokenizer: Path, **save) -> Path:
    model.save_pretrained(folder, **save)
    add_tokenizer(folder, tokenizer)
    return folder


def mistral(vocab: int, *, tied: bool = False, dtype=torch.bfloat16, seed: int = 0):
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(seed)
    config = MistralConfig(
        vocab_size=vocab,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=tied,
    )
    return MistralForCausalLM(config).to(dtype).eval()
