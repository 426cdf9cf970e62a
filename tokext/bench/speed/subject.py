"""What is measured: a checkpoint or a shape with its tokenizer, and the machine it runs on."""

from __future__ import annotations

import contextlib
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from tokext.bench.machines import Machine, find_machine
from tokext.bench.roofline import Experts, ModelCost
from tokext.bench.shapes import find_shape
from tokext.bench.speed.memory import stored_bytes
from tokext.bench.speed.random_models import random_model
from tokext.bench.speed.timed import measured_machine
from tokext.corpus.memory import show_bytes
from tokext.errors import InputError, ModelError
from tokext.model.load import find_dtype, is_out_of_memory, load_model, run_device
from tokext.tokenizer.load import Tokenizer, load_tokenizer

#: Weights of experts that tokens are sent to, as transformers names them, and what configs call
#: how many there are and how many a token goes through.
_EXPERTS = re.compile(r"\.experts\.")
_N_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_N_ACTIVE = ("num_experts_per_tok", "moe_k", "moe_topk", "moe_top_k", "top_k_experts")


@dataclass(frozen=True)
class Subject:
    """A model to be measured, and the tokenizer that it is measured with.

    `decoder` is a tokenizer of transformers, for what a model says; a shape says nothing.
    """

    name: str
    model: Any
    tokenizer: Tokenizer
    decoder: Any = None
    shape: str = ""

    @property
    def config(self) -> Any:
        """The part of the config that speaks of the language model."""
        return self.model.config.get_text_config()

    def cost(self) -> ModelCost:
        """What the roofline has to know."""
        config, head = self.config, self.model.get_output_embeddings().weight
        n_heads = config.num_attention_heads
        kv_heads = getattr(config, "num_key_value_heads", None) or n_heads
        head_dim = getattr(config, "head_dim", None) or config.hidden_size // n_heads
        ends = {id(head): head, id(w := self.model.get_input_embeddings().weight): w}
        # Of packed numbers `num_parameters` counts those that they stand for.
        body = self.model.num_parameters() - sum(weight.numel() for weight in ends.values())
        end_bytes = sum(weight.numel() * weight.element_size() for weight in ends.values())
        packed = stored_bytes(self.model) - end_bytes
        # Small buffers, as those of the positions, are no weights.
        is_plain = abs(packed - body * head.element_size()) <= 0.01 * packed
        return ModelCost(
            n_body_parameters=body,
            n_rows=head.shape[0],
            width=head.shape[1],
            n_layers=config.num_hidden_layers,
            n_heads=n_heads,
            n_kv_heads=kv_heads,
            head_dim=head_dim,
            bytes_per_number=head.element_size(),
            body_bytes=None if is_plain else packed,
            experts=self._experts(),
        )

    def _experts(self) -> Experts | None:
        """The experts that tokens are sent to; None of a model without any.

        Where the config does not say to how many, it is taken to be one: the least that is read.
        """
        named = self.model.named_parameters()
        weights = [weight for name, weight in named if _EXPERTS.search(name)]
        if not weights:
            return None
        n_bytes = sum(weight.numel() * weight.element_size() for weight in weights)
        # Packed numbers of a GPTQ or of bitsandbytes: two in a byte.
        n = sum(
            w.numel() if w.is_floating_point() else 2 * w.numel() * w.element_size()
            for w in weights
        )
        n_experts = _first_of(self.config, _N_EXPERTS) or weights[0].shape[0]
        return Experts(n_experts, _first_of(self.config, _N_ACTIVE) or 1, n, n_bytes)

    def never_drawn(self) -> torch.Tensor:
        """Ids (n,) that would end a text, or that no token stands for."""
        config = self.model.generation_config
        ends = config.eos_token_id
        ids = set(ends if isinstance(ends, list | tuple) else [ends]) - {None}
        weight = self.model.get_input_embeddings().weight
        ids |= {*range(len(self.decoder), weight.shape[0]), *(config.suppress_tokens or ())}
        return torch.tensor(sorted(ids), dtype=torch.int64, device=run_device(self.model))


def open_subject(
    name: str | Path,
    *,
    shape: str | None,
    device: torch.device,
    dtype: str,
    max_memory: int | str | None = None,
) -> Subject:
    """A checkpoint, or a shape with the rows that a tokenizer needs.

    Raises:
        ModelError: It cannot be loaded, or does not fit into memory.
    """
    if shape is None:
        loaded = load_model(name, device=str(device), dtype=dtype, max_memory=max_memory)
        folder = loaded.tokenizer.name_or_path
        return Subject(loaded.name, loaded.model, load_tokenizer(folder), loaded.tokenizer)
    tokenizer = load_tokenizer(name)
    usual = "float32" if device.type == "cpu" else "bfloat16"
    floats = find_dtype(usual if dtype == "auto" else dtype)
    if device.type == "cpu":
        _refuse_too_large(shape, tokenizer.size, floats)
    try:
        model = random_model(find_shape(shape), tokenizer.size, device=device, dtype=floats)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(
            f"a {shape} with {tokenizer.size:,} rows does not fit into the memory of {device}.",
            hint="choose a smaller --shape, or --dtype bfloat16.",
        ) from error
    return Subject(tokenizer.name, model, tokenizer, shape=shape)


def _refuse_too_large(shape: str, n_rows: int, dtype: torch.dtype) -> None:
    """Refuse weights that memory has no room for: the kernel ends a process that fills them."""
    cost = find_shape(shape).cost(n_rows, torch.empty((), dtype=dtype).element_size())
    n_bytes = cost.weight_bytes(0 if find_shape(shape).tied else n_rows)
    free = psutil.virtual_memory().available
    if n_bytes > free:
        raise ModelError(
            f"a {shape} with {n_rows:,} rows takes {show_bytes(n_bytes)} in "
            f"{str(dtype).removeprefix('torch.')}, and {show_bytes(free)} of memory are free.",
            hint="choose a smaller --shape, --dtype bfloat16, or fewer models at a time: all that "
            "are compared lie in memory together.",
        )


def machine_of(name: str, model: Any) -> Machine:
    """What to predict for: a machine of the table, or where a model runs.

    ``auto`` looks that device up in the table, and tries it out where it is not in there.

    Raises:
        InputError: The name is not in the table.
        ModelError: The device has no memory left to be tried out.
    """
    if name != "auto":
        return find_machine(name)
    device, dtype = run_device(model), model.dtype
    called = device_name(device)
    if device.type == "cuda" and dtype in (torch.bfloat16, torch.float16):
        with contextlib.suppress(InputError):
            return find_machine(called)
    try:
        return measured_machine(device, dtype, called)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise ModelError(
            f"beside the models the memory of {device} has no room to try out what it can do.",
            hint="name what is nearest to it with --machine, as h200, or free some memory.",
        ) from error


def device_name(device: torch.device) -> str:
    """What a device calls itself."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"{_cpu_name()}, {torch.get_num_threads()} threads"
    return device.type


def _first_of(config: Any, names: Sequence[str]) -> int | None:
    """The first of some keys of a config that holds a number."""
    found = (getattr(config, name, None) for name in names)
    return next((value for value in found if isinstance(value, int)), None)


def _cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "cpu"
