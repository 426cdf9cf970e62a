"""Prompts times settings, answered by a checkpoint, written as they come."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from tokext.bench.sampling.draw import draw_batch
from tokext.bench.sampling.jobs import (
    Answer,
    Job,
    SampleRecord,
    SampleSummary,
    plan_jobs,
    summarize,
    sweep,
)
from tokext.bench.sampling.log import SampleLog
from tokext.bench.sampling.prompts import Prompt, as_prompts
from tokext.bench.sampling.templates import OWN, PromptFormat
from tokext.errors import InputError, ModelError, refuse_below
from tokext.model.load import LoadedModel, is_out_of_memory, load_model, run_device
from tokext.progress import bar, say


def sample_model(
    model: str | Path | LoadedModel,
    prompts: Iterable[Prompt | str] | str | Path,
    output: str | Path,
    *,
    template: str | Path = OWN,
    temperature: Iterable[float] = (0.7,),
    top_p: Iterable[float] = (1.0,),
    top_k: Iterable[int] = (0,),
    min_p: Iterable[float] = (0.0,),
    repetition_penalty: Iterable[float] = (1.0,),
    n: int = 1,
    max_new_tokens: int = 512,
    batch_size: int = 8,
    seed: int = 0,
    tokenizer: str | Path | None = None,
    device: str = "auto",
    dtype: str = "auto",
    load_in_4bit: bool = False,
    max_memory: int | str | None = None,
    force: bool = False,
) -> SampleSummary:
    """Sample a checkpoint's answers to prompts, under every combination of settings.

    Samples are on the disk batch by batch. The same call goes on where a killed one stopped: what
    is in `output` is kept, what is missing is made, in the same batches, dtype and kind of device,
    so that a kill changes no answer. A batch that does not fit in memory is halved. In 16 bits
    another batch size, or other prompts in a batch, may round logits otherwise and change answers.

    Args:
        model: A folder, a hub id, or a model that is loaded already.
        prompts: A file, the name of one that comes with tokext, or prompts.
        output: The JSONL file.
        template: ``own`` for the tokenizer's chat template, the name of another, or a file.
        temperature: Each of these five may hold several values.
        top_p: Keep the likeliest tokens up to this share.
        top_k: Keep so many of the likeliest tokens; 0 for all.
        min_p: Keep tokens that have at least this share of the likeliest one's.
        repetition_penalty: Divide the logits of what was said before by this.
        n: Samples of each prompt under each setting.
        max_new_tokens: The most tokens of an answer.
        batch_size: Samples at a time.
        seed: Where all samples' seeds come from.
        tokenizer: Another tokenizer's folder.
        device: Where to run.
        dtype: ``auto`` for that of the files.
        load_in_4bit: Quantize with bitsandbytes.
        max_memory: What weights may take on the device, as ``20GB``; the others wait in the CPU's
            memory or on the disk.
        force: Begin anew even if `output` holds something.

    Raises:
        InputError: Prompts, settings or template cannot be used, or a prompt is too long.
        ModelError: The model cannot be loaded, or one sample alone does not fit into memory.
        OutputError: `output` holds other samples, or cannot be written.
    """
    settings = sweep(
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
    )
    jobs = plan_jobs(as_prompts(prompts), settings, n=n, max_new_tokens=max_new_tokens, seed=seed)
    refuse_below(1, batch_size=batch_size)
    loading: dict[str, Any] = {"tokenizer": tokenizer, "device": device, "dtype": dtype,
               "load_in_4bit": load_in_4bit, "max_memory": max_memory}  # fmt: skip
    loaded = model if isinstance(model, LoadedModel) else load_model(model, **loading)
    format_ = PromptFormat(loaded.tokenizer, template)
    made_by = {
        "model": loaded.name,
        "tokenizer": loaded.tokenizer_name,
        "template": format_.name,
        "dtype": str(loaded.model.dtype).removeprefix("torch."),
        "device": run_device(loaded.model).type,
        "load_in_4bit": bool(getattr(loaded.model, "is_loaded_in_4bit", False)),
        "revision": loaded.revision or None,
        "checkpoint": loaded.digest or None,
        "chat_template": format_.own_digest,
    }
    ids = _prompt_ids(loaded, format_, jobs)
    with SampleLog(output, jobs, made_by=made_by, force=force) as log:
        return _answer_all(loaded, log, ids, made_by, batch_size)


class Batches:
    """Answers of a loaded model, in batches that shrink when memory runs out.

    Args:
        loaded: The model and its tokenizer.
        prompt_ids: The ids of each prompt, by the prompt's id.
        batch_size: The size to begin with.
    """

    def __init__(
        self, loaded: LoadedModel, prompt_ids: Mapping[str, Sequence[int]], batch_size: int
    ) -> None:
        self.loaded = loaded
        self.prompt_ids = prompt_ids
        self.batch_size = batch_size

    def answers(
        self, jobs: Sequence[Job], done: Collection[str] = ()
    ) -> Iterator[list[tuple[Job, Answer]]]:
        """Answer jobs batch by batch, a setting after the other, in their order.

        Which jobs make a batch does not depend on what is done: in 16 bits its other rows round a
        row's logits otherwise. So a batch that is half done is drawn whole, and what was missing of
        it is given.

        Args:
            jobs: All jobs of the plan.
            done: The ids of those whose answers are not wanted any more.

        Raises:
            ModelError: One sample alone does not fit into memory.
        """
        for waiting in _planned(jobs, self.batch_size):
            while waiting:
                batch = waiting[: self.batch_size]
                if any(job.id not in done for job in batch):
                    answers = self._try(batch)
                    if answers is None:
                        self._step_down(len(batch))
                        continue
                    pairs = zip(batch, answers, strict=True)
                    yield [(job, answer) for job, answer in pairs if job.id not in done]
                waiting = waiting[len(batch) :]

    def _try(self, batch: Sequence[Job]) -> list[Answer] | None:
        prompts = [self.prompt_ids[job.prompt.id] for job in batch]
        try:
            return draw_batch(self.loaded.model, self.loaded.tokenizer, batch, prompts)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Outside of the handler: the error's traceback holds on to the tensors.
        free_memory()
        return None

    def _step_down(self, size: int) -> None:
        if size == 1:
            raise ModelError(
                "a single sample does not fit into the memory of the device.",
                hint="lower --max-new-tokens, or try --load-in-4bit or another --device.",
            )
        self.batch_size = size // 2
        say(f"out of memory with {size} samples at a time: going on with {self.batch_size}.")


def _planned(jobs: Sequence[Job], batch_size: int) -> Iterator[Sequence[Job]]:
    """The batches of a plan: jobs in their order, those of one setting together."""
    for _, group in itertools.groupby(jobs, key=lambda job: job.sampling):
        own = list(group)
        for start in range(0, len(own), batch_size):
            yield own[start : start + batch_size]


def free_memory() -> None:
    """Give back what Python and the device's allocator still hold."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _prompt_ids(
    loaded: LoadedModel, format_: PromptFormat, jobs: Sequence[Job]
) -> dict[str, list[int]]:
    """Every prompt's ids, and each checked against the context before anything is sampled."""
    context = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    ids: dict[str, list[int]] = {}
    for job in jobs:
        if job.prompt.id in ids:
            continue
        found = ids[job.prompt.id] = format_.ids(job.prompt)
        if context and len(found) + job.max_new_tokens > context:
            raise InputError(
                f"the prompt {job.prompt.id!r} has {len(found):,} tokens, which with "
                f"{job.max_new_tokens:,} new ones exceed the model's context of {context:,}.",
                hint="shorten the prompt, or lower --max-new-tokens.",
            )
    return ids


def _answer_all(
    loaded: LoadedModel,
    log: SampleLog,
    ids: Mapping[str, Sequence[int]],
    made_by: Mapping[str, Any],
    batch_size: int,
) -> SampleSummary:
    begin = time.perf_counter()
    batches = Batches(loaded, ids, batch_size)
    made: list[Answer] = []
    remaining = log.remaining
    if len(remaining) and log.done:
        say(f"{log.path} has {len(log.done):,} samples already; {len(remaining):,} are missing.")
    with bar("sampling", total=len(remaining), unit="sample") as progress:
        for pairs in batches.answers(log.jobs, log.done):
            log.append(SampleRecord(job, answer, **made_by) for job, answer in pairs)
            made += [answer for _, answer in pairs]
            progress.update(len(pairs))
    seconds = time.perf_counter() - begin
    return summarize(str(log.path), len(log.done), made, seconds, batches.batch_size)
