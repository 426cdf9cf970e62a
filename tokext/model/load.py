"""A checkpoint loaded to be run, with its tokenizer, on a device that is there."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tokext.corpus.memory import parse_bytes
from tokext.errors import ModelError
from tokext.model.digest import checkpoint_digest
from tokext.model.find import find_checkpoint
from tokext.model.pretrained import load_auto_tokenizer, load_causal_model, why

#: More rows than this above the tokenizer are no padding: the tokenizer is another model's.
MOST_PADDING = 1024
_ROWS_AT_A_TIME = 32
#: What errors of memory that have no class of their own say: allocators, cuBLAS, Apple's GPUs.
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "Invalid buffer size",
)


@dataclass(frozen=True)
class LoadedModel:
    """A causal language model and a tokenizer of transformers, ready to run.

    `revision` is the hub's commit; `digest` tells the files that it was loaded from.
    """

    name: str
    tokenizer_name: str
    model: Any
    tokenizer: Any
    revision: str = ""
    digest: str = ""


def load_model(
    name: str | Path,
    *,
    tokenizer: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
    load_in_4bit: bool = False,
    max_memory: int | str | None = None,
) -> LoadedModel:
    """Load a checkpoint to run it.

    Args:
        name: A folder or a hub id.
        tokenizer: Another tokenizer's folder; the checkpoint's own if not given.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        dtype: ``auto`` for that of the files, or ``bfloat16``, ``float16``, ``float32``.
        load_in_4bit: Quantize with bitsandbytes while loading.
        max_memory: Bytes, or a size such as ``20GB``, that weights may take on the device, or on
            each GPU where ``cuda`` has no number. The others wait in memory or on the disk.

    Raises:
        InputError: `max_memory` is no size.
        ModelError: There is no such checkpoint or device, it cannot be loaded, bitsandbytes is
            missing or cannot run it here, or model and tokenizer are of different sizes.
    """
    found = find_checkpoint(name)
    place = find_device(device)
    options: dict[str, Any] = {"dtype": dtype if dtype == "auto" else find_dtype(dtype)}
    if load_in_4bit:
        options |= _four_bit(place)
    if max_memory is not None:
        options |= _offloading(place, parse_bytes(max_memory))
    own = find_checkpoint(tokenizer, for_weights=False).folder if tokenizer else found.folder
    model, loaded = _load(found.folder, own, place, options)
    if place.type == "cpu":
        _check_blocks(model, found.name)
    check_sizes(model, loaded, found.name)
    return LoadedModel(
        name=found.name,
        tokenizer_name=str(tokenizer or found.name),
        model=model.eval(),
        tokenizer=loaded,
        revision=found.revision,
        digest=checkpoint_digest(found.folder, own),
    )


def run_device(model: Any) -> torch.device:
    """Where a model calculates; weights that lie elsewhere are brought there."""
    places = getattr(model, "hf_device_map", None)
    if not places:
        return torch.device(model.get_input_embeddings().weight.device)
    first = next((place for place in places.values() if place not in ("cpu", "disk")), "cpu")
    return torch.device(first)


def find_device(name: str) -> torch.device:
    """The device of a name; ``auto`` is the first of cuda, mps and cpu that is there.

    Raises:
        ModelError: It is not there.

    Example:
        >>> find_device("cpu")
        device(type='cpu')
    """
    there = [kind for kind, is_there in _kinds().items() if is_there]
    if name == "auto":
        return torch.device(there[0])
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(
            f"there is no device {name!r}.", hint=f"here there are: {', '.join(there)}."
        ) from error
    n_devices = torch.cuda.device_count() if device.type == "cuda" else 1
    if device.type not in there or (device.index or 0) >= n_devices:
        raise ModelError(
            f"the device {name!r} is not there.", hint=f"here there are: {', '.join(there)}."
        )
    return device


def find_dtype(name: str) -> torch.dtype:
    """The floating-point type of a name.

    Raises:
        ModelError: There is none of that name.

    Example:
        >>> find_dtype("bfloat16")
        torch.bfloat16
    """
    known = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
    if name not in known:
        raise ModelError(f"there is no dtype {name!r}.", hint=f"give one of {', '.join(known)}.")
    return known[name]


def broken_logits(where: str, dtype: torch.dtype) -> ModelError:
    """The error of logits that are no numbers; a dtype that reaches further is the way out.

    Args:
        where: What they were for, put behind "the model's logits".
        dtype: What the model calculates in.

    Example:
        >>> broken_logits("for the prompt 'p'", torch.float16).hint
        'try --dtype bfloat16 or float32; if they stay so, its weights are broken.'
    """
    further = {torch.float16: "bfloat16 or float32", torch.bfloat16: "float32"}.get(dtype)
    return ModelError(
        f"the model's logits {where} are not finite in {str(dtype).removeprefix('torch.')}.",
        hint=f"try --dtype {further}; if they stay so, its weights are broken."
        if further
        else "its weights are broken: make or download them again.",
    )


def check_sizes(model: Any, tokenizer: Any, name: str) -> int:
    """How many rows of a model no token stands for: its padding.

    Raises:
        ModelError: The tokenizer has more ids than the model has rows, or so many fewer that it is
            another model's.
    """
    rows, size = model.get_input_embeddings().weight.shape[0], len(tokenizer)
    if size > rows or rows - size >= MOST_PADDING:
        raise ModelError(
            f"{name} has {rows:,} rows, and its tokenizer {size:,} tokens.",
            hint="give the tokenizer that the model was made with, or run tokext resize.",
        )
    return int(rows - size)


def _kinds() -> dict[str, bool]:
    return {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }


def _four_bit(device: torch.device) -> dict[str, Any]:
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            "4-bit loading needs bitsandbytes, which is not installed.",
            hint="pip install 'tokext[quantized]' or bitsandbytes, or load without --load-in-4bit.",
        )
    from transformers import BitsAndBytesConfig

    quantized = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    return {"quantization_config": quantized, "device_map": {"": device}}


def _check_blocks(model: Any, name: str) -> None:
    """Refuse layers in 4 bits that this CPU cannot run.

    One with AVX-512 for bfloat16 has bitsandbytes lay weights out anew when a layer first runs, and
    that takes whole blocks alone.
    """
    for layer, module in model.named_modules():
        if not getattr(module, "support_avx512bf16_for_cpu", False):
            continue
        n_rows, width, block = module.out_features, module.in_features, module.weight.blocksize
        if n_rows % _ROWS_AT_A_TIME or width % block:
            raise ModelError(
                f"{name} cannot run in 4 bits on this CPU: {layer} has {n_rows:,} rows of "
                f"{width:,} numbers, and bitsandbytes takes {_ROWS_AT_A_TIME} rows and {block} "
                "numbers at a time.",
                hint="load it without --load-in-4bit, or on a GPU.",
            )


def _offloading(device: torch.device, n_bytes: int) -> dict[str, Any]:
    """Let accelerate spread weights: so many bytes on the device, then memory, then the disk.

    A device without a number stands for all GPUs that there are.
    """
    from accelerate.utils import get_max_memory

    known = get_max_memory()
    places: list[int | str] = [device.type]
    if device.type == "cuda":
        places = [p for p in known if p != "cpu" and device.index in (None, p)]
    budget = {"cpu": known["cpu"]} | dict.fromkeys(places, n_bytes)
    return {"device_map": "auto", "max_memory": budget}


def _load(
    folder: Path, tokenizer: Path, place: torch.device, options: dict[str, Any]
) -> tuple[Any, Any]:
    try:
        model = load_causal_model(folder, **options)
        if "device_map" not in options:
            model = model.to(place)
        return model, load_auto_tokenizer(tokenizer)
    except Exception as error:  # what transformers stumbles over has no common class
        if is_out_of_memory(error):
            raise ModelError(
                f"{folder} does not fit into the memory of {place}.",
                hint="try --dtype bfloat16, --load-in-4bit, --max-memory 20GB (the other weights "
                "wait elsewhere), or another --device.",
            ) from error
        raise ModelError(
            f"{folder} cannot be loaded: {why(error)}",
            hint="a checkpoint and its tokenizer are needed.",
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device, or the CPU's allocator, has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    said = str(error)
    return isinstance(error, RuntimeError) and any(sign in said for sign in _OUT_OF_MEMORY)
