"""One timed pass: read a prompt, then write token by token with the keys and values kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tokext.bench.machines import Machine
from tokext.bench.speed.work import Work
from tokext.model.load import broken_logits, run_device

_TRIAL_BYTES = 256 << 20
_TRIAL_WIDTH = 1024


@dataclass(frozen=True)
class Timing:
    """Seconds of one pass, and the ids (batch_size, n_steps) that were chosen on the way.

    `first_token_seconds` is prefill with the first token chosen and handed to the CPU.
    """

    prefill_seconds: float
    first_token_seconds: float
    decode_seconds: float
    chosen: Tensor


class Runner:
    """A model ready for passes of one size.

    Args:
        model: A causal language model of transformers.
        work: What is read and written.
        compiled: Compile the step, over a cache of fixed size; on CUDA as a graph.
    """

    def __init__(self, model: Any, work: Work, *, compiled: bool = False) -> None:
        self.model = model
        self.device = run_device(model)
        self.prefill = work.prefill.to(self.device)
        self.decode = work.decode.to(self.device)
        self.is_compiled = compiled
        self.cache: Any = None
        self.next_ids: Callable[[Tensor, Tensor, Any], tuple[Tensor, Tensor]] = self._next_ids
        n_read, n_steps = self.prefill.shape[1], self.decode.shape[1]
        self.positions = torch.arange(n_read, n_read + n_steps, device=self.device)[None]
        if compiled:
            from transformers import StaticCache

            self.cache = StaticCache(config=model.config, max_cache_len=n_read + n_steps)
            self.next_ids = torch.compile(self._next_ids, mode="reduce-overhead")

    def replay(self) -> Timing:
        """Write the text that was given, whatever the model would have said."""
        return self._run(lambda step, last, logits: self.decode[:, step : step + 1])

    def free(self, seed: int, never: Tensor) -> Timing:
        """Write what the model says: drawn at temperature 1, without the ids in `never`.

        Raises:
            ModelError: Its logits are no numbers.
        """
        generator = torch.Generator(self.device).manual_seed(seed)

        def draw(step: int, last: Tensor, logits: Tensor) -> Tensor:
            shares = logits.index_fill(-1, never, -torch.inf).float().softmax(-1)
            try:
                return torch.multinomial(shares, 1, generator=generator)
            except RuntimeError as error:
                # Looked at only now: what is timed pays for no check of its own.
                if shares.isfinite().all():
                    raise
                raise broken_logits(f"for its token {step + 1}", self.model.dtype) from error

        return self._run(draw)

    @torch.inference_mode()
    def _run(self, choose: Callable[[int, Tensor, Tensor], Tensor]) -> Timing:
        cache = self._new_cache()
        synchronize(self.device)
        begin = time.perf_counter()
        out = self.model(
            input_ids=self.prefill, past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        logits = out.logits[:, -1]
        synchronize(self.device)
        read = time.perf_counter()
        likeliest = logits.argmax(-1, keepdim=True)
        likeliest.cpu()
        first = time.perf_counter()
        fed = []
        for step in range(self.decode.shape[1]):
            given = choose(step, likeliest, logits)
            fed.append(given)
            if self.is_compiled:
                torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
            logits, likeliest = self.next_ids(given, self.positions[:, step : step + 1], cache)
        synchronize(self.device)
        end = time.perf_counter()
        return Timing(read - begin, first - begin, end - first, torch.cat(fed, dim=1).cpu())

    def _next_ids(self, ids: Tensor, positions: Tensor, cache: Any) -> tuple[Tensor, Tensor]:
        """Feed ids (batch_size, 1); the next logits (batch_size, n_rows) and the likeliest ids."""
        out = self.model(
            input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True
        )
        logits = out.logits[:, -1]
        return logits, logits.argmax(-1, keepdim=True)

    def _new_cache(self) -> Any:
        from transformers import DynamicCache

        if self.cache is None:
            return DynamicCache(config=self.model.config)
        # A graph keeps the addresses that it was recorded with, so the cache stays and is emptied.
        self.cache.reset()
        return self.cache


def synchronize(device: torch.device) -> None:
    """Wait until a device has done all that it was told to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def measured_machine(device: torch.device, dtype: torch.dtype, name: str) -> Machine:
    """What a device reads and calculates in a second, found by trying: the best of several times.

    The bandwidth is that of the fastest of several kernels over a matrix too large for caches: with
    a vector, with a vector as models have it, its sum, and a copy of it, which moves it twice. The
    operations are those of a product of two square matrices.
    """
    size = torch.empty((), dtype=dtype).element_size()
    n_rows = _TRIAL_BYTES // size // _TRIAL_WIDTH
    wide = torch.ones(n_rows, _TRIAL_WIDTH, dtype=dtype, device=device)
    vector = torch.ones(_TRIAL_WIDTH, dtype=dtype, device=device)
    copied = torch.empty_like(wide)
    side = 4096 if device.type == "cuda" else 768
    square = torch.ones(side, side, dtype=dtype, device=device)
    kernels: list[tuple[int, Callable[[], object]]] = [
        (1, lambda: wide @ vector),
        (1, lambda: torch.nn.functional.linear(vector[None], wide)),
        (1, lambda: wide.sum()),
        (2, lambda: copied.copy_(wide)),
    ]
    rates = [n * _TRIAL_BYTES / _best_seconds(call, device) for n, call in kernels]
    work_seconds = _best_seconds(lambda: square @ square, device)
    return Machine(name, max(rates), 2 * side**3 / work_seconds, measured=True)


def _best_seconds(call: Callable[[], object], device: torch.device, n_times: int = 5) -> float:
    best = float("inf")
    for _ in range(n_times + 1):
        synchronize(device)
        begin = time.perf_counter()
        call()
        synchronize(device)
        best = min(best, time.perf_counter() - begin)
    return best
