"""Which settings of sampling reach a server, and whether it seems to heed them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

from tokext.bench.sampling.jobs import Answer, Job, Sampling
from tokext.bench.server.endpoint import Endpoint
from tokext.progress import say

#: Paths that `transformers serve` has, and together no other server.
_TRANSFORMERS_PATHS: Final = {"/v1/chat/completions", "/load_model", "/reset"}


def takes_generation_config(endpoint: Endpoint) -> bool:
    """Whether an endpoint is one of `transformers serve`, by the paths that it says it has.

    By itself that server never draws, whatever the temperature, and it refuses fields such as
    `min_p`; a request can hand it a `generation_config`, and what that leaves out, as the ids that
    end an answer, it takes from the model.
    """
    described = endpoint.look("openapi.json")
    paths = described.get("paths") if isinstance(described, dict) else None
    return isinstance(paths, dict) and paths.keys() >= _TRANSFORMERS_PATHS


def settings_sent(sampling: Sampling, *, in_config: bool) -> dict[str, Any]:
    """The fields of a request; a setting that is left open is not among them.

    Example:
        >>> settings_sent(Sampling(top_p=None, min_p=None, repetition_penalty=1.2), in_config=False)
        {'temperature': 0.7, 'top_k': 0, 'repetition_penalty': 1.2}
    """
    given = {name: value for name, value in asdict(sampling).items() if value is not None}
    if not in_config:
        return given
    config = given | {"do_sample": True}
    if sampling.temperature == 0:
        config = {"do_sample": False, "repetition_penalty": sampling.repetition_penalty}
    fields = {name: given[name] for name in ("temperature", "top_p")}
    return fields | {"generation_config": json.dumps(config)}


def say_what_is_left_open(samplings: Iterable[Sampling], url: str) -> None:
    """Say once which settings the server decides."""
    names = dict.fromkeys(name for one in samplings for name in one.left_open)
    if names:
        say(
            f"{url} decides about {', '.join(names)}: they were not named, so they are not sent, "
            "and samples say null for them."
        )


def say_what_repeats(made: Iterable[tuple[Job, Answer]], url: str) -> None:
    """Say how many prompts have one answer under all seeds, though it was to be drawn."""
    texts = defaultdict[str, list[str]](list)
    for job, answer in made:
        if job.sampling.temperature > 0:
            texts[job.prompt.id].append(answer.text)
    drawn = [answers for answers in texts.values() if len(answers) > 1]
    n_same = sum(len(set(answers)) == 1 for answers in drawn)
    if n_same:
        say(
            f"{url}: {n_same:,} of {len(drawn):,} prompts got the same answer from all seeds, "
            "though the temperature is above 0: maybe the server does not draw."
        )
