"""The same sampling from any OpenAI-compatible server, several requests at a time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tokext.bench.sampling.jobs import SampleSummary, plan_jobs, summarize, sweep
from tokext.bench.sampling.log import SampleLog
from tokext.bench.sampling.prompts import Prompt, as_prompts
from tokext.bench.sampling.templates import OWN, find_template
from tokext.bench.server.asking import Asking, Gathering, OnePromptError
from tokext.bench.server.endpoint import open_endpoint
from tokext.bench.server.settings import (
    say_what_is_left_open,
    say_what_repeats,
    takes_generation_config,
)
from tokext.errors import InputError, ModelError, refuse_below
from tokext.progress import bar, say

_MOST_NAMED: Final = 5


def sample_server(
    url: str,
    prompts: Iterable[Prompt | str] | str | Path,
    output: str | Path,
    *,
    model: str,
    template: str | Path = OWN,
    temperature: Iterable[float] = (0.7,),
    top_p: Iterable[float] | None = None,
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

    The temperature is sent always, the other settings where they are given: not every server knows
    them, and some refuse a top-p of 1. What is not given, the server decides, and samples say None
    for it. `transformers serve` is known by its paths; it is sent all settings, given or not, in
    the way that it heeds them, and one request at a time, since its seed holds for the next answer
    alone.

    Args:
        url: As ``http://localhost:8000/v1``.
        prompts: A file, the name of one that comes with tokext, or prompts.
        output: The JSONL file.
        model: What the server calls the model.
        template: ``own``, the name of another format, or a file.
        temperature: Each of these five may hold several values.
        top_p: Keep the likeliest tokens up to this share. None of it, or of the three after it,
            leaves that to the server.
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
        ModelError: Nobody answers, or the server refuses or fails at every try: at once where it
            does so whatever is asked, and where it is for some prompts, when all others are done.
        OutputError: `output` holds other samples, or cannot be written.
    """
    settings = sweep(
        temperature=temperature,
        top_p=(None,) if top_p is None else top_p,
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


def _ask_all(
    asking: Asking, log: SampleLog, made_by: Mapping[str, Any], concurrency: int
) -> SampleSummary:
    begin = time.perf_counter()
    remaining = log.remaining
    if remaining and log.done:
        say(f"{log.path} has {len(log.done):,} samples already; {len(remaining):,} are missing.")
    gathering = Gathering(asking, log, made_by)
    try:
        with (
            bar("sampling", total=len(remaining), unit="sample") as progress,
            contextlib.closing(gathering.ask(remaining, concurrency)) as coming,
        ):
            for n_done in coming:
                progress.update(n_done)
    finally:
        if asking.met_key:
            say("an answer repeats the key: [key] is written in its place, wherever it stands.")
    seconds = time.perf_counter() - begin
    say_what_repeats(gathering.made, asking.endpoint.url)
    if gathering.unanswered:
        ids = dict.fromkeys(job.prompt.id for job in remaining)
        errors = gathering.unanswered
        raise _unanswered({id_: errors[id_] for id_ in ids if id_ in errors})
    answers = [answer for _, answer in gathering.made]
    return summarize(str(log.path), len(log.done), answers, seconds, concurrency)


def _unanswered(errors: Mapping[str, OnePromptError]) -> ModelError:
    """What is said of prompts that got no answer while others did."""
    names = ", ".join(map(repr, list(errors)[:_MOST_NAMED]))
    more = f" and {len(errors) - _MOST_NAMED:,} more" if len(errors) > _MOST_NAMED else ""
    (first, *_) = errors.values()
    said = f"the prompt {names} was not answered:"
    if len(errors) > 1:
        said = f"{len(errors):,} prompts were not answered ({names}{more}); the first:"
    return ModelError(
        f"{said} {first}",
        hint="all other answers are written, and the same command asks for what is missing alone; "
        "shorten such a prompt, or leave it out.",
    )
