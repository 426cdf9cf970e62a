"""A streamed answer of an OpenAI-compatible server: its events, and when each arrived."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_DONE = "[DONE]"
_MOST_BYTES_A_LINE = 1 << 20


@dataclass(frozen=True)
class Arrival:
    """One event of a stream, and the seconds since the request was sent."""

    seconds: float
    event: Any


def read_events(response: Any, begin: float, deadline: float) -> list[Arrival]:
    """Read a stream of server-sent events to its end.

    Args:
        response: The open answer.
        begin: When the request was sent, by `time.monotonic`.
        deadline: When to give up, by the same clock.

    Raises:
        TimeoutError: The stream goes on for too long.
        ValueError: An event is not JSON.
        http.client.IncompleteRead: The stream ends before it says that it does: some servers close
            it with ``[DONE]``, others with a reason to finish, or an error.
    """
    arrived: list[Arrival] = []
    for data in _data_lines(response, deadline):
        if data == _DONE:
            return arrived
        arrived.append(Arrival(time.monotonic() - begin, json.loads(data)))
    if not any(_is_last(arrival.event) for arrival in arrived):
        raise http.client.IncompleteRead(b"", None)
    return arrived


def _data_lines(response: Any, deadline: float) -> Iterator[str]:
    rest = b""
    while chunk := response.read1(1 << 16):
        # What trickles is looked at as often as it does.
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            name, _, data = line.decode("utf-8", errors="replace").partition(":")
            if name == "data":
                yield data.strip()
        if len(rest) > _MOST_BYTES_A_LINE:
            raise ValueError(f"a line is longer than {_MOST_BYTES_A_LINE:,} bytes")


def _is_last(event: Any) -> bool:
    if not isinstance(event, dict):
        return False
    choices = event.get("choices")
    if event.get("error"):
        return True
    return isinstance(choices, list) and any(
        isinstance(choice, dict) and choice.get("finish_reason") for choice in choices
    )
