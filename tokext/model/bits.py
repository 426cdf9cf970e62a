"""Bits per character: what a model still has to be told, comparable across vocabularies."""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tokext.errors import InputError


class Encodes(Protocol):
    """Anything that turns text into ids, without special tokens."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text."""


def bits_per_char(
    model: Any, tokenizer: Encodes, texts: str | Iterable[str], *, window: int = 512
) -> float:
    """The bits that a model needs for each character of text.

    Every text starts anew after the begin-of-sequence token; texts longer than `window` tokens are
    read in windows that start anew as well.

    Args:
        model: A causal language model of transformers.
        tokenizer: What turns text into ids.
        texts: One text or several.
        window: Tokens read at a time.

    Raises:
        InputError: There is no text.
    """
    given = [texts] if isinstance(texts, str) else list(texts)
    n_chars = sum(map(len, given))
    if not n_chars:
        raise InputError("no text to measure bits per character on.", hint="give some text.")
    nats = 0.0
    for text in given:
        ids = tokenizer.encode(text)
        for start in range(0, len(ids), window):
            part = ids[start : start + window]
            logits = next_logits(model, part)
            target = torch.tensor(part, device=logits.device)
            nats += float(cross_entropy(logits, target, reduction="sum"))
    return nats / math.log(2) / n_chars


def next_logits(model: Any, ids: Sequence[int]) -> Tensor:
    """The logits (len(ids), n_rows), float32, with which a model foretells each of the ids."""
    begin = model.config.get_text_config().bos_token_id
    given = [begin if begin is not None else ids[0], *ids[:-1]]
    device = model.get_input_embeddings().weight.device
    if device.type == "meta":  # offloaded: accelerate's hooks move the ids to where they are needed
        device = torch.device("cpu")
    with torch.no_grad(), _without_dropout(model):
        read = model(input_ids=torch.tensor([given], device=device))
    logits: Tensor = read.logits[0].float()
    return logits


@contextlib.contextmanager
def _without_dropout(model: Any) -> Iterator[None]:
    """Every module as in inference, and afterwards as it was."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def unigram_bits_per_char(
    train: Iterable[str], held_out: Iterable[str], tokenizer: Encodes, size: int
) -> float:
    """The same measure for a model that knows only how often each token occurs.

    -log2 p of every held-out token, p = (count + 1) / (total + size), counted in training text.

    Args:
        train: Texts to count.
        held_out: Texts to measure.
        tokenizer: What turns text into ids.
        size: How many ids there are.

    Raises:
        InputError: There is no held-out text.

    Example:
        >>> class Letters:
        ...     def encode(self, text): return [ord(c) - 97 for c in text]
        >>> round(unigram_bits_per_char(["aaab"], ["ab"], Letters(), size=2), 3)
        1.085
    """
    counts = Counter(id_ for text in train for id_ in tokenizer.encode(text))
    total = sum(counts.values()) + size
    given = list(held_out)
    n_chars = sum(map(len, given))
    if not n_chars:
        raise InputError("no text to measure bits per character on.", hint="give some text.")
    ids = (id_ for text in given for id_ in tokenizer.encode(text))
    return sum(-math.log2((counts[id_] + 1) / total) for id_ in ids) / n_chars
