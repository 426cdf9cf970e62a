"""The sizes of known models: enough to predict a speed, and to measure one on random weights."""

from __future__ import annotations

from dataclasses import dataclass

from tokext.bench.roofline import ModelCost
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

    def cost(self, n_rows: int, bytes_per_number: float = 2) -> ModelCost:
        """What the roofline has to know of a model of this shape with so many rows.

        A layer has four projections of attention, three of the gated feed-forward block and two
        norms; one more norm stands before the head.

        Example:
            >>> find_shape("mistral-7b").cost(32_000).n_body_parameters
            6979588096
        """
        attention = self.width * self.head_dim * 2 * (self.n_heads + self.n_kv_heads)
        layer = attention + 3 * self.width * self.inner_width + 2 * self.width
        return ModelCost(
            n_body_parameters=self.n_layers * layer + self.width,
            n_rows=n_rows,
            width=self.width,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            n_kv_heads=self.n_kv_heads,
            head_dim=self.head_dim,
            bytes_per_number=bytes_per_number,
        )


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
