"""Shapes of Mistral that benchmarks train, the device to do it on, and how they are measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilingual import Texts

from tokext.model.bits import bits_per_char
from tokext.model.load import find_device
from tokext.model.pretrained import load_causal_model
from tokext.model.tiny import TinyOptions, build_tiny
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
