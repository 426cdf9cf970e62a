"""Batches of answers from a loaded model, every row drawn with a seed of its own."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tokext.bench.sampling.jobs import Answer, Job, Sampling
from tokext.model.load import broken_logits, run_device


class RefuseBroken(LogitsProcessor):  # type: ignore[misc]
    """Stop at logits that are no numbers: a draw from them would look like any other answer.

    Minus infinity is one, of a token that is never to be taken, unless all of a row are.

    Args:
        jobs: One a row.
        dtype: What the model calculates in: generating lifts scores to 32 bits.
    """

    def __init__(self, jobs: Sequence[Job], dtype: torch.dtype) -> None:
        self.jobs = jobs
        self.dtype = dtype

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (n_rows, n_tokens), as they came.

        Raises:
            ModelError: A row's highest score is not finite.
        """
        is_whole = scores.amax(-1).isfinite()
        if not is_whole.all():
            prompt = self.jobs[int(is_whole.int().argmin())].prompt
            raise broken_logits(f"for the prompt {prompt.id!r}", self.dtype)
        return scores


class DrawByRow(LogitsProcessor):  # type: ignore[misc]
    """Choose each row's next token by that row's own random numbers.

    The other rows of a batch, and how many there are, do not move what a row draws. The chosen
    token is left with logit 0 and all others with minus infinity, for a greedy loop to take.

    Args:
        seeds: One a row.
        n_steps: The most tokens that will be drawn.
    """

    def __init__(self, seeds: Sequence[int], n_steps: int, device: torch.device) -> None:
        generators = [random.Random(seed) for seed in seeds]  # noqa: S311
        numbers = [[g.random() for _ in range(n_steps)] for g in generators]
        self.numbers = torch.tensor(numbers, dtype=torch.float32, device=device)
        self.step = 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (n_rows, n_tokens) in, and the choice as scores of the same shape out."""
        # 64 bits where the device has them: 100,000 shares summed in 32 lose the rare ones.
        wide = torch.float32 if scores.device.type == "mps" else torch.float64
        sums = scores.float().softmax(-1).cumsum(-1, dtype=wide)
        at = self.numbers[:, self.step, None].to(wide) * sums[:, -1:]
        # To the right of equal sums: a token of share 0 is never chosen.
        chosen = torch.searchsorted(sums, at, right=True).clamp_(max=scores.shape[1] - 1)
        self.step += 1
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)


def draw_batch(
    model: Any, tokenizer: Any, jobs: Sequence[Job], prompts: Sequence[Sequence[int]]
) -> list[Answer]:
    """Answer a batch of jobs that share their sampling.

    Args:
        model: A causal language model of transformers.
        tokenizer: Its tokenizer.
        jobs: What is asked, all with the same `sampling` and `max_new_tokens`.
        prompts: The ids of each prompt.

    Returns:
        The answers in the jobs' order.
    """
    begin = time.perf_counter()
    config = _generation_config(model, tokenizer, jobs[0])
    device = run_device(model)
    ids, mask = pad_left(prompts, config.pad_token_id)
    drawing = _processors(jobs, model.dtype, device)
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            generation_config=config,
            logits_processor=drawing,
        )
    rows = out[:, ids.shape[1] :].tolist()
    seconds = time.perf_counter() - begin
    ends = set(config.eos_token_id)
    return [_answer(tokenizer, row, ends, seconds, len(jobs)) for row in rows]


def pad_left(prompts: Sequence[Sequence[int]], padding: int) -> tuple[Tensor, Tensor]:
    """Ids and mask (n_prompts, longest), shorter prompts padded in front.

    Example:
        >>> pad_left([[5, 6], [7]], padding=0)
        (tensor([[5, 6],
                [0, 7]]), tensor([[1, 1],
                [0, 1]]))
    """
    longest = max(map(len, prompts))
    ids = [[padding] * (longest - len(p)) + list(p) for p in prompts]
    mask = [[0] * (longest - len(p)) + [1] * len(p) for p in prompts]
    return torch.tensor(ids), torch.tensor(mask)


def _generation_config(model: Any, tokenizer: Any, job: Job) -> Any:
    """The model's own settings, a greedy loop, and no id that the tokenizer lacks."""
    config = copy.deepcopy(model.generation_config)
    ends = end_ids(model, tokenizer)
    rows = model.get_input_embeddings().weight.shape[0]
    beyond = set(range(len(tokenizer), rows))
    suppressed = sorted({*(config.suppress_tokens or ()), *beyond})
    padding = tokenizer.pad_token_id
    config.update(
        do_sample=False,
        num_beams=1,
        num_return_sequences=1,
        temperature=None,
        top_p=None,
        top_k=None,
        min_p=None,
        repetition_penalty=job.sampling.repetition_penalty,
        max_length=None,
        max_new_tokens=job.max_new_tokens,
        eos_token_id=ends,
        pad_token_id=ends[0] if padding is None and ends else padding or 0,
        suppress_tokens=suppressed or None,
        return_dict_in_generate=False,
    )
    return config


def end_ids(model: Any, tokenizer: Any) -> list[int]:
    """The ids that end an answer: the model's, the tokenizer's, and ChatML's where it has one."""
    own = model.generation_config.eos_token_id
    found = list(own) if isinstance(own, list | tuple) else [own]
    found.append(tokenizer.eos_token_id)
    found.append(tokenizer.get_vocab().get("<|im_end|>"))
    return list(dict.fromkeys(id_ for id_ in found if id_ is not None))


def _processors(
    jobs: Sequence[Job], dtype: torch.dtype, device: torch.device
) -> LogitsProcessorList:
    sampling: Sampling = jobs[0].sampling
    steps: list[LogitsProcessor] = [RefuseBroken(jobs, dtype)]
    if sampling.temperature == 0:
        return LogitsProcessorList(steps)
    if sampling.temperature != 1:
        steps.append(TemperatureLogitsWarper(float(sampling.temperature)))
    if sampling.top_k:
        steps.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p and sampling.top_p < 1:
        steps.append(TopPLogitsWarper(float(sampling.top_p)))
    if sampling.min_p:
        steps.append(MinPLogitsWarper(float(sampling.min_p)))
    steps.append(DrawByRow([job.seed for job in jobs], jobs[0].max_new_tokens, device))
    return LogitsProcessorList(steps)


def _answer(tokenizer: Any, row: list[int], ends: set[int], seconds: float, n_rows: int) -> Answer:
    end = next((at for at, id_ in enumerate(row) if id_ in ends), None)
    ids = row if end is None else row[:end]
    text = tokenizer.decode(ids, skip_special_tokens=True)
    return Answer(text, len(ids), seconds, "length" if end is None else "stop", n_rows)
