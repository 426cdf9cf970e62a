"""Models as a shape: the sizes of known ones, with random weights made on the device.

Speed does not depend on what the weights are, so it can be measured where they are not at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from tokext.errors import InputError


@dataclass(frozen=True)
class Shape:
    """The sizes of a decoder-only transformer of Llama's kind; its rows come from a tokenizer."""

    width: int
    inner_width: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    context_tokens: int
    tied: bool = False

    @property
    def head_dim(self) -> int:
        """The width of one head of attention."""
        return self.width // self.n_heads


#: Published sizes, and smaller ones at Mistral's proportions.
SHAPES = {
    "mistral-7b": Shape(4096, 14336, 32, 32, 8, 32768),
    "llama-2-7b": Shape(4096, 11008, 32, 32, 32, 4096),
    "llama-2-13b": Shape(5120, 13824, 40, 40, 40, 4096),
    "llama-2-70b": Shape(8192, 28672, 80, 64, 8, 4096),
    "llama-3-8b": Shape(4096, 14336, 32, 32, 8, 8192),
    "tinyllama-1b": Shape(2048, 5632, 22, 32, 4, 2048),
    "mistral-1b": Shape(2048, 7168, 16, 16, 4, 32768),
    "mistral-100m": Shape(768, 2688, 8, 6, 2, 32768),
    "mistral-tiny": Shape(64, 224, 2, 4, 2, 4096),
}


def find_shape(name: str) -> Shape:
    """A shape by its name.

    Raises:
        InputError: There is none of that name.

    Example:
        >>> find_shape("mistral-7b").head_dim
        128
    """
    if name not in SHAPES:
        raise InputError(f"there is no shape {name!r}.", hint=f"give one of {', '.join(SHAPES)}.")
    return SHAPES[name]


def random_model(shape: Shape, n_rows: int, *, device: torch.device, dtype: torch.dtype) -> Any:
    """A Mistral of a shape, its weights small random numbers; initialization is left out.

    The weights are made on the device: nothing is read, and nothing is copied there.

    Example:
        >>> cpu, floats = torch.device("cpu"), torch.float32
        >>> model = random_model(find_shape("mistral-tiny"), 100, device=cpu, dtype=floats)
        >>> tuple(model.lm_head.weight.shape)
        (100, 64)
    """
    from transformers import MistralConfig, MistralForCausalLM
    from transformers.initialization import no_init_weights

    config = MistralConfig(
        vocab_size=n_rows,
        hidden_size=shape.width,
        intermediate_size=shape.inner_width,
        num_hidden_layers=shape.n_layers,
        num_attention_heads=shape.n_heads,
        num_key_value_heads=shape.n_kv_heads,
        head_dim=shape.head_dim,
        max_position_embeddings=shape.context_tokens,
        sliding_window=None,
        tie_word_embeddings=shape.tied,
        dtype=dtype,
    )
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with no_init_weights(), device:
            model = MistralForCausalLM(config)
    finally:
        torch.set_default_dtype(before)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # What memory held before may be numbers that a CPU multiplies a hundred times slower.
            if "norm" in name:
                weight.fill_(1.0)
            else:
                weight.uniform_(-0.02, 0.02)
    return model.eval()
