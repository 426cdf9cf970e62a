"""The door for a loaded model: its two matrices replaced in place, wherever accelerate put them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tokext.errors import InputError, ModelError
from tokext.model.align import count_spans
from tokext.model.base_check import (
    check_base,
    check_extended,
    check_rows,
    piece_bytes,
    unknown_id,
)
from tokext.model.came_with import open_tokenizer, part_from_tokenizer
from tokext.model.check import CHECKED_PARAMETERS, LogitCheck, compare_models, record_samples
from tokext.model.edit import Ids
from tokext.model.maker import RowMaker, TensorRows
from tokext.model.offloaded import held, put
from tokext.model.padding import padding_bias, padding_twin
from tokext.model.plan import Init, RowPlan, bias_plan, check_init, plan_rows
from tokext.model.side_files import new_suppressed
from tokext.model.special_ids import check_special_ids
from tokext.records import Extension
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel


@dataclass(frozen=True)
class ResizedModel:
    """What was done to a loaded model. `check` is None where it was not run before and after."""

    n_rows_before: int
    n_rows: int
    n_added: int
    padding: tuple[int, ...]
    tied: bool
    check: LogitCheck | None = None


def resize_model(
    model: Any,
    extension: Extension | str | Path,
    *,
    init: Init = "subword-mean",
    rescale: bool = False,
    seed: int = 0,
    sample: Iterable[str] | None = None,
    check_logits: bool | None = None,
    tokenizer: str | Path | None = None,
) -> ResizedModel:
    """Give a loaded model the rows of an extended tokenizer, in place.

    The rows are calculated on the device that holds the matrix, by the same functions that edit
    files. Under accelerate, parameters that rest on the CPU or on disk are read from there; the
    two new matrices then rest in memory. The config, and what generation must suppress, are
    brought up to date.

    Args:
        model: A causal language model of transformers.
        extension: The tokenizer folder that a merge wrote, or its record alone, which suffices
            but for `weighted-mean`, `align` and the check.
        init: Where new rows come from; see `tokext.model.rows` for each formula.
        rescale: Bring new rows to the median norm of the trained rows.
        seed: For `normal`.
        sample: Lines of text, for `align`, which reads the first 100,000.
        check_logits: Run the model before and after, and compare; see `tokext.model.check`. By
            default where the tokenizer's folder is given and the model has fewer than 200 million
            parameters.
        tokenizer: The model's own tokenizer, a folder or a hub id, to prove that its base is the
            extension's. If not given, it is the one in the folder, or of the hub id, that the
            model was loaded from.

    Returns:
        What was done.

    Raises:
        ModelError: The model is quantized in memory, has no embeddings to edit, is over another
            base or one that cannot be told, has special ids that would become pieces, or failed
            the check; in this last case it is resized already.
        InputError: An option is unknown, or lacks what it needs.
    """
    check_init(init, sampled=sample is not None)
    _refuse_quantized(model)
    record = extension if isinstance(extension, Extension) else Extension.read(extension)
    _check_base(model, record, tokenizer)
    extended = None if isinstance(extension, Extension) else load_tokenizer(extension)
    if extended is not None:
        check_extended(extended, record)
    base = base_of(extended, record) if extended is not None else None
    if check_logits and base is None:
        raise InputError(
            "the check needs text, and text a tokenizer.",
            hint="give the tokenizer folder instead of its extension record.",
        )
    if check_logits is None:
        check_logits = base is not None and model.num_parameters() < CHECKED_PARAMETERS
    plan = _plan(record, base, extended, init, rescale, seed, sample)
    before = record_samples(model, base) if check_logits and base is not None else None
    done = _replace(model, record, plan, unknown_id(base.pieces) if base is not None else None)
    if before is None or extended is None:
        return done
    try:
        check = compare_models(before, model, extended, record)
    except ModelError as error:
        raise ModelError(
            f"{error} The model in memory is resized already.", hint=f"load it again. {error.hint}"
        ) from error
    return ResizedModel(
        done.n_rows_before, done.n_rows, done.n_added, done.padding, done.tied, check
    )


class BaseOf:
    """The base's tokenizer, had from the extended one: its first pieces under the same rules."""

    def __init__(self, extended: Tokenizer, size: int) -> None:
        self.pieces = extended.pieces[:size]
        self.size = size
        self.model = SentencePieceModel.build(self.pieces, like=extended.model)

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without special tokens."""
        return self.model.encode(text)


def base_of(extended: Tokenizer, extension: Extension) -> BaseOf:
    """The base's tokenizer, had from the extended one."""
    return BaseOf(extended, extension.base.size)


def _check_base(model: Any, extension: Extension, tokenizer: str | Path | None) -> None:
    inputs = model.get_input_embeddings()
    if inputs is None or getattr(inputs, "weight", None) is None:
        raise ModelError(
            f"{type(model).__name__} has no input embeddings to edit.",
            hint="give a causal language model of transformers.",
        )
    n_rows = len(held(inputs, "weight"))
    own = load_tokenizer(tokenizer) if tokenizer is not None else open_tokenizer(model, n_rows)
    check_base(own, extension)
    check_rows(n_rows, extension)
    configs = {"config": model.config, "generation_config": model.generation_config}
    tables = {f"the model's {name}": c.to_dict() for name, c in configs.items() if c is not None}
    check_special_ids(tables, extension, max(n_rows, extension.padded_size))


def _refuse_quantized(model: Any) -> None:
    flags = ("is_loaded_in_4bit", "is_loaded_in_8bit", "is_quantized")
    if any(getattr(model, flag, False) for flag in flags):
        raise ModelError(
            "the model is quantized in memory, so its rows would not be the checkpoint's.",
            hint="resize the files with resize_checkpoint (tokext resize), and load the result "
            "in 4 bit.",
        )


def _plan(
    extension: Extension,
    base: BaseOf | None,
    extended: Tokenizer | None,
    init: Init,
    rescale: bool,
    seed: int,
    sample: Iterable[str] | None,
) -> RowPlan:
    n_bytes = piece_bytes(base.pieces) if base is not None and init == "weighted-mean" else None
    spans = None
    if init == "align" and sample is not None and base is not None and extended is not None:
        spans = count_spans(sample, base, extended)
    return plan_rows(extension, init, n_bytes=n_bytes, spans=spans, seed=seed, rescale=rescale)


def _replace(model: Any, extension: Extension, plan: RowPlan, unknown: int | None) -> ResizedModel:
    inputs, head = model.get_input_embeddings(), model.get_output_embeddings()
    tied = head is None or _is_tied(model, inputs, head)
    old_inputs = held(inputs, "weight")
    old_head = old_inputs if tied else held(head, "weight")
    base_size = extension.base.size
    n_before = len(old_inputs)
    ids = Ids(base_size, extension.size, max(extension.padded_size, n_before, len(old_head)))
    absent = range(min(n_before, base_size), base_size)
    padding = (*absent, *range(ids.size, ids.n_rows))
    trained = old_head[:base_size]
    twin = padding_twin(lambda: torch.split(trained, 8192), unknown) if padding else None
    new_inputs = _extended(old_inputs, plan, ids, twin)
    new_head = new_inputs if tied else _extended(old_head, plan, ids, twin)
    put(inputs, "weight", new_inputs)
    inputs.num_embeddings = ids.n_rows
    if head is not None:
        put(head, "weight", new_head, like=inputs.weight if tied else None)
        head.out_features = ids.n_rows
        if getattr(head, "bias", None) is not None:
            put(head, "bias", _extended_bias(held(head, "bias"), plan, ids))
    _update_config(model, n_before, ids, padding)
    part_from_tokenizer(model)
    return ResizedModel(n_before, ids.n_rows, plan.n_added, padding, tied)


def _extended(weight: Tensor, plan: RowPlan, ids: Ids, twin: int | None) -> Tensor:
    """The matrix (n_rows, dim) with base rows kept and all others made."""
    kept = min(len(weight), ids.base_size)
    new = weight.new_empty((ids.n_rows, weight.shape[1]))
    new[:kept] = weight[:kept]
    maker = RowMaker(plan, TensorRows(weight[:kept]), weight.device)
    new[ids.base_size : ids.size] = maker.make(0, plan.n_added)
    if twin is not None:
        new[kept : ids.base_size] = weight[twin]
        new[ids.size :] = weight[twin]
    return new


def _extended_bias(bias: Tensor, plan: RowPlan, ids: Ids) -> Tensor:
    kept = min(len(bias), ids.base_size)
    new = bias.new_full((ids.n_rows,), padding_bias(bias[:kept]))
    new[:kept] = bias[:kept]
    source = TensorRows(bias[:kept, None])
    maker = RowMaker(bias_plan(plan, kept), source, bias.device)
    new[ids.base_size : ids.size] = maker.make(0, plan.n_added)[:, 0]
    return new


def _is_tied(model: Any, inputs: nn.Module, head: nn.Module) -> bool:
    if inputs.weight is head.weight:
        return True
    return bool(inputs.weight.is_meta and model.config.get_text_config().tie_word_embeddings)


def _update_config(model: Any, before: int, ids: Ids, padding: tuple[int, ...]) -> None:
    model.config.get_text_config().vocab_size = ids.n_rows
    for module in model.modules():
        if getattr(module, "vocab_size", None) == before:
            module.vocab_size = ids.n_rows
    generation = getattr(model, "generation_config", None)
    if generation is not None and (padding or generation.suppress_tokens):
        added = range(ids.base_size, ids.size)
        known = new_suppressed(generation.suppress_tokens, padding, added)
        generation.suppress_tokens = known or None
        generation._from_model_config = False
