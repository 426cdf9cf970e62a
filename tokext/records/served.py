"""The rows of ``tokext bench throughput URL``: what a client of a server saw."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokext.errors import InputError
from tokext.records.typed import typed


@dataclass(frozen=True)
class ServedRow:
    """How fast a server writes, so many requests at a time.

    Tuples have an entry a request, in the order they were sent. Times are those of the try that
    worked; `wall_seconds` is the time until the last of all requests was answered, waiting to try
    again included, and `n_retries` says how often that was. `n_tokens` is None where the server
    did not count them. `ratio` compares characters per second with the first model's at the same
    concurrency, and is None for the first.
    """

    model: str
    url: str
    api: str
    concurrency: int
    corpus: str
    n_prompt_chars: int
    max_new_tokens: int
    n_chars: tuple[int, ...]
    n_tokens: tuple[int, ...] | None
    first_chunk_seconds: tuple[float, ...]
    request_seconds: tuple[float, ...]
    wall_seconds: float
    n_retries: int
    ratio: float | None
    tokext_version: str
    created: str

    @property
    def n_requests(self) -> int:
        """How many requests were answered."""
        return len(self.n_chars)

    @property
    def n_empty(self) -> int:
        """How many answers had no text."""
        return self.n_chars.count(0)

    @property
    def chars_per_second(self) -> float:
        """Characters written in a second, all requests together."""
        return sum(self.n_chars) / self.wall_seconds

    @property
    def request_chars_per_second(self) -> tuple[float, ...]:
        """Characters written in a second after the first chunk, by request; 0 without a second."""
        waits = zip(self.n_chars, self.first_chunk_seconds, self.request_seconds, strict=True)
        return tuple(n / (whole - first) if whole > first else 0.0 for n, first, whole in waits)

    def as_dict(self) -> dict[str, Any]:
        """The row for a JSON file: of what a request has the median, with lowest and highest."""
        fields = dataclasses.asdict(self)
        own = {name: fields.pop(name) for name in ("n_chars", "n_tokens", *_SECONDS)}
        for name in (*_SECONDS, "request_chars_per_second"):
            values = getattr(self, name)
            fields[name] = statistics.median(values)
            fields[f"{name}_spread"] = [min(values), max(values)]
        derived = ("n_requests", "n_empty", "chars_per_second")
        return fields | {name: getattr(self, name) for name in derived} | {"measured": own}

    @staticmethod
    def from_dict(fields: Mapping[str, Any]) -> ServedRow:
        """The row that `as_dict` wrote.

        Raises:
            InputError: A key is missing, or a value is of another type.
        """
        try:
            measured = {
                name: None if values is None else tuple(values)
                for name, values in fields["measured"].items()
            }
            given = {**fields, **measured}
            names = [f.name for f in dataclasses.fields(ServedRow)]
            return typed(ServedRow(**{name: given[name] for name in names}))
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"not a row of tokext bench throughput URL: {error}.",
                hint="write the file again with tokext bench throughput -o FILE.json.",
            ) from error


_SECONDS = ("first_chunk_seconds", "request_seconds")
