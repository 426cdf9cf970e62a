"""Checkpoints of random weights: 2 billion parameters, and a 70B shape in sparse files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch

from tokext.model.header import write_header
from tokext.records import AddedPiece, Extension
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType

BASE = "mistralai/Mistral-7B-v0.1"
WIDTH, LAYERS, ROWS = 4096, 8, 120_128
SHAPE_70B = {"width": 8192, "inner": 28672, "layers": 80, "kv": 1024}


def prepare(work: Path, scale: float) -> None:
    """Write the base checkpoint and the extended tokenizer, once."""
    width, n_rows = scaled(WIDTH, scale, 128), scaled(ROWS - 32_000, scale, 64) + 32_000
    if not (work / "tokenizer").exists():
        write_tokenizers(work, n_rows)
    if not (work / "base" / "config.json").exists():
        write_base(work / "base", width, max(1, round(LAYERS * scale)), work / "base-tokenizer")
    added = (n_rows - 32_000) * width * 2 * 2
    size = (work / "base" / "model.safetensors").stat().st_size + added
    (work / "bytes").write_text(str(size))


def scaled(number: int, scale: float, multiple: int) -> int:
    return max(multiple, round(number * scale / multiple) * multiple)


def write_base(folder: Path, width: int, n_layers: int, tokenizer: Path) -> None:
    """A Mistral of random weights, drawn a layer at a time."""
    from safetensors.torch import save_file
    from transformers import MistralConfig

    config = MistralConfig(
        vocab_size=32_000,
        hidden_size=width,
        intermediate_size=width * 7 // 2,
        num_hidden_layers=n_layers,
        num_attention_heads=width // 128,
        num_key_value_heads=max(1, width // 512),
        head_dim=128,
        tie_word_embeddings=False,
        architectures=["MistralForCausalLM"],
        dtype="bfloat16",
    )
    config.save_pretrained(folder)
    torch.manual_seed(0)
    save_file(
        {
            name: torch.empty(shape, dtype=torch.bfloat16).normal_(std=0.02)
            for name, shape in shapes(width, width * 7 // 2, n_layers, max(1, width // 512) * 128)
        },
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    for path in tokenizer.iterdir():
        shutil.copyfile(path, folder / path.name)


def shapes(width: int, inner: int, n_layers: int, kv: int) -> list[tuple[str, tuple[int, ...]]]:
    """Every tensor of a Llama- or Mistral-shaped model with 32,000 rows, by name."""
    found: list[tuple[str, tuple[int, ...]]] = [("model.embed_tokens.weight", (32_000, width))]
    for n in range(n_layers):
        layer = f"model.layers.{n}"
        found += [
            (f"{layer}.self_attn.q_proj.weight", (width, width)),
            (f"{layer}.self_attn.k_proj.weight", (kv, width)),
            (f"{layer}.self_attn.v_proj.weight", (kv, width)),
            (f"{layer}.self_attn.o_proj.weight", (width, width)),
            (f"{layer}.mlp.gate_proj.weight", (inner, width)),
            (f"{layer}.mlp.up_proj.weight", (inner, width)),
            (f"{layer}.mlp.down_proj.weight", (width, inner)),
            (f"{layer}.input_layernorm.weight", (width,)),
            (f"{layer}.post_attention_layernorm.weight", (width,)),
        ]
    return [*found, ("model.norm.weight", (width,)), ("lm_head.weight", (32_000, width))]


def write_tokenizers(work: Path, n_rows: int) -> None:
    """The base, and an extension by made-up pieces of two to six kanji and kana of the base."""
    base = load_tokenizer(BASE)
    letters = [i for i, p in enumerate(base.pieces) if len(p.text) == 1 and p.text >= "぀"]
    generator = torch.Generator().manual_seed(0)
    added: list[AddedPiece] = []
    seen = {p.text for p in base.pieces}
    while len(added) < n_rows - 32_000:
        n = int(torch.randint(2, 7, (1,), generator=generator))
        ids = [letters[i] for i in torch.randint(0, len(letters), (n,), generator=generator)]
        piece = "".join(base.pieces[i].text for i in ids)
        if piece not in seen:
            seen.add(piece)
            added.append(AddedPiece(piece, 1, 32_000 + len(added), tuple(ids)))
    lowest = base.model.lowest_learned_score
    new = [Piece(a.piece, lowest - 1 - n, PieceType.NORMAL) for n, a in enumerate(added)]
    for folder, model in (("base-tokenizer", base.model), ("tokenizer", base.model.extended(new))):
        (work / folder).mkdir(parents=True)
        (work / folder / "tokenizer.model").write_bytes(model.data)
        text = FastTokenizer.from_sentencepiece(model).json()
        (work / folder / "tokenizer.json").write_text(text, encoding="utf-8")
    Extension(base.info(), n_rows, n_rows, tuple(added), ()).write(work / "tokenizer")


def prepare_sparse(work: Path) -> None:
    """A 70B-shaped checkpoint: every shard the size it would have, and nearly all of it holes."""
    folder = work / "sparse"
    if folder.exists():
        return
    folder.mkdir()
    shape = SHAPE_70B
    config = json.loads((work / "base" / "config.json").read_text())
    config |= {
        "hidden_size": shape["width"],
        "intermediate_size": shape["inner"],
        "num_hidden_layers": shape["layers"],
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
    }
    (folder / "config.json").write_text(json.dumps(config))
    shards: list[list[tuple[str, tuple[int, ...]]]] = [[]]
    for name, size in shapes(shape["width"], shape["inner"], shape["layers"], shape["kv"]):
        held = sum(torch.Size(s).numel() * 2 for _, s in shards[-1])
        if held + torch.Size(size).numel() * 2 > 5e9:
            shards.append([])
        shards[-1].append((name, size))
    weight_map = {}
    for n, shard in enumerate(shards):
        file = f"model-{n + 1:05d}-of-{len(shards):05d}.safetensors"
        weight_map |= {name: file for name, _ in shard}
        write_sparse(folder / file, shard)
    index = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    for path in (work / "base-tokenizer").iterdir():
        shutil.copyfile(path, folder / path.name)


def write_sparse(path: Path, shard: list[tuple[str, tuple[int, ...]]]) -> None:
    """Holes for every tensor but the two that are edited, which get random rows."""
    header = write_header([(n, "BF16", s) for n, s in shard], {"format": "pt"})
    place = len(header)
    with path.open("wb") as file:
        file.write(header)
        for _, shape in shard:
            size = torch.Size(shape).numel() * 2
            if shape[0] == 32_000:
                file.seek(place)
                for _ in range(0, 32_000, 3200):
                    rows = torch.empty(3200, shape[1], dtype=torch.bfloat16).normal_(std=0.02)
                    file.write(rows.view(torch.uint8).numpy().data)
            place += size
        file.truncate(place)
