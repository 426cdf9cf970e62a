"""Does llama.cpp cut text as SentencePiece does, once an extended checkpoint is converted to GGUF?

    python benchmarks/gguf_parity.py --data FOLDER --work FOLDER -o RESULT.json

llama-cpp-python is built from its source package in the work folder, which takes ten minutes and
brings llama.cpp's own converter. `--llama-python` and `--converter` name what is there already, and
`--tokenizer` a folder that `tokext merge` wrote; without it 8,000 pieces are learned.

A tiny Mistral of random weights gets the extended tokenizer by a resize, the converter turns the
checkpoint into a GGUF, and llama.cpp reads that back. Every line of the held-out texts, and the
same lines joined to documents, must give the ids that SentencePiece gives. The logits after a dozen
tokens are compared with those of transformers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from conditions import machine, stamp, versions

from tokext import merge_vocab, train_vocab
from tokext.corpus.read import group_lines, read_corpus
from tokext.model import resize_checkpoint
from tokext.model.bits import next_logits
from tokext.model.tiny import TinyOptions, build_tiny
from tokext.output import json_text, write_whole
from tokext.records import Extension, file_record
from tokext.tokenizer.load import load_tokenizer

BASE = "mistralai/Mistral-7B-v0.1"
TEXTS = ["ja_heldout_literature.txt", "ja_heldout_technical.txt", "en_control.txt"]
DOCUMENT_LINES = 20
PACKAGE = "llama-cpp-python"
N_PIECES = 8_000
SHAPE = TinyOptions(width=64, n_layers=2, n_heads=2)
#: Run by the Python that has llama.cpp: texts come in as JSON lines, ids and logits go out alike.
READER = """
import json, sys
import llama_cpp
model = llama_cpp.Llama(sys.argv[1], n_ctx=64, n_threads=1, logits_all=True, verbose=False)
for line in sys.stdin:
    asked = json.loads(line)
    if "ids" in asked:
        model.reset()
        model.eval(asked["ids"])
        print(json.dumps(model.scores[len(asked["ids"]) - 1].tolist()))
    else:
        ids = model.tokenize(asked["text"].encode(), add_bos=False, special=False)
        print(json.dumps(ids))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder with corpora/")
    parser.add_argument("--work", type=Path, required=True, help="a folder for what is built")
    parser.add_argument("--llama-python", help="a Python that has llama-cpp-python")
    parser.add_argument("--converter", type=Path, help="llama.cpp's convert_hf_to_gguf.py")
    parser.add_argument("--tokenizer", type=Path, help="a folder from tokext merge")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.llama_python or not options.converter:
        options.llama_python, options.converter = build_llama(options.work / "llama")
    if not options.tokenizer:
        options.tokenizer = extended_tokenizer(options.work, options.data)
    with tempfile.TemporaryDirectory(dir=options.work) as work:
        result = run(options, Path(work))
    write_whole(options.output, json_text(result), force=True)
    print(json_text(result))
    if any(row["n_different"] for row in result["texts"]) or not result["logits"]["same_best"]:
        raise SystemExit(1)


def build_llama(folder: Path) -> tuple[str, Path]:
    """Build llama-cpp-python in an environment of its own: its Python, and the converter."""
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [str(python), "-m", "pip"]
    wanted = ["--no-deps", "--no-binary", PACKAGE, "-d", str(folder), PACKAGE]
    subprocess.run([*pip, "download", *wanted], check=True)
    [source] = folder.glob("llama_cpp_python-*.tar.gz")
    subprocess.run([*pip, "install", str(source)], check=True)
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
    [converter] = folder.glob("llama_cpp_python-*/vendor/llama.cpp/convert_hf_to_gguf.py")
    return str(python), converter


def extended_tokenizer(work: Path, data: Path) -> Path:
    """Mistral's tokenizer with pieces of the Japanese corpus behind it."""
    if not (work / "tokenizer").exists():
        corpus = data / "corpora" / "ja_train.txt.gz"
        train_vocab(corpus, work / "added", size=N_PIECES, force=True)
        merge_vocab(work / "added", work / "tokenizer")
    return work / "tokenizer"


def run(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    """Make the checkpoint, convert it, and compare."""
    checkpoint = extended_checkpoint(work, options.tokenizer)
    gguf = work / "model.gguf"
    converted = [sys.executable, options.converter, checkpoint, "--outfile", gguf]
    subprocess.run([*map(str, converted), "--outtype", "f32"], check=True)
    llama = Llama(options.llama_python, gguf)
    extension = Extension.read(checkpoint)
    return {
        **stamp("gguf_parity"),
        "tokenizer": {
            "base": extension.base.name,
            "n_added": len(extension.added),
            "padded_size": extension.padded_size,
            "model": asdict(file_record(checkpoint / "tokenizer.model")),
        },
        "texts": [
            compare(llama, checkpoint, options.data / "corpora" / t, n)
            for t in TEXTS
            for n in (1, DOCUMENT_LINES)
        ],
        "logits": compare_logits(llama, checkpoint),
        "conditions": {
            "converter": "convert_hf_to_gguf.py of llama.cpp, float32",
            **machine("platform"),
            "versions": all_versions(options.llama_python),
        },
    }


class Llama:
    """llama.cpp in a process of its own: questions go in a line each, answers come out alike."""

    def __init__(self, python: str, gguf: Path) -> None:
        self.process = subprocess.Popen(
            [python, "-c", READER, str(gguf)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        )

    def ask(self, **question: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def extended_checkpoint(work: Path, tokenizer: Path) -> Path:
    from tokext.merge.write import write_tokenizer

    base = load_tokenizer(BASE)
    build_tiny(base.size, SHAPE).save_pretrained(work / "base")
    write_tokenizer(work / "base", base)
    resize_checkpoint(work / "base", tokenizer=tokenizer, output=work / "extended")
    return work / "extended"


def compare(llama: Llama, checkpoint: Path, path: Path, n_lines: int) -> dict[str, Any]:
    """Every document of so many lines, by both; the first that differs is shown."""
    sentencepiece = load_tokenizer(checkpoint).model
    texts = [text for text in group_lines(read_corpus(path), n_lines) if text]
    different: list[dict[str, Any]] = []
    n_tokens = 0
    for text in texts:
        expected = sentencepiece.encode(text)
        ids = llama.ask(text=text)
        n_tokens += len(expected)
        if ids != expected:
            different.append({"text": text, "sentencepiece": expected, "llama.cpp": ids})
    return {
        "text": path.name,
        "lines_a_document": n_lines,
        "n_documents": len(texts),
        "n_chars": sum(map(len, texts)),
        "n_tokens": n_tokens,
        "n_different": len(different),
        "first_different": different[:1],
    }


def compare_logits(llama: Llama, checkpoint: Path) -> dict[str, Any]:
    """The logits after a dozen tokens of Japanese, by llama.cpp and by transformers."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(checkpoint)
    ids = load_tokenizer(checkpoint).encode("日曜日に図書館は開いているかと彼女は尋ねた。")[:12]
    theirs = torch.tensor(llama.ask(ids=[1, *ids]))
    ours = next_logits(model, [*ids, 0])[-1]
    return {
        "n_ids": len(ours),
        "largest_difference": float((ours - theirs).abs().max()),
        "same_best": int(ours.argmax()) == int(theirs.argmax()),
    }


def all_versions(llama_python: str) -> dict[str, str]:
    code = "import importlib.metadata as m; print(m.version('llama_cpp_python'))"
    asked = subprocess.run(
        [llama_python, "-c", code], check=True, stdout=subprocess.PIPE, text=True
    )
    found = versions("sentencepiece", "transformers")
    return found | {"llama-cpp-python": asked.stdout.strip()}


if __name__ == "__main__":
    main()
