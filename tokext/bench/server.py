"""The same sampling from any OpenAI-compatible server, several requests at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from tokext.bench.endpoint import Endpoint, open_endpoint
from tokext.bench.prompts import Prompt, as_prompts
from tokext.bench.sample_log import SampleLog
from tokext.bench.sampling import (
    Answer,
    Job,
    SampleRecord,
    SampleSummary,
    Sampling,
    plan_jobs,
    summarize,
    sweep,
)
from tokext.bench.templates import OWN, Template, find_template
from tokext.errors import InputError, ModelError, refuse_below
from tokext.progress import bar, say


def sample_server(
    url: str,
    prompts: Iterable[Prompt | str] | str | Path,
    output: str | Path,
    *,
    model: str,
    template: str | Path = OWN,
    temperature: Iterable[float] = (0.7,),
    top_p: Iterable[float] = (1.0,),
    top_k: Iterable[int] = (0,),
    min_p: Iterable[float] = (0.0,),
    repetition_penalty: Iterable[float] = (1.0,),
    n: int = 1,
    max_new_tokens: int = 512,
    concurrency: int = 8,
    timeout_seconds: float = 120.0,
    n_tries: int = 6,
    seed: int = 0,
    force: bool = False,
) -> SampleSummary:
    """Sample a server's answers to prompts, under every combination of settings.

    With the template ``own`` the server's chat endpoint applies the model's own; with another the
    text is made here, and sent to its completions endpoint, which puts the begin-of-sequence token
    in front. Settings that change nothing are not sent: not every server knows all of them.
    The same call goes on where a killed one stopped.

    Args:
        url: As ``http://localhost:8000/v1``.
        prompts: A file, the name of one that comes with tokext, or prompts.
        output: The JSONL file.
        model: What the server calls the model.
        template: ``own``, the name of another format, or a file.
        temperature: Each of these five may hold several values.
        top_p: Keep the likeliest tokens up to this share.
        top_k: Keep so many of the likeliest tokens; 0 for all.
        min_p: Keep tokens that have at least this share of the likeliest one's.
        repetition_penalty: Divide the logits of what was said before by this.
        n: Samples of each prompt under each setting.
        max_new_tokens: The most tokens of an answer.
        concurrency: The most requests at a time.
        timeout_seconds: For one answer.
        n_tries: For one answer, before the run stops.
        seed: Where all samples' seeds come from.
        force: Begin anew even if `output` holds something.

    Raises:
        InputError: Address, prompts or settings cannot be used.
        ModelError: Nobody answers, the server refuses, or it fails at every try.
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
    refuse_below(1, concurrency=concurrency)
    if not model:
        raise InputError("the server's model has no name.", hint="give --model NAME.")
    found = None if str(template) == OWN else find_template(template)
    endpoint = open_endpoint(url, timeout_seconds=timeout_seconds, n_tries=n_tries)
    endpoint.reach()
    made_by = {
        "model": model,
        "tokenizer": model,
        "template": found.name if found else OWN,
    }
    with SampleLog(output, jobs, made_by=made_by, force=force) as log:
        return _ask_all(Asking(endpoint, model, found), log, made_by, concurrency)


class Asking:
    """One model behind an endpoint, asked in one format.

    Args:
        endpoint: Where to ask.
        model: What the server calls the model.
        template: The format; None for the server's own.
    """

    def __init__(self, endpoint: Endpoint, model: str, template: Template | None) -> None:
        self.endpoint = endpoint
        self.model = model
        self.template = template

    def answer(self, job: Job) -> Answer:
        """Ask once, and again while the server fails in ways that may pass.

        Raises:
            ModelError: The server refuses, or fails at every try.
        """
        begin = time.perf_counter()
        path = "completions" if self.template else "chat/completions"
        given = self.endpoint.post(path, self.payload(job))
        return self._read(given, time.perf_counter() - begin)

    def payload(self, job: Job) -> dict[str, Any]:
        """What is sent for a job."""
        prompt, sampling = job.prompt, job.sampling
        fields: dict[str, Any] = {
            "model": self.model,
            "temperature": sampling.temperature,
            "max_tokens": job.max_new_tokens,
            "seed": job.seed,
        }
        neutral = Sampling()
        for name in ("top_p", "top_k", "min_p", "repetition_penalty"):
            if getattr(sampling, name) != getattr(neutral, name):
                fields[name] = getattr(sampling, name)
        if self.template:
            return fields | {"prompt": self.template.render(prompt.prompt, prompt.system)}
        system = [{"role": "system", "content": prompt.system}] if prompt.system else []
        return fields | {"messages": [*system, {"role": "user", "content": prompt.prompt}]}

    def _read(self, given: Any, seconds: float) -> Answer:
        try:
            choice = given["choices"][0]
            text = choice["text"] if self.template else choice["message"]["content"]
            usage = given.get("usage") or {}
            n_tokens = usage.get("completion_tokens")
            reason = choice.get("finish_reason")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ModelError(
                f"{self.endpoint.url} answers in another form: {self.endpoint.quoted(given, 120)}.",
                hint="the address has to be one of an OpenAI-compatible server.",
            ) from error
        # Some servers say null for an answer without text.
        text = "" if text is None else self.endpoint.redacted(str(text))
        counted = n_tokens if isinstance(n_tokens, int) else None
        return Answer(text, counted, seconds, self.endpoint.redacted(str(reason or "unknown")))


def _ask_all(
    asking: Asking, log: SampleLog, made_by: Mapping[str, str], concurrency: int
) -> SampleSummary:
    begin = time.perf_counter()
    remaining = log.remaining
    if remaining and log.done:
        say(f"{log.path} has {len(log.done):,} samples already; {len(remaining):,} are missing.")
    made: list[Answer] = []
    pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="tokext-sample")
    try:
        waiting = {pool.submit(asking.answer, job): job for job in remaining}
        with bar("sampling", total=len(remaining), unit="sample") as progress:
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                pairs = [(waiting.pop(future), future) for future in done]
                made += _write(log, pairs, made_by)
                progress.update(len(done))
    finally:
        # Whoever waits to try again gives up, and nobody new begins.
        asking.endpoint.stopped.set()
        pool.shutdown(cancel_futures=True)
    return summarize(str(log.path), len(log.done), made, time.perf_counter() - begin, concurrency)


def _write(
    log: SampleLog, pairs: Sequence[tuple[Job, Future[Answer]]], made_by: Mapping[str, str]
) -> list[Answer]:
    """Write what came back before the first failure is raised."""
    whole = [(job, future.result()) for job, future in pairs if not future.exception()]
    log.append(SampleRecord(job, answer, **made_by) for job, answer in whole)
    for _, future in pairs:
        future.result()
    return [answer for _, answer in whole]
