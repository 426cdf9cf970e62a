"""How fast a server writes, as its clients see it: several requests at a time, streamed."""

from __future__ import annotations

import contextvars
import importlib.metadata
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from tokext.bench.server.endpoint import Endpoint, open_endpoint
from tokext.bench.server.event_stream import Arrival
from tokext.bench.speed.windows import cut_windows, read_whole
from tokext.bench.texts import Texts
from tokext.errors import InputError, ModelError, refuse_below
from tokext.progress import bar
from tokext.records import ServedRow

Api = Literal["completions", "chat"]

_PATHS = {"completions": "completions", "chat": "chat/completions"}
#: Each of those that ask at a time does so this often, so that starting and ending weigh little.
_ROUNDS = 4


def measure_server(
    urls: str | Sequence[str],
    texts: Texts,
    *,
    model: str | Sequence[str],
    concurrency: Iterable[int] = (1, 4),
    n_requests: int = 0,
    new_tokens: int = 128,
    prefill_chars: int = 512,
    api: Api = "completions",
    timeout_seconds: float = 120.0,
    n_tries: int = 6,
) -> list[ServedRow]:
    """Measure servers as a client: time to the first chunk, characters per second.

    Each request sends another stretch of the text, so that no cache of prompts helps, and the
    likeliest continuation is streamed back. Servers are measured one after the other at each
    concurrency; the first is what others are compared with.

    Args:
        urls: One server or several, as ``http://localhost:8000/v1``.
        texts: Held-out text, as `measure_compression` takes it.
        model: What the servers call the model: one name, or one for each server; with a single
            server several names are several models.
        concurrency: Requests at a time; several values are measured one after the other.
        n_requests: Requests in all at each concurrency; 0 for four times the concurrency.
        new_tokens: The most tokens of an answer.
        prefill_chars: Characters of each prompt.
        api: ``completions`` continues the text, ``chat`` answers it as a message.
        timeout_seconds: For one answer.
        n_tries: For one answer, before the run stops.

    Raises:
        InputError: Addresses, names or numbers cannot be used, or the text is too short.
        ModelError: Nobody answers, a server refuses, or it fails at every try.
    """
    sizes = list(dict.fromkeys(concurrency))
    _check(sizes, n_requests, new_tokens, prefill_chars, api)
    corpus, text = read_whole(texts)
    served = [
        Served(open_endpoint(url, timeout_seconds=timeout_seconds, n_tries=n_tries), name, api)
        for url, name in _pairs([urls] if isinstance(urls, str) else urls, model)
    ]
    for one in served:
        one.endpoint.reach()
        # Not counted: some servers load the model when they are first asked.
        one.ask(text[:prefill_chars], 1)
    rows: list[ServedRow] = []
    for size in sizes:
        asked = cut_windows(text, n_requests or _ROUNDS * size, prefill_chars, 0).texts
        measured = [_measure(one, asked, size, new_tokens, corpus) for one in served]
        first = measured[0].chars_per_second
        rows += [measured[0]]
        rows += [
            replace(row, ratio=row.chars_per_second / first if first else None)
            for row in measured[1:]
        ]
    return rows


@dataclass(frozen=True)
class Served:
    """A model behind an endpoint."""

    endpoint: Endpoint
    model: str
    api: Api

    def ask(self, text: str, max_new_tokens: int) -> Answered:
        """Have a text continued, and look at what arrives when.

        Raises:
            ModelError: The server refuses, or fails at every try.
        """
        fields: dict[str, Any] = {
            "model": self.model,
            "max_tokens": max_new_tokens,
            "temperature": 0,
            "stream": True,
        }
        asked = {"messages": [{"role": "user", "content": text}]}
        fields |= asked if self.api == "chat" else {"prompt": text}
        arrivals, n_retries = self.endpoint.stream(_PATHS[self.api], fields)
        return _answered(arrivals, n_retries, self.endpoint)


@dataclass(frozen=True)
class Answered:
    """What one request brought; `n_tokens` is None where the server does not say."""

    n_chars: int
    n_tokens: int | None
    first_chunk_seconds: float
    seconds: float
    n_retries: int


def _measure(
    served: Served, asked: Sequence[str], concurrency: int, new_tokens: int, corpus: str
) -> ServedRow:
    pool = ThreadPoolExecutor(max_workers=concurrency, thread_name_prefix="tokext-speed")
    begin = time.monotonic()
    answers: list[Answered] = []
    try:
        # In copies of this context, so that what is said of retries is seen where bars are.
        waiting = [
            pool.submit(contextvars.copy_context().run, served.ask, text, new_tokens)
            for text in asked
        ]
        with bar(f"{served.model}, {concurrency} at a time", len(asked), "request") as progress:
            for future in waiting:
                answers.append(future.result())
                progress.update(1)
    except BaseException:
        # Whoever waits to try again gives up, and nobody new begins.
        served.endpoint.stopped.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    wall_seconds = time.monotonic() - begin
    return _row(served, answers, wall_seconds, (concurrency, len(asked[0]), new_tokens), corpus)


def _row(
    served: Served,
    answers: Sequence[Answered],
    wall_seconds: float,
    sizes: tuple[int, int, int],
    corpus: str,
) -> ServedRow:
    n_tokens = [answer.n_tokens for answer in answers if answer.n_tokens is not None]
    return ServedRow(
        model=served.model,
        url=served.endpoint.url,
        api=served.api,
        concurrency=sizes[0],
        corpus=corpus,
        n_prompt_chars=sizes[1],
        max_new_tokens=sizes[2],
        n_chars=tuple(answer.n_chars for answer in answers),
        n_tokens=tuple(n_tokens) if len(n_tokens) == len(answers) else None,
        first_chunk_seconds=tuple(answer.first_chunk_seconds for answer in answers),
        request_seconds=tuple(answer.seconds for answer in answers),
        wall_seconds=wall_seconds,
        n_retries=sum(answer.n_retries for answer in answers),
        ratio=None,
        tokext_version=importlib.metadata.version("tokext"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _answered(arrivals: Sequence[Arrival], n_retries: int, endpoint: Endpoint) -> Answered:
    """Characters, tokens and times out of the events of a stream."""
    if not arrivals:
        raise ModelError(
            f"{endpoint.url} streams nothing at all.", hint="the server has to know stream: true."
        )
    texts = [(arrival.seconds, _text(arrival.event, endpoint)) for arrival in arrivals]
    first = next((seconds for seconds, text in texts if text), texts[-1][0])
    usages = [arrival.event.get("usage") or {} for arrival in arrivals]
    counted = [usage.get("completion_tokens") for usage in usages]
    n_tokens = next((n for n in reversed(counted) if isinstance(n, int)), None)
    n_chars = sum(len(text) for _, text in texts)
    return Answered(n_chars, n_tokens, first, texts[-1][0], n_retries)


def _text(event: Mapping[str, Any], endpoint: Endpoint) -> str:
    try:
        choices = event["choices"]
        # The last event of some servers has the usage alone.
        parts = [
            choice.get("text") or (choice.get("delta") or {}).get("content") for choice in choices
        ]
        return "".join(part for part in parts if part)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{endpoint.url} streams another form: {endpoint.quoted(event, 120)}.",
            hint="the address has to be one of an OpenAI-compatible server.",
        ) from error


def _pairs(urls: Sequence[str], model: str | Sequence[str]) -> list[tuple[str, str]]:
    """Each server with the name of its model."""
    names = [model] if isinstance(model, str) else list(model)
    if not urls or not names or not all(names):
        raise InputError("the server's model has no name.", hint="give --model NAME.")
    if len(urls) == 1 or len(names) == 1:
        urls, names = list(urls) * len(names), names * len(urls)
    if len(urls) != len(names):
        raise InputError(
            f"there are {len(urls)} servers and {len(names)} names of models.",
            hint="give one name for all, or one for each.",
        )
    return list(zip(urls, names, strict=True))


def _check(
    sizes: Sequence[int], n_requests: int, new_tokens: int, prefill_chars: int, api: str
) -> None:
    if api not in _PATHS:
        raise InputError(f"there is no api {api!r}.", hint=f"give {' or '.join(_PATHS)}.")
    least = min(sizes, default=0)
    refuse_below(1, concurrency=least, new_tokens=new_tokens, prefill_chars=prefill_chars)
    refuse_below(0, n_requests=n_requests)
