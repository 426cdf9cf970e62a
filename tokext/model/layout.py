"""Which tensors of a checkpoint are the input embeddings and the output head.

The names come from the architecture: transformers builds the model without memory (on the meta
device) and says which parameters they are. Where it does not know the architecture, or the files
name things differently, the only two-dimensional tensors with as many rows as the vocabulary are
taken, and anything less than clear is refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokext.errors import ModelError
from tokext.model.checkpoint import Checkpoint
from tokext.model.header import FLOATS, TensorEntry

_INPUT_WORDS = ("embed_tokens", "wte", "tok_embeddings", "word_embeddings", "embed_in")
_HEAD_WORDS = ("lm_head", "output", "embed_out")

#: Layers are built one by one, if without memory: a config that lies would take minutes.
_MOST_LAYERS = 1000


@dataclass(frozen=True)
class Place:
    """One matrix of vocabulary rows: its name, its file, and where its bytes are.

    Shape: (n_rows, dim); a bias is (n_rows,).
    """

    file: str
    entry: TensorEntry

    @property
    def name(self) -> str:
        """The tensor's name in the files."""
        return self.entry.name

    @property
    def n_rows(self) -> int:
        """How many vocabulary rows it has."""
        return self.entry.shape[0]

    @property
    def dim(self) -> int:
        """How wide a row is; 1 for a bias."""
        return self.entry.shape[1] if len(self.entry.shape) == 2 else 1

    @property
    def row_bytes(self) -> int:
        """How many bytes a row takes."""
        return self.dim * self.entry.bits // 8


@dataclass(frozen=True)
class Layout:
    """The tensors with one row a token. `head` is None where the input embeddings serve for it.

    `says_tied` is what the config says: files may hold a tied matrix under both names.
    """

    inputs: Place
    head: Place | None
    bias: Place | None
    says_tied: bool = False

    @property
    def places(self) -> tuple[Place, ...]:
        """All tensors that are edited."""
        return tuple(p for p in (self.inputs, self.head, self.bias) if p is not None)


def find_layout(checkpoint: Checkpoint) -> Layout:
    """Find the tensors to edit, and make sure that they can be.

    Raises:
        ModelError: They are not found, are quantized, or do not fit each other.
    """
    named = _names_from_architecture(checkpoint.config)
    input_name, head_name, tied = named or (
        None,
        None,
        checkpoint.config.get("tie_word_embeddings"),
    )
    inputs = _find(checkpoint, input_name, _INPUT_WORDS, "input embeddings")
    if inputs is None:
        raise ModelError(
            "the input embeddings of the checkpoint cannot be found among its "
            f"{len(checkpoint.tensors)} tensors.",
            hint="a checkpoint of a causal language model is needed; its config.json must name it.",
        )
    head = _find(checkpoint, head_name, _HEAD_WORDS, "output head")
    if head is None and tied is False:
        raise ModelError(
            f"the config says that the output head is not tied, and {head_name or 'it'} is missing "
            "from the files.",
            hint="download the checkpoint again.",
        )
    if head is not None and head.dim != inputs.dim and named is None:
        raise ModelError(
            f"{inputs.name!r} is {inputs.dim} wide and {head.name!r} {head.dim}: they cannot be "
            "told to belong together.",
            hint="use an architecture that transformers knows.",
        )
    return Layout(inputs, head, _find_bias(checkpoint, head, head_name), says_tied=bool(tied))


def _names_from_architecture(config: Mapping[str, Any]) -> tuple[str, str | None, bool] | None:
    """Names of the input and head weights and whether they are tied, where transformers knows."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    fields = {k: v for k, v in config.items() if k not in ("auto_map", "quantization_config")}
    kind = fields.pop("model_type", None)
    n_layers = fields.get("num_hidden_layers")
    if isinstance(n_layers, int) and n_layers > _MOST_LAYERS:
        raise ModelError(
            f"config.json states {n_layers:,} layers, more than the {_MOST_LAYERS:,} of any model.",
            hint="restore the file.",
        )
    try:
        with warnings.catch_warnings(), torch.device("meta"):
            warnings.simplefilter("ignore")
            known = AutoConfig.for_model(kind, **fields)
            model = AutoModelForCausalLM.from_config(known)
    except Exception:  # an unknown or unusual architecture fails in many ways: none is ours
        return None
    inputs, head = model.get_input_embeddings(), model.get_output_embeddings()
    names = {id(module): name for name, module in model.named_modules()}
    if id(inputs) not in names:
        return None
    head_name = f"{names[id(head)]}.weight" if id(head) in names else None
    tied = head_name is None or bool(model.config.get_text_config().tie_word_embeddings)
    return f"{names[id(inputs)]}.weight", head_name, tied


def _find(
    checkpoint: Checkpoint, name: str | None, words: tuple[str, ...], what: str
) -> Place | None:
    """The tensor of that name, with the prefix that the files use, or one that looks like it."""
    tensors = checkpoint.tensors
    if name is not None:
        short = name.removeprefix("model.")
        found = [t for t in tensors if t in (name, short) or t.endswith(f".{name}")]
    if name is None or not found:
        found = [t for t in tensors if _looks_like(t, words)]
    module = found[0].removesuffix(".weight") if found else (name or "").removesuffix(".weight")
    _refuse_quantized(checkpoint, module, words, what)
    if not found:
        return None
    if len(found) > 1:
        raise ModelError(
            f"the {what} could be any of {', '.join(map(repr, sorted(found)))}.",
            hint="use an architecture that transformers knows.",
        )
    file, entry = tensors[found[0]]
    if len(entry.shape) != 2 or 0 in entry.shape or entry.dtype not in FLOATS:
        raise ModelError(
            f"the {what} {entry.name!r} has dtype {entry.dtype} and shape {list(entry.shape)}: "
            "only plain F16, BF16 and F32 matrices can be edited.",
            hint="start from the checkpoint before it was quantized, and quantize the result.",
        )
    return Place(file, entry)


def _looks_like(tensor: str, words: tuple[str, ...]) -> bool:
    *above, owner, kind = ["", *tensor.split(".")]
    # Layers have outputs of their own: the head is at the top.
    return kind == "weight" and owner in words and (owner != "output" or above == [""])


def _refuse_quantized(
    checkpoint: Checkpoint, module: str, words: tuple[str, ...], what: str
) -> None:
    """A quantized matrix has other keys beside or instead of its weight: qweight, absmax, ..."""
    modules = {module} if module else set()
    modules |= {t.rpartition(".")[0] for t in checkpoint.tensors if t.split(".")[0] in words}
    for tensor in checkpoint.tensors:
        owner = next((m for m in modules if tensor.startswith(f"{m}.")), None)
        if owner and tensor not in (f"{owner}.weight", f"{owner}.bias"):
            raise ModelError(
                f"the {what} is quantized ({tensor!r}), so rows cannot be added to it.",
                hint="start from the checkpoint before it was quantized, and quantize the result.",
            )


def _find_bias(checkpoint: Checkpoint, head: Place | None, head_name: str | None) -> Place | None:
    owner = head.name if head is not None else head_name
    bias = checkpoint.tensors.get(f"{(owner or '').removesuffix('.weight')}.bias")
    if bias is None:
        return None
    file, entry = bias
    if len(entry.shape) != 1 or entry.dtype not in FLOATS:
        raise ModelError(
            f"the head's bias {entry.name!r} has dtype {entry.dtype} and shape "
            f"{list(entry.shape)}.",
            hint="a plain bias with one number a token is needed.",
        )
    return Place(file, entry)
