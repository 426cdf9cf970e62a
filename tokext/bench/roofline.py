"""What a model's speed should be: bytes that each step has to read, operations it has to do.

A step of decoding reads every weight once (of the input embeddings one row a sequence) and the keys
and values of everything before it; it multiplies each weight with each sequence once. It takes as
long as the slower of the two, at the machine's best:

    seconds = max(bytes / bytes_per_second, operations / operations_per_second)

Prefill reads the weights once for all tokens, and reads the head for the last token alone. What a
machine needs beside this (launching kernels, normalization, choosing the token) is left out, so the
prediction is a bound, and its ratio between two models is sharper than each side.

Of a mixture of experts a step reads those that its tokens go through: if each of b tokens draws k
of E evenly, E * (1 - (1 - k/E)^b) in each layer. Tokens that resemble each other meet fewer, so
with several sequences this is an estimate and no bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tokext.bench.machines import Machine
from tokext.records import Prediction

_MOST_SEQUENCES = 1 << 20
_LONGEST_CURVE = 1024


@dataclass(frozen=True)
class Experts:
    """The experts of a mixture, of which each token goes through `n_active` in each layer.

    `n_parameters` and `n_bytes` are of all of them, in all layers; the router and experts that
    every token goes through are none of them.
    """

    n: int
    n_active: int
    n_parameters: int
    n_bytes: float

    def share_met(self, n_tokens: float) -> float:
        """The share of experts that so many tokens meet, if each draws its own evenly.

        Example:
            >>> two_of_eight = Experts(8, 2, n_parameters=800, n_bytes=1600)
            >>> [round(two_of_eight.share_met(n), 2) for n in (1, 2, 32)]
            [0.25, 0.44, 1.0]
        """
        return 1 - float((1 - self.n_active / self.n) ** n_tokens)

    @property
    def n_idle_parameters(self) -> float:
        """Parameters that a token does not go through."""
        return self.n_parameters * (1 - self.n_active / self.n)


@dataclass(frozen=True)
class ModelCost:
    """The parts of a decoder-only transformer that decide what it costs to run.

    `n_body_parameters` are all but input embeddings and head; `n_rows` the head's rows. Where the
    body is packed, as in 4 bits, `body_bytes` says what it takes. Of `experts`, which belong to the
    body, only those are read that some token goes through.
    """

    n_body_parameters: int
    n_rows: int
    width: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    bytes_per_number: float = 2
    body_bytes: float | None = None
    experts: Experts | None = None

    def weight_bytes(self, n_tokens: float) -> float:
        """Bytes of the body, of the head, and of a row of the input embeddings for each token."""
        body = self.body_bytes
        if body is None:
            body = self.n_body_parameters * self.bytes_per_number
        if self.experts:
            body -= self.experts.n_bytes * (1 - self.experts.share_met(n_tokens))
        return body + (self.n_rows + n_tokens) * self.width * self.bytes_per_number

    @property
    def n_active_parameters(self) -> float:
        """Parameters of the body that one token goes through."""
        idle = self.experts.n_idle_parameters if self.experts else 0
        return self.n_body_parameters - idle

    @property
    def kv_bytes_per_token(self) -> float:
        """Bytes of keys and values that each token adds to the cache."""
        return 2 * self.n_layers * self.n_kv_heads * self.head_dim * self.bytes_per_number

    def step_bytes(self, batch_size: int, context: float) -> float:
        """Bytes that one step of decoding moves, each sequence with `context` tokens before it."""
        cache = batch_size * (context + 1) * self.kv_bytes_per_token
        return self.weight_bytes(batch_size) + cache

    def step_operations(self, batch_size: int, context: float) -> float:
        """Operations of one step of decoding."""
        weights = 2 * (self.n_active_parameters + self.n_rows * self.width)
        attention = 4 * context * self.n_heads * self.head_dim * self.n_layers
        return batch_size * (weights + attention)

    def prefill_bytes(self, batch_size: int, n_tokens: float) -> float:
        """Bytes that reading `n_tokens` tokens in each sequence moves."""
        cache = batch_size * n_tokens * self.kv_bytes_per_token
        return self.weight_bytes(batch_size * n_tokens) + cache

    def prefill_operations(self, batch_size: int, n_tokens: float) -> float:
        """Operations of the same; attention looks back only, so half of all pairs count."""
        body = 2 * n_tokens * self.n_active_parameters
        attention = 2 * n_tokens**2 * self.n_heads * self.head_dim * self.n_layers
        return batch_size * (body + attention + 2 * self.n_rows * self.width)


@dataclass(frozen=True)
class TextLoad:
    """The text that each sequence reads and then writes, and how a tokenizer spells it.

    `chars_per_token` is that of what is written; `prefill_chars_per_token` of what is read, the
    same where it is not given.
    """

    n_prefill_chars: float
    n_decode_chars: float
    chars_per_token: float
    prefill_chars_per_token: float | None = None

    @property
    def n_prefill_tokens(self) -> float:
        """Tokens to read."""
        return self.n_prefill_chars / (self.prefill_chars_per_token or self.chars_per_token)

    @property
    def n_steps(self) -> float:
        """Tokens to write."""
        return self.n_decode_chars / self.chars_per_token

    @property
    def mean_context(self) -> float:
        """Tokens before a step, on average."""
        return self.n_prefill_tokens + self.n_steps / 2


def predict(cost: ModelCost, load: TextLoad, machine: Machine, batch_size: int) -> Prediction:
    """The shortest times that the machine allows.

    Example:
        A Mistral-7B in 16 bits reads 14.2 GB a step, which an H200 does in 3 ms:

        >>> from tokext.bench.machines import MACHINES
        >>> mistral = ModelCost(6_979_588_096, 32_000, 4096, 32, 32, 8, 128)
        >>> load = TextLoad(500, 100, chars_per_token=0.86)
        >>> round(predict(mistral, load, MACHINES["h200"], 1).step_seconds * 1000, 2)
        2.98
    """
    n_tokens, context = load.n_prefill_tokens, load.mean_context
    step_bytes = cost.step_bytes(batch_size, context)
    bytes_seconds = step_bytes / machine.bytes_per_second
    work_seconds = cost.step_operations(batch_size, context) / machine.operations_per_second
    prefill_seconds = max(
        cost.prefill_bytes(batch_size, n_tokens) / machine.bytes_per_second,
        cost.prefill_operations(batch_size, n_tokens) / machine.operations_per_second,
    )
    step_seconds = max(bytes_seconds, work_seconds)
    return Prediction(
        machine=machine.name,
        bytes_per_second=machine.bytes_per_second,
        operations_per_second=machine.operations_per_second,
        is_measured_machine=machine.measured,
        step_bytes=step_bytes,
        step_seconds=step_seconds,
        prefill_seconds=prefill_seconds,
        is_bandwidth_bound=bytes_seconds >= work_seconds,
        decode_chars_per_second=batch_size * load.chars_per_token / step_seconds,
        prefill_chars_per_second=batch_size * load.n_prefill_chars / prefill_seconds,
    )


def predicted_ratio(
    before: tuple[ModelCost, TextLoad],
    after: tuple[ModelCost, TextLoad],
    machine: Machine,
    batch_size: int,
) -> float:
    """Characters per second of decoding, after divided by before.

    Example:
        Four times the rows and 2.7 times the characters a token, on an H200 at batch 1:

        >>> from tokext.bench.machines import MACHINES
        >>> old = ModelCost(6_979_588_096, 32_000, 4096, 32, 32, 8, 128)
        >>> new = ModelCost(6_979_588_096, 120_000, 4096, 32, 32, 8, 128)
        >>> loads = TextLoad(500, 100, 0.86), TextLoad(500, 100, 2.32)
        >>> machine = MACHINES["h200"]
        >>> round(predicted_ratio((old, loads[0]), (new, loads[1]), machine, 1), 2)
        2.58
    """
    first, second = (predict(c, load, machine, batch_size) for c, load in (before, after))
    return second.decode_chars_per_second / first.decode_chars_per_second


def break_even_batch(
    before: tuple[ModelCost, TextLoad], after: tuple[ModelCost, TextLoad], machine: Machine
) -> int | None:
    """The batch from which on the larger head has eaten the gain; None if it never has.

    A small batch may lose as well and one between win: reading shorter caches helps most there.
    Powers of two up to a million sequences are tried, then the place between two of them is found.

    Example:
        A body so small that the head is nearly all the work, and a gain of 2.9 for 20 times the
        rows, wins at batch 16 and loses from 45 on:

        >>> old = ModelCost(2_000_000, 1_000, 256, 2, 4, 2, 64), TextLoad(100, 80, 1.0)
        >>> new = ModelCost(2_000_000, 20_000, 256, 2, 4, 2, 64), TextLoad(100, 80, 2.9)
        >>> machine = Machine("small", 1e12, 2e13)
        >>> [round(predicted_ratio(old, new, machine, b), 2) for b in (1, 16, 64)]
        [0.95, 1.32, 0.97]
        >>> break_even_batch(old, new, machine)
        45
    """

    def is_eaten(batch_size: int) -> bool:
        return predicted_ratio(before, after, machine, batch_size) <= 1

    high = _MOST_SEQUENCES
    if not is_eaten(high):
        return None
    while high > 1 and is_eaten(high // 2):
        high //= 2
    return _first_true(is_eaten, high // 2, high)


def predicted_curve(
    before: tuple[ModelCost, TextLoad], after: tuple[ModelCost, TextLoad], machine: Machine
) -> tuple[tuple[int, float], ...]:
    """The predicted ratio at powers of two, up to where the gain is eaten and a little further.

    Example:
        >>> from tokext.bench.machines import MACHINES
        >>> cost = ModelCost(6_979_588_096, 32_000, 4096, 32, 32, 8, 128)
        >>> loads = TextLoad(500, 100, 0.86), TextLoad(500, 100, 1.72)
        >>> curve = predicted_curve((cost, loads[0]), (cost, loads[1]), MACHINES["h200"])
        >>> curve[0][0], round(curve[0][1], 2), curve[-1][0]
        (1, 2.01, 1024)
    """
    eaten = break_even_batch(before, after, machine) or 1
    last = min(max(_LONGEST_CURVE, 2 * eaten), _MOST_SEQUENCES)
    sizes = [1 << power for power in range(last.bit_length())]
    return tuple((size, predicted_ratio(before, after, machine, size)) for size in sizes)


def _first_true(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first number in (low, high] for which something holds that holds for `high`."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
