"""A tiny real tokenizer and random Mistrals around it, as folders and as objects."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import sentencepiece
from bench_sentences import ENGLISH, JAPANESE

ZEPHYR = (
    "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)


def write_tokenizer(folder: Path, *, chat_template: str | None = ZEPHYR, size: int = 420) -> Path:
    """A SentencePiece BPE with byte fallback, of the Llama type, in both of its files."""
    from tokext.tokenizer.fast import FastTokenizer
    from tokext.tokenizer.sentencepiece import SentencePieceModel

    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*JAPANESE, *ENGLISH] * 20),
        model_writer=trained,
        vocab_size=size,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    model = SentencePieceModel(trained.getvalue())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model.data)
    (folder / "tokenizer.json").write_text(FastTokenizer.from_sentencepiece(model).json(), "utf-8")
    config: dict[str, Any] = {
        "tokenizer_class": "LlamaTokenizer",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "add_bos_token": True,
        "legacy": True,
    }
    if chat_template:
        config["chat_template"] = chat_template
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return folder


def random_mistral(rows: int, *, width: int = 32, context: int = 512, seed: int = 0) -> Any:
    """A Mistral of two layers with random weights; its logits are far from even."""
    import torch
    from transformers import MistralConfig, MistralForCausalLM

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    config = MistralConfig(
        vocab_size=rows,
        hidden_size=width,
        intermediate_size=width * 2,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=width // 4,
        max_position_embeddings=context,
        sliding_window=None,
        tie_word_embeddings=False,
        initializer_range=0.3,
    )
    return MistralForCausalLM(config).eval()


def write_model(folder: Path, **options: Any) -> Path:
    """A checkpoint: a random Mistral with the tokenizer beside it."""
    from tokext.tokenizer.load import load_tokenizer

    write_tokenizer(folder, chat_template=options.pop("chat_template", ZEPHYR))
    rows = options.pop("rows", load_tokenizer(folder).size)
    random_mistral(rows, **options).save_pretrained(folder)
    return folder
