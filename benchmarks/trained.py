"""Shapes of Mistral that benchmarks train, the device to do it on, and how they are measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from bilingual import Texts

from tokext.model.bits import bits_per_char
from tokext.model.load import find_device
from tokext.model.pretrained import load_causal_model
from tokext.model.tiny import TinyOptions, build_tiny, train
from tokext.records import Extension
from tokext.tokenizer.load import Tokenizer

#: By name; `100m` has 95 million parameters over 32,000 rows, and wants a GPU.
SHAPES = {
    "tiny": TinyOptions(width=128, n_layers=3, n_heads=4, batch_size=8, window=64, rate=4e-3),
    "100m": TinyOptions(width=768, n_layers=10, n_heads=12, batch_size=32, window=256, rate=1e-3),
}


@dataclass(frozen=True)
class Setup:
    """A shape and how it is trained, and the device to do it on."""

    shape: TinyOptions
    device: str = "cpu"

    def build(self, size: int) -> Any:
        """An untrained model with `size` ids."""
        return build_tiny(size, self.shape).to(find_device(self.device))

    def load(self, folder: Path) -> Any:
        """The model in a folder, in float32."""
        model = load_causal_model(folder).float().eval()
        return model.to(find_device(self.device))

    def measure(self, model: Any, tokenizer: Tokenizer, held_out: Texts) -> dict[str, float]:
        """Bits per character by language, read in windows as long as those of the training."""
        model.eval()
        return {
            language: bits_per_char(model, tokenizer, lines, window=self.shape.window)
            for language, lines in held_out.items()
        }


def train_new_rows(
    model: Any,
    stream: torch.Tensor,
    options: TinyOptions,
    extension: Extension,
    watch: Callable[[int], None],
) -> None:
    """Train the rows of added pieces alone; all others get no gradient and no decay."""
    weight = model.get_input_embeddings().weight
    for parameter in model.parameters():
        parameter.requires_grad_(parameter is weight)
    kept = torch.ones(len(weight), 1, device=weight.device)
    kept[extension.base.size : extension.size] = 0
    before = weight.detach()[: extension.base.size].clone()
    weight.register_hook(lambda gradient: gradient.masked_fill(kept.bool(), 0.0))
    train(model, stream, dataclasses.replace(options, decay=0.0), [weight], after_step=watch)
    assert torch.equal(weight[: extension.base.size], before), "a base row was trained"
