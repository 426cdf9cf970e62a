"""The same sampling from any OpenAI-compatible server, several requests at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

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
from tokext.bench.sampling.templates import OWN, Template, find_template
from tokext.bench.server.endpoint import Endpoint, open_endpoint
from tokext.bench.server.settings import (
    say_what_is_left_open,
    say_what_repeats,
    settings_sent,
    takes_generation_config,
)
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
    top_k: Iterable[int] | None = None,
    min_p: Iterable[float] | None = None,
    repetition_penalty: Iterable[float] | None = None,
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
    in front. The same call goes on where a killed one stopped.

    Temperature and top-p are sent always, the other settings where they are given: not every server
    knows them. What is not given, the server decides, and samples say None for it. `transformers
    serve` is known by its paths; it is sent all settings, given or not, in the way that it heeds
    them, and one request at a time, since its seed holds for the next answer alone.

    Args:
        url: As ``http://localhost:8000/v1``.
        prompts: A file, the name of one that comes with tokext, or prompts.
        output: The JSONL file.
        model: What the server calls the model.
        template: ``own``, the name of another format, or a file.
        temperature: Each of these five may hold several values.
        top_p: Keep the likeliest tokens up to this share.
        top_k: Keep so many of the likeliest tokens; 0 for all. None of it, or of the two after it,
            leaves that to the server.
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
        top_k=(None,) if top_k is None else top_k,
        min_p=(None,) if min_p is None else min_p,
        repetition_penalty=(None,) if repetition_penalty is None else repetition_penalty,
    )
    asked = as_prompts(prompts)
    refuse_below(1, concurrency=concurrency)
    if not model:
        raise InputError("the server's model has no name.", hint="give --model NAME.")
    found = None if str(template) == OWN else find_template(template)
    endpoint = open_endpoint(url, timeout_seconds=timeout_seconds, n_tries=n_tries)
    endpoint.reach()
    if in_config := takes_generation_config(endpoint):
        settings = tuple(dict.fromkeys(sampling.closed() for sampling in settings))
        if concurrency > 1:
            say(f"{endpoint.url} is transformers serve: one request at a time, for its seeds.")
        concurrency = 1
    say_what_is_left_open(settings, endpoint.url)
    jobs = plan_jobs(asked, settings, n=n, max_new_tokens=max_new_tokens, seed=seed)
    made_by = {
        "model": model,
        "tokenizer": model,
        "template": found.name if found else OWN,
    }
    with SampleLog(output, jobs, made_by=made_by, force=force) as log:
        asking = Asking(endpoint, model, found, in_config=in_config)
        return _ask_all(asking, log, made_by, concurrency)


class Asking:
    """One model behind an endpoint, asked in one format.

    Args:
        endpoint: Where to ask.
        model: What the server calls the model.
        template: The format; None for the server's own.
        in_config: Whether it takes settings in a `generation_config`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        model: str,
        template: Template | None,
        *,
        in_config: bool = False,
    ) -> None:
        self.endpoint = endpoint
        self.model = model
        self.template = template
        self.in_config = in_config
        self.met_key = False

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
        prompt = job.prompt
        fields = settings_sent(job.sampling, in_config=self.in_config)
        fields |= {"model": self.model, "max_tokens": job.max_new_tokens, "seed": job.seed}
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
        given_text = "" if text is None else str(text)
        text = self.endpoint.without_key(given_text)
        if text != given_text:
            # Not said here: this is no thread of whoever looks on.
            self.met_key = True
        counted = n_tokens if isinstance(n_tokens, int) else None
        return Answer(text, counted, seconds, self.endpoint.without_key(str(reason or "unknown")))


def _ask_all(
    asking: Asking, log: SampleLog, made_by: Mapping[str, Any], concurrency: int
) -> SampleSummary:
    begin = time.perf_counter()
    remaining = log.remaining
    if remaining and log.done:
        say(f"{log.path} has {len(log.done):,} samples already; {len(remaining):,} are missing.")
    made: list[tuple[Job, Answer]] = []
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
        if asking.met_key:
            say("an answer repeats the key: [key] is written in its place, wherever it stands.")
    seconds = time.perf_counter() - begin
    say_what_repeats(made, asking.endpoint.url)
    answers = [answer for _, answer in made]
    return summarize(str(log.path), len(log.done), answers, seconds, concurrency)


def _write(
    log: SampleLog, pairs: Sequence[tuple[Job, Future[Answer]]], made_by: Mapping[str, Any]
) -> list[tuple[Job, Answer]]:
    """Write what came back before the first failure is raised."""
    whole = [(job, future.result()) for job, future in pairs if not future.exception()]
    log.append(SampleRecord(job, answer, **made_by) for job, answer in whole)
    for _, future in pairs:
        future.result()
    return whole
