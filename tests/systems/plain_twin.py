"""Checkpoints loaded by transformers; a quantized one by the float weights that it stands for."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import gptq
from safetensors.torch import load_file, save_file


def load_plain(folder: Path) -> tuple[Any, Any]:
    """The model in float32 and the tokenizer, both as transformers loads them from the files."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    with tempfile.TemporaryDirectory() as scratch:
        twin = _twin(folder, Path(scratch))
        model, told = AutoModelForCausalLM.from_pretrained(
            twin, dtype="float32", output_loading_info=True, local_files_only=True
        )
    assert not told["missing_keys"], told
    assert not told["unexpected_keys"], told
    return model.eval(), tokenizer


def _twin(folder: Path, scratch: Path) -> Path:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "quantization_config" not in config:
        return folder
    del config["quantization_config"]
    (scratch / "config.json").write_text(json.dumps(config), encoding="utf-8")
    shutil.copyfile(folder / "generation_config.json", scratch / "generation_config.json")
    plain = gptq.dequantize(load_file(folder / "model.safetensors"))
    save_file(plain, scratch / "model.safetensors", metadata={"format": "pt"})
    return scratch
