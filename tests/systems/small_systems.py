"""Small checkpoints in the shape of the systems people run: files, keys, configs, vocabularies.

Width and depth are small; the vocabulary is Mistral's own 32,000 pieces where the system has it.
Llama-2's, which is not to be had offline, is stood in for by one of the same specification.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import gptq
import sentencepiece
import torch
from recipe_tokenizer import write_recipe_tokenizer
from safetensors.torch import load_file, save_file

from tokext.corpus.embedded import embedded_lines
from tokext.merge.write import write_tokenizer
from tokext.tokenizer.load import load_tokenizer

MISTRAL = "mistralai/Mistral-7B-v0.1"
_SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.2,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
}
_MISTRAL_7B = {"max_position_embeddings": 32768, "sliding_window": 4096, "rms_norm_eps": 1e-5}
_LLAMA_2_70B = {"max_position_embeddings": 4096, "rms_norm_eps": 1e-5}

ZEPHYR_TEMPLATE = (
    "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
    "{{ '<|user|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'system' %}\n"
    "{{ '<|system|>\n' + message['content'] + eos_token }}\n"
    "{% elif message['role'] == 'assistant' %}\n"
    "{{ '<|assistant|>\n'  + message['content'] + eos_token }}\n{% endif %}\n"
    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"
)
SHISA_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system = '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{% for m in messages %}{% if m['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + (system if loop.first else '') + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + ' ' + eos_token }}{% endif %}{% endfor %}"
)


def build(kind: str, vocab: int, dtype: torch.dtype, **options):
    """A model with random weights, the same each time."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, vocab_size=vocab, **_SMALL, **options)
    return AutoModelForCausalLM.from_config(config).to(dtype).eval()


def write_mistral(folder: Path) -> None:
    """Mistral-7B-v0.1: bfloat16, two shards and their index, no chat template."""
    model = build("mistral", 32_000, torch.bfloat16, **_MISTRAL_7B)
    model.save_pretrained(folder, max_shard_size="6MB")
    write_tokenizer(folder, load_tokenizer(MISTRAL))


def write_zephyr(folder: Path) -> None:
    """Zephyr-7B-alpha: Mistral's vocabulary saved again, a chat template, `</s>` to pad with."""
    write_mistral(folder)
    change_json(
        folder / "tokenizer_config.json",
        chat_template=ZEPHYR_TEMPLATE,
        pad_token="</s>",
        padding_side="left",
        additional_special_tokens=["<unk>", "<s>", "</s>"],
    )
    added = {"</s>": 2, "<s>": 1, "<unk>": 0}
    (folder / "added_tokens.json").write_text(json.dumps(added), encoding="utf-8")
    change_json(folder / "config.json", pad_token_id=2)


def write_synthia(folder: Path) -> None:
    """SynthIA-7B-v1.3: Mistral's vocabulary, no chat template, weights in `.bin` shards."""
    write_mistral(folder)
    index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
    for shard in sorted(set(index["weight_map"].values())):
        torch.save(load_file(folder / shard), folder / _bin(shard))
        (folder / shard).unlink()
    index["weight_map"] = {name: _bin(shard) for name, shard in index["weight_map"].items()}
    (folder / "model.safetensors.index.json").unlink()
    path = folder / "pytorch_model.bin.index.json"
    path.write_text(json.dumps(index), encoding="utf-8")


def _bin(shard: str) -> str:
    return shard.replace("model", "pytorch_model", 1).replace(".safetensors", ".bin")


def write_shisa(folder: Path) -> None:
    """Shisa-7B-v1: only a tokenizer.json, longer than Mistral's; rows of zeros up to a multiple."""
    folder.mkdir(parents=True)
    size = write_recipe_tokenizer(folder, load_tokenizer(MISTRAL), embedded_lines("ja"))
    rows = (size + 127) // 128 * 128
    model = build("mistral", rows, torch.bfloat16, **_MISTRAL_7B)
    with torch.no_grad():
        for matrix in (model.model.embed_tokens.weight, model.lm_head.weight):
            matrix[size:] = 0
    model.save_pretrained(folder, max_shard_size="6MB")
    change_json(folder / "tokenizer_config.json", chat_template=SHISA_TEMPLATE)


def write_xwin(folder: Path) -> None:
    """Xwin-LM-70B-V0.1 (GPTQ): float16, one file, layers in 4 bits, Llama-2's vocabulary."""
    folder.mkdir(parents=True)
    (folder / "tokenizer.model").write_bytes(llama_2_model())
    write_tokenizer(folder, load_tokenizer(folder / "tokenizer.model"))
    vocab = load_tokenizer(folder).size
    build("llama", vocab, torch.float16, **_LLAMA_2_70B).save_pretrained(folder)
    packed = gptq.quantize(load_file(folder / "model.safetensors"))
    save_file(packed, folder / "model.safetensors", metadata={"format": "pt"})
    change_json(folder / "config.json", quantization_config={**gptq.SETTINGS})
    path = folder / "quantize_config.json"
    path.write_text(json.dumps(gptq.SETTINGS), encoding="utf-8")


@cache
def llama_2_model() -> bytes:
    """A SentencePiece BPE as Llama-2's was specified, learned from the embedded corpora."""
    data = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*embedded_lines("en"), *embedded_lines("ja")[:40]]),
        model_writer=data,
        model_type="bpe",
        vocab_size=2000,
        byte_fallback=True,
        split_digits=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        character_coverage=0.9995,
        max_sentencepiece_length=16,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return data.getvalue()


def change_json(path: Path, **fields: object) -> None:
    """Set fields of a JSON file."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | fields, ensure_ascii=False), encoding="utf-8")


@dataclass(frozen=True)
class System:
    """A system: its page and folder in docs/systems, its hub id, how its small twin is written.

    `prompt` is what the model has to read for a system message and a question, begin-of-sequence
    token left out.
    """

    page: str
    hub_id: str
    write: Callable[[Path], None]
    prompt: str


SYSTEMS = [
    System("mistral", MISTRAL, write_mistral, "{system}\n\n{user}"),
    System(
        "zephyr",
        "HuggingFaceH4/zephyr-7b-alpha",
        write_zephyr,
        "<|system|>\n{system}</s>\n<|user|>\n{user}</s>\n<|assistant|>\n",
    ),
    System(
        "synthia",
        "migtissera/SynthIA-7B-v1.3",
        write_synthia,
        "SYSTEM: {system} \nUSER: {user} \nASSISTANT: ",
    ),
    System(
        "shisa",
        "augmxnt/shisa-7b-v1",
        write_shisa,
        "[INST] <<SYS>>\n{system}\n<</SYS>>\n\n{user} [/INST]",
    ),
    System(
        "xwin",
        "TheBloke/Xwin-LM-70B-V0.1-GPTQ",
        write_xwin,
        "{system} USER: {user} ASSISTANT:",
    ),
]
