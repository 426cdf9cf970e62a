"""The same model before and after: old behavior kept, and what the new rows do, in numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from tokext.errors import ModelError
from tokext.languages import USAGES
from tokext.model.bits import Encodes, next_logits
from tokext.model.head import Head, copy_head, hear, rounding_bound, same_bits, same_rows
from tokext.model.pretrained import load_to_check
from tokext.records import Extension
from tokext.tokenizer.load import load_tokenizer

#: Written for this check: plain prose in the base's language and in the added one.
TEXTS: dict[str, tuple[str, ...]] = {
    "en": (
        "The train left the station a few minutes late, and nobody on the platform seemed to mind.",
        "To change the settings, open the file config.json and look for the line that ends in 42.",
        "She asked whether the library would be open on Sunday; it would not, he said.",
    ),
    **{code: usage.sentences for code, usage in USAGES.items()},
}
#: Models below this are run before and after by default.
CHECKED_PARAMETERS = 200_000_000

#: What shows that base logits are kept: see `LogitCheck.proved_by`.
LOGITS = "bits of logits"
HIDDEN_AND_ROWS = "bits of hidden states and of head rows"

_LN2 = 0.6931471805599453


@dataclass(frozen=True)
class LogitCheck:
    """What a model says before and after its extension.

    `base_logits_equal` says whether the logits of base ids are equal bit by bit on `n_positions`
    positions of text spelled with base ids; `max_difference` is the largest difference found (0
    where equal). Where they are not, `proved_by` is `HIDDEN_AND_ROWS`: what goes into the head and
    the head's rows are equal bit by bit, so the logits are the same numbers, which the processor's
    kernel rounded otherwise for another size of head; `rounding_share` is the largest difference as
    a share of what rounding may do at most. `new_share` and `padding_share` are the mean
    probability on added and on padding ids there, `largest_padding_share` the largest. Bits per
    character are by language; `kl_english` is in bits per token.
    """

    base_logits_equal: bool
    proved_by: str
    max_difference: float
    rounding_share: float
    n_positions: int
    new_share: float
    padding_share: float
    largest_padding_share: float
    bits_per_char_before: dict[str, float]
    bits_per_char_after: dict[str, float]
    kl_english: float


@dataclass(frozen=True)
class Sample:
    """One text with the logits (n, n_rows) that foretell each of its base ids.

    `hidden` are the hidden states (n, dim) that the head made them of, None where those are hidden.
    """

    language: str
    text: str
    ids: list[int]
    logits: Tensor
    hidden: Tensor | None


@dataclass(frozen=True)
class Recording:
    """What a base model said on texts, and a copy of its head, None where it is no plain matrix."""

    samples: list[Sample]
    head: Head | None


def check_logits(
    base: str | Path,
    extended: str | Path,
    *,
    texts: Mapping[str, Sequence[str]] | None = None,
    dtype: str = "auto",
) -> LogitCheck:
    """Run a checkpoint before and after its extension, and compare.

    Both are loaded on the CPU, one after the other.

    Args:
        base: The base checkpoint's folder, with its tokenizer.
        extended: The extended checkpoint's folder.
        texts: Texts by language; some plain sentences in English and Japanese if not given.
        dtype: What the base is loaded in: that of its files, or the one the extension converted to.

    Raises:
        NotRunnableError: A model cannot be run.
        ModelError: A logit of a base id differs, on text spelled with base ids.

    Returns:
        The comparison.
    """
    old_tokenizer, new_tokenizer = load_tokenizer(base), load_tokenizer(extended)
    before = record_samples(load_to_check(base, dtype), old_tokenizer, texts)
    model = load_to_check(extended)
    return compare_models(before, model, new_tokenizer, Extension.read(extended))


def record_samples(
    model: Any, tokenizer: Encodes, texts: Mapping[str, Sequence[str]] | None = None
) -> Recording:
    """What a loaded base model says on texts: take it before `resize_model`, compare after.

    Example:
        ``before = record_samples(model, base)``, then `resize_model`, then
        ``compare_models(before, model, extended, extension)``.
    """
    samples = []
    for language, lines in (texts or TEXTS).items():
        for text in lines:
            ids = tokenizer.encode(text)
            samples.append(Sample(language, text, ids, *hear(model, ids)))
    return Recording(samples, copy_head(model))


def compare_models(
    before: Recording, model: Any, tokenizer: Encodes, extension: Extension
) -> LogitCheck:
    """Compare what a base model said with what the extended one says.

    Args:
        before: What the base model said.
        model: The extended model.
        tokenizer: The extended tokenizer.
        extension: Which ids are added.

    Raises:
        ModelError: A logit of a base id differs, and not by its rounding alone.
    """
    base_size, size = extension.base.size, extension.size
    differences, bounded, new_shares, padding_shares, divergences = [], [], [], [], []
    for sample in before.samples:
        logits, hidden = hear(model, sample.ids)
        width = min(base_size, sample.logits.shape[1])
        apart = _difference(logits[:, :width], sample.logits[:, :width])
        differences.append(apart.max())
        bounded.append(_rounding_share(apart, sample, hidden, before.head))
        shares = logits.softmax(-1)
        new_shares.append(shares[:, base_size:size].sum(-1))
        padding_shares.append(shares[:, size:].sum(-1))
        if sample.language == "en":
            divergences.append(_divergence(sample.logits[:, :width], logits[:, :width], logits))
    largest = float(torch.stack(differences).max())  # Python's max would lose a NaN
    share = float(torch.stack(bounded).max())
    if largest != 0.0:
        _refuse_changed(largest, share, before.head, copy_head(model), base_size)
    return LogitCheck(
        base_logits_equal=largest == 0.0,
        proved_by=LOGITS if largest == 0.0 else HIDDEN_AND_ROWS,
        max_difference=largest,
        rounding_share=share,
        n_positions=sum(len(s.ids) for s in before.samples),
        new_share=float(torch.cat(new_shares).mean()),
        padding_share=float(torch.cat(padding_shares).mean()),
        largest_padding_share=float(torch.cat(padding_shares).max()),
        bits_per_char_before=_bits(before.samples, lambda s: (s.ids, s.logits)),
        bits_per_char_after=_bits(before.samples, lambda s: _read_again(model, tokenizer, s)),
        kl_english=float(torch.cat(divergences).mean()) if divergences else 0.0,
    )


def fields(check: LogitCheck) -> dict[str, Any]:
    """The comparison as plain data."""
    return dataclasses.asdict(check)


def _difference(one: Tensor, other: Tensor) -> Tensor:
    """The differences, 0 between equal infinities; NaN where either is no number."""
    return (one - other).abs().masked_fill(one == other, 0.0)


def _rounding_share(
    apart: Tensor, sample: Sample, hidden: Tensor | None, head: Head | None
) -> Tensor:
    """The largest difference (n, width) as a share of what rounding may do; infinite where hidden
    states changed or are unknown, so that rounding is no excuse.
    """
    if not apart.any():
        return torch.tensor(0.0)
    if hidden is None or sample.hidden is None or head is None:
        return torch.tensor(math.inf)
    if not same_bits(hidden, sample.hidden):
        return torch.tensor(math.inf)
    bound = rounding_bound(sample.hidden, head, apart.shape[1])
    return (apart / bound).masked_fill(apart == 0, 0.0).max()


def _refuse_changed(
    largest: float, share: float, old: Head | None, new: Head | None, base_size: int
) -> None:
    """Refuse logits that differ, unless hidden states and rows say that they are the same."""
    if old is not None and new is not None and not same_rows(old, new, base_size):
        reason = "the head's rows of base ids changed"
    elif math.isinf(share):
        reason = "the hidden states changed, or cannot be had"
    elif not share <= 1:
        reason = "hidden states and rows are the same, and it is more than rounding explains"
    else:
        return
    raise ModelError(
        f"the logits of base ids changed by up to {largest:.3g} on text that holds no added piece: "
        f"{reason}.",
        hint="this should not happen; please report the architecture and the dtype.",
    )


def _read_again(model: Any, tokenizer: Encodes, sample: Sample) -> tuple[list[int], Tensor]:
    ids = tokenizer.encode(sample.text)
    return ids, next_logits(model, ids).cpu()


def _bits(
    samples: Sequence[Sample], read: Callable[[Sample], tuple[list[int], Tensor]]
) -> dict[str, float]:
    nats: dict[str, float] = {}
    n_chars: dict[str, int] = {}
    for sample in samples:
        ids, logits = read(sample)
        loss = float(cross_entropy(logits, torch.tensor(ids), reduction="sum"))
        nats[sample.language] = nats.get(sample.language, 0.0) + loss
        n_chars[sample.language] = n_chars.get(sample.language, 0) + len(sample.text)
    return {language: nats[language] / _LN2 / n_chars[language] for language in nats}


def _divergence(old: Tensor, new: Tensor, whole: Tensor) -> Tensor:
    """KL(old || new) at each position, in bits; `new` keeps the share it lost to new rows."""
    lost = whole.logsumexp(-1, keepdim=True)
    divergence = kl_div(new - lost, log_softmax(old, -1), reduction="none", log_target=True)
    return divergence.sum(-1) / _LN2
