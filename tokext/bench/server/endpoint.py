"""One OpenAI-compatible endpoint: requests that are repeated until they work, or are refused."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import random
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tokext.bench.server.address import KEY_VARIABLES, found_key, parted, proxied
from tokext.bench.server.event_stream import Arrival, read_events
from tokext.errors import InputError, ModelError
from tokext.progress import say

Answer = TypeVar("Answer")

_PASSING = {408, 409, 425, 429, 500, 502, 503, 504}
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 60.0
_MOST_BYTES = 64 << 20
_LOOK_SECONDS = 10.0
#: Characters of a key at a text's end that are taken for the key.
_LEAST_CUT = 4
#: A shorter key is a placeholder, as EMPTY is, for a server that wants none: it is no secret.
_LEAST_SECRET = 8


class _PassingError(Exception):
    """A failure that may be gone the next time; `after` seconds, where the server said so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class RefusedError(ModelError):
    """A request that a server will not answer; `is_of_all` says that it is not for what it asks."""

    def __init__(self, message: str, *, hint: str, is_of_all: bool) -> None:
        super().__init__(message, hint=hint)
        self.is_of_all = is_of_all


class UnansweredError(ModelError):
    """A request at which a server failed at every try."""


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, for how long to wait, and how often to try.

    `timeout_seconds` is for a whole answer. The key is sent as a bearer token to this host alone,
    and stands in no message.
    """

    url: str
    timeout_seconds: float = 120.0
    n_tries: int = 6
    first_wait_seconds: float = _FIRST_WAIT_SECONDS
    key: str = field(default="", repr=False)
    stopped: threading.Event = field(default_factory=threading.Event, repr=False, compare=False)

    def reach(self) -> None:
        """Make sure that somebody listens there.

        Raises:
            ModelError: Nobody does.
        """
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if proxied(parts.hostname or "", parts.scheme):
            return
        try:
            socket.create_connection((parts.hostname, port), timeout=10).close()
        except (OSError, UnicodeError) as error:
            raise ModelError(
                f"nobody answers at {self.url}: {getattr(error, 'strerror', None) or error}.",
                hint="start the server, or check host and port.",
            ) from error

    def look(self, path: str) -> Any:
        """The JSON that stands at a path beside the API's; None where there is none."""
        request = self._request(f"{self.url.removesuffix('/v1')}/{path}")
        seconds = min(self.timeout_seconds, _LOOK_SECONDS)
        try:
            with self._opener().open(request, timeout=seconds) as response:
                return json.loads(_read(response, time.monotonic() + seconds))
        except urllib.error.HTTPError as error:
            error.close()
        except (OSError, http.client.HTTPException, ValueError, RecursionError, _PassingError):
            pass
        return None

    def post(self, path: str, payload: Mapping[str, Any]) -> Any:
        """Send JSON, and get JSON back; what may pass is tried again, each time later.

        Raises:
            ModelError: The server refuses the request, or still fails at the last try.
        """
        return self._until_it_works(lambda: self._once(path, payload))[0]

    def stream(self, path: str, payload: Mapping[str, Any]) -> tuple[list[Arrival], int]:
        """Send JSON that asks for a stream; its events with their times, and how often was retried.

        Raises:
            ModelError: The server refuses the request, or still fails at the last try.
        """
        return self._until_it_works(lambda: self._stream_once(path, payload))

    def _until_it_works(self, once: Callable[[], Answer]) -> tuple[Answer, int]:
        for attempt in range(1, self.n_tries + 1):
            try:
                return once(), attempt - 1
            except _PassingError as failure:
                said = self.quoted(str(failure))
                if attempt == self.n_tries or self.stopped.is_set():
                    raise UnansweredError(
                        f"{self.url} failed {attempt} times in a row; at last: {said}.",
                        hint="the same command goes on where this one stopped; "
                        "fewer requests at a time (--concurrency) may help.",
                    ) from failure
                wait = self._wait_seconds(attempt, failure.after)
            say(f"{self.url}: {said}; trying again in {wait:.1f} s.")
            self.stopped.wait(wait)
        raise InputError(f"n_tries is {self.n_tries}.", hint="it has to be 1 or more.")

    def _wait_seconds(self, attempt: int, after: float | None) -> float:
        """Twice as long each time, spread at random so that clients do not come back together."""
        own = self.first_wait_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1)  # noqa: S311
        return float(min(_LONGEST_WAIT_SECONDS, max(own, after or 0.0)))

    def _once(self, path: str, payload: Mapping[str, Any]) -> Any:
        deadline = time.monotonic() + self.timeout_seconds
        raw = self._send(path, payload, lambda response: _read(response, deadline))
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise _PassingError(f"the answer is not JSON ({self.quoted(raw)!r})") from error

    def _stream_once(self, path: str, payload: Mapping[str, Any]) -> list[Arrival]:
        begin = time.monotonic()
        deadline = begin + self.timeout_seconds
        try:
            events = self._send(path, payload, lambda said: read_events(said, begin, deadline))
        except (ValueError, RecursionError) as error:
            raise _PassingError(f"an event of the stream is not JSON ({error})") from error
        for arrival in events:
            if isinstance(arrival.event, dict) and arrival.event.get("error"):
                said = self.quoted(arrival.event["error"])
                raise _PassingError(f"the stream breaks off ({said})")
        return events

    def _send(self, path: str, payload: Mapping[str, Any], read: Callable[[Any], Answer]) -> Answer:
        request = self._request(f"{self.url}/{path}", json.dumps(payload).encode())
        try:
            with self._opener().open(request, timeout=self.timeout_seconds) as response:
                return read(response)
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            raise _PassingError(f"the connection broke ({self.quoted(str(reason))})") from error

    def _request(self, url: str, data: bytes | None = None) -> urllib.request.Request:
        request = urllib.request.Request(  # noqa: S310 (the scheme was checked)
            url,
            data=data,
            headers={"Content-Type": "application/json", "User-Agent": "tokext"},
        )
        if self.key:
            # A redirect to another host does not get it.
            request.add_unredirected_header("Authorization", f"Bearer {self.key}")
        return request

    def _opener(self) -> urllib.request.OpenerDirector:
        parts = urlsplit(self.url)
        if proxied(parts.hostname or "", parts.scheme):
            return urllib.request.build_opener()
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _refusal(self, error: urllib.error.HTTPError) -> Exception:
        body = b""
        with contextlib.suppress(OSError, http.client.HTTPException):
            body = error.read(2000)
        said = self.quoted(f"{error.code} {error.reason}: ".encode() + body).rstrip(": ")
        if error.code in _PASSING:
            return _PassingError(said, _retry_after(error.headers.get("Retry-After")))
        hint = f"check the model's name and the settings that {self.url} takes."
        if error.code in (401, 403):
            hint = f"put the key into the environment variable {' or '.join(KEY_VARIABLES)}."
        elif error.code == 404:
            hint = "check --model and the path: it mostly ends in /v1."
        # Without a key, and of a model or a path that is not there, no request is answered.
        is_of_all = error.code in (401, 403, 404)
        return RefusedError(f"{self.url} refuses: {said}.", hint=hint, is_of_all=is_of_all)

    def quoted(self, said: Any, n_chars: int = 300) -> str:
        """What a server said, on one line without the key: redacted first, and then cut.

        Args:
            said: Bytes, a text, or anything that JSON holds.
            n_chars: The most characters.
        """
        if isinstance(said, bytes):
            said = said.decode("utf-8", errors="replace")
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        return " ".join(self.redacted(text).split())[:n_chars]

    def without_key(self, text: str) -> str:
        """A text without the whole key, also as JSON spells it; nothing else in it changes."""
        for key in self._spelled():
            text = text.replace(key, "[key]")
        return text

    def _spelled(self) -> tuple[str, ...]:
        """The key as it may stand in a text; none where it is no secret."""
        if len(self.key) < _LEAST_SECRET:
            return ()
        spelled = json.dumps(self.key)[1:-1]
        return tuple(dict.fromkeys((self.key, spelled, spelled.replace("/", "\\/"))))

    def redacted(self, text: str) -> str:
        """A text without the key, also as JSON spells it, or cut off at the text's end."""
        text = self.without_key(text)
        for key in self._spelled():
            cut = next(
                (n for n in range(len(key) - 1, _LEAST_CUT - 1, -1) if text.endswith(key[:n])), 0
            )
            text = text[: len(text) - cut] + "[key]" * bool(cut)
        return text


def open_endpoint(
    url: str, *, timeout_seconds: float = 120.0, n_tries: int = 6, **options: Any
) -> Endpoint:
    """An endpoint from its address, with the key that the environment holds.

    Raises:
        InputError: The address is none, or holds a password; or the key cannot be sent.

    Example:
        >>> open_endpoint("http://localhost:8000").url
        'http://localhost:8000/v1'
    """
    parts = parted(url)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InputError(
            f"the address of {parts.hostname} holds more than host, port and path.",
            hint=f"put the key into the environment variable {KEY_VARIABLES[0]}.",
        )
    for name, value in (("timeout_seconds", timeout_seconds), ("n_tries", n_tries)):
        if not value > 0:
            raise InputError(f"{name} is {value}.", hint="it has to be above 0.")
    path = parts.path.rstrip("/") or "/v1"
    whole = f"{parts.scheme}://{parts.netloc}{path}"
    return Endpoint(whole, timeout_seconds, n_tries, key=found_key(), **options)


def _read(response: Any, deadline: float) -> bytes:
    """All bytes of an answer, unless they trickle on for too long."""
    chunks: list[bytes] = []
    n_bytes = 0
    while chunk := response.read1(1 << 16):
        chunks.append(chunk)
        n_bytes += len(chunk)
        if time.monotonic() > deadline:
            raise TimeoutError("timed out")
        if n_bytes > _MOST_BYTES:
            raise _PassingError(f"the answer is longer than {_MOST_BYTES:,} bytes")
    wanted = response.headers.get("Content-Length", "")
    if wanted.isdigit() and n_bytes < int(wanted):
        raise http.client.IncompleteRead(b"", int(wanted) - n_bytes)
    return b"".join(chunks)


def _retry_after(value: str | None) -> float | None:
    """The seconds of a Retry-After header: a number, or a date.

    Example:
        >>> _retry_after("7"), _retry_after("soon"), _retry_after(None)
        (7.0, None, None)
    """
    if value is None:
        return None
    with contextlib.suppress(ValueError):
        return max(0.0, float(value))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    return None
