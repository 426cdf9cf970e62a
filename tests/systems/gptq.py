"""4-bit weights in the layout of GPTQ checkpoints, packed and unpacked by plain rounding.

Eight weights of a column share an int32, low bits first; zero points are stored less one.
"""

from __future__ import annotations

import torch

BITS, GROUP, HIGHEST = 4, 32, 15
SETTINGS = {
    "quant_method": "gptq",
    "bits": BITS,
    "group_size": GROUP,
    "desc_act": False,
    "sym": True,
    "true_sequential": True,
    "damp_percent": 0.1,
}
_SHIFTS = torch.arange(0, 32, BITS, dtype=torch.int32)
_ZERO = 8


def quantize(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The layers' projections in 4 bits; embeddings, head and norms as they are."""
    packed: dict[str, torch.Tensor] = {}
    for name, weight in tensors.items():
        if name.endswith("proj.weight"):
            owner = name.removesuffix(".weight")
            packed |= {f"{owner}.{key}": value for key, value in _pack(weight).items()}
        else:
            packed[name] = weight
    return packed


def dequantize(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The float tensors that a quantized checkpoint stands for."""
    plain = {name: t for name, t in tensors.items() if name.endswith(".weight")}
    for name in tensors:
        if name.endswith(".qweight"):
            owner = name.removesuffix(".qweight")
            plain[f"{owner}.weight"] = _unpack(tensors, owner)
    return plain


def _pack(weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """A weight (n_out, n_in) as qweight (n_in / 8, n_out) and its scales by groups of inputs."""
    n_out, n_in = weight.shape
    grouped = weight.float().T.reshape(n_in // GROUP, GROUP, n_out)
    scales = grouped.abs().amax(1).clamp(min=1e-6) / 7
    levels = (grouped / scales[:, None]).round() + _ZERO
    levels = levels.clamp(0, HIGHEST).to(torch.int32).reshape(n_in // 8, 8, n_out)
    zeros = torch.full((n_in // GROUP, n_out // 8, 8), _ZERO - 1, dtype=torch.int32)
    return {
        "qweight": (levels << _SHIFTS[None, :, None]).sum(1, dtype=torch.int32),
        "qzeros": (zeros << _SHIFTS).sum(2, dtype=torch.int32),
        "scales": scales.half(),
        "g_idx": torch.arange(n_in, dtype=torch.int32) // GROUP,
    }


def _unpack(tensors: dict[str, torch.Tensor], owner: str) -> torch.Tensor:
    packed, scales = tensors[f"{owner}.qweight"], tensors[f"{owner}.scales"].float()
    levels = (packed[:, None] >> _SHIFTS[None, :, None]) & HIGHEST
    zeros = (tensors[f"{owner}.qzeros"][:, :, None] >> _SHIFTS) & HIGHEST
    group = tensors[f"{owner}.g_idx"].long()
    centered = levels.flatten(0, 1).float() - (zeros.flatten(1) + 1)[group]
    return (centered * scales[group]).T.half().contiguous()
