"""Resizing a checkpoint in its files, against what transformers does, in one run.

    python benchmarks/resize.py --work FOLDER -o RESULT.json [--scale 0.1] [--sparse]

A Mistral-shaped checkpoint of 2 billion parameters (width 4,096, bfloat16, 32,000 rows) is made
with random weights and extended to 120,128 rows; `--scale` makes layers fewer, width and rows
smaller, all by their share. Each contender runs in a process of its own, whose peak resident memory
(imports and mapped pages included) is what the system reports. In turns, as often as `--repeats`:

- copy: a plain copy of the bytes that the resize must write (its floor);
- tokext: `resize_checkpoint`;
- rows_of_means: `resize_token_embeddings(mean_resizing=False)`, a loop of row means, and
  `save_pretrained`;
- default: `resize_token_embeddings` as it is, stopped once it has taken `--limit-factor` times our
  time (once, after the turns; 0 leaves it out).

With `--sparse` a 70B-shaped index over sparse files is resized as well, for its memory.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from tokext.model.header import write_header
from tokext.output import json_text, write_whole
from tokext.records import AddedPiece, Extension
from tokext.tokenizer.fast import FastTokenizer
from tokext.tokenizer.load import load_tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType

BASE = "mistralai/Mistral-7B-v0.1"
WIDTH, LAYERS, ROWS = 4096, 8, 120_128
SHAPE_70B = {"width": 8192, "inner": 28672, "layers": 80, "kv": 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="a folder for gigabytes")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit-factor", type=float, default=100.0)
    parser.add_argument("--sparse", action="store_true", help="also a 70B shape in sparse files")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(CONTENDERS[options.contender](options.work)))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    result = run(options.work, options.scale, options.repeats, options.limit_factor)
    if options.sparse:
        prepare_sparse(options.work)
        result["sparse_70b"] = measure(options.work, "sparse")
    if options.output:
        write_whole(options.output, json_text(result), force=True)
    print(json_text(result))


def run(work: Path, scale: float, repeats: int, limit_factor: float) -> dict[str, Any]:
    """All contenders in turns on one checkpoint, and the conditions."""
    prepare(work, scale)
    runs: dict[str, list[dict[str, Any]]] = {}
    for _ in range(repeats):
        for name in ("copy", "tokext", "rows_of_means"):
            runs.setdefault(name, []).append(measure(work, name))
    ours = statistics.median(r["seconds"] for r in runs["tokext"])
    if limit_factor:
        runs["default"] = [measure(work, "default", limit=limit_factor * ours)]
    found = {name: summary(measured) for name, measured in runs.items()}
    return {
        "schema_version": 1,
        "conditions": conditions(work, scale, repeats),
        "contenders": found,
        "seconds_over_tokext": {n: round(f["seconds"] / ours, 2) for n, f in found.items()},
    }


def measure(work: Path, contender: str, limit: float = 0.0) -> dict[str, Any]:
    """One contender in a process of its own: its seconds, and its peak memory."""
    shutil.rmtree(work / "out", ignore_errors=True)
    os.sync()
    command = [sys.executable, __file__, "--work", str(work), "--contender", contender]
    started = time.perf_counter()
    try:
        done = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, timeout=limit or None
        )
    except subprocess.TimeoutExpired:
        return {"seconds": time.perf_counter() - started, "stopped": True, "peak_bytes": None}
    return {"stopped": False, **json.loads(done.stdout.splitlines()[-1])}


def timed(work: Any, out: Path) -> dict[str, Any]:
    """Seconds until a call's files are on the disk, and the peak memory of this whole process."""
    started = time.perf_counter()
    work()
    for path in out.iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"seconds": seconds, "peak_bytes": peak}


def copy_bytes(work: Path) -> dict[str, Any]:
    """The floor: as many bytes as the resized file has, copied by the system from the old one."""
    source, size = work / "base" / "model.safetensors", int((work / "bytes").read_text())

    def copy() -> None:
        (work / "out").mkdir()
        with source.open("rb") as old, (work / "out" / "copy").open("wb") as new:
            left = size
            while left:
                old.seek(0)
                start = 0
                while left:
                    step = os.copy_file_range(old.fileno(), new.fileno(), left, start)
                    start, left = start + step, left - step
                    if not step:
                        break

    return timed(copy, work / "out")


def ours(work: Path, name: str = "base") -> dict[str, Any]:
    from tokext.model.resize import resize_checkpoint

    return timed(
        lambda: resize_checkpoint(
            work / name, tokenizer=work / "tokenizer", output=work / "out", check_logits=False
        ),
        work / "out",
    )


def rows_of_means(work: Path) -> dict[str, Any]:
    """What careful recipes do: resize without statistics, then a loop over the added pieces."""
    from transformers import AutoModelForCausalLM

    extension = Extension.read(work / "tokenizer")

    def resize() -> None:
        model = AutoModelForCausalLM.from_pretrained(work / "base", dtype="auto")
        model.resize_token_embeddings(extension.padded_size, mean_resizing=False)
        with torch.no_grad():
            for matrix in (model.get_input_embeddings(), model.get_output_embeddings()):
                weight = matrix.weight
                for added in extension.added:
                    weight[added.id] = weight[list(added.constituents)].mean(0)
        model.save_pretrained(work / "out")

    return timed(resize, work / "out")


def default(work: Path) -> dict[str, Any]:
    from transformers import AutoModelForCausalLM

    size = Extension.read(work / "tokenizer").padded_size

    def resize() -> None:
        model = AutoModelForCausalLM.from_pretrained(work / "base", dtype="auto")
        model.resize_token_embeddings(size)
        model.save_pretrained(work / "out")

    return timed(resize, work / "out")


CONTENDERS = {
    "copy": copy_bytes,
    "tokext": ours,
    "rows_of_means": rows_of_means,
    "default": default,
    "sparse": lambda work: ours(work, "sparse"),
}


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
        if held + torch.Size(size).numel() * 2 > 10e9:
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


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = [r["seconds"] for r in runs]
    peaks = [r["peak_bytes"] for r in runs if r["peak_bytes"]]
    return {
        "seconds": round(statistics.median(seconds), 2),
        "seconds_of_each": [round(s, 2) for s in seconds],
        "peak_bytes": max(peaks, default=None),
        "stopped": any(r["stopped"] for r in runs),
    }


def conditions(work: Path, scale: float, repeats: int) -> dict[str, Any]:
    header_bytes = (work / "base" / "model.safetensors").stat().st_size
    return {
        "scale": scale,
        "repeats": repeats,
        "base_bytes": header_bytes,
        "bytes_to_write": int((work / "bytes").read_text()),
        "cores": os.cpu_count(),
        "load_average_at_the_end": round(os.getloadavg()[0], 2),
        "platform": platform.platform(),
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("tokext", "torch", "transformers", "safetensors")
        },
        "timing": "wall clock until the files are on the disk; the import of torch is not counted",
    }


if __name__ == "__main__":
    main()
