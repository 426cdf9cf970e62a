"""Models with random weights of a shape, made on the device.

Speed does not depend on what the weights are, so it can be measured where they are not at hand.
"""

from __future__ import annotations

from typing import Any

import torch

from tokext.bench.shapes import Shape


def random_model(shape: Shape, n_rows: int, *, device: torch.device, dtype: torch.dtype) -> Any:
    """A Mistral of a shape, its weights small random numbers; initialization is left out.

    The weights are made on the device: nothing is read, and nothing is copied there.

    Example:
        >>> from tokext.bench.shapes import find_shape
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
