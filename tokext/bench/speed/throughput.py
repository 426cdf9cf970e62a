"""Characters per second of the same text: models measured in turns, prefill apart from decode."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

import torch

from tokext.bench.shapes import find_shape
from tokext.bench.speed.memory import PeakMemory
from tokext.bench.speed.rows import Passes, make_rows, reached
from tokext.bench.speed.subject import Subject, machine_of, open_subject
from tokext.bench.speed.team import Team
from tokext.bench.speed.timed import Runner, Timing
from tokext.bench.speed.windows import Windows, cut_windows, read_whole, spread_sample
from tokext.bench.speed.work import make_work
from tokext.bench.texts import Texts
from tokext.errors import InputError, ModelError, refuse_below
from tokext.model.load import find_device, is_out_of_memory
from tokext.progress import bar, say
from tokext.records import ThroughputRow

Mode = Literal["replay", "free"]
Done = TypeVar("Done")

#: Text enough to say how many characters a token has.
_SAMPLE_CHARS = 20_000


def measure_throughput(
    models: Sequence[str | Path],
    texts: Texts,
    *,
    mode: Mode = "replay",
    shape: str | None = None,
    batch_size: Iterable[int] = (1,),
    device: str = "auto",
    dtype: str = "auto",
    new_tokens: int = 128,
    prefill_chars: int = 512,
    repeats: int = 5,
    warmup: int = 1,
    compiled: bool = False,
    max_memory: int | str | None = None,
    machine: str = "auto",
    seed: int = 0,
) -> list[ThroughputRow]:
    """Measure how many characters per second models read and write; the first is the base.

    In the mode ``replay`` every model reads the same characters and then writes the same
    characters, token by token, whatever it would have said. In the mode ``free`` it writes what it
    says, and the characters of that are counted; ends of sequence are not drawn, so that all write
    equally many tokens.

    Started by `accelerate launch`, each process takes documents of its own, `batch_size` at a time,
    and all get the same rows: what they did together.

    Args:
        models: Checkpoints; with a `shape`, tokenizers, whose sizes the shape gets its rows from.
        texts: Held-out text, as `measure_compression` takes it.
        mode: ``replay`` or ``free``.
        shape: A name of `SHAPES`: random weights made on the device.
        batch_size: Sequences at a time; several values are measured one after the other.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        dtype: ``auto`` is that of the files; of a shape bfloat16, on the CPU float32.
        new_tokens: Tokens that the first model writes; the others write the same characters.
        prefill_chars: Characters that each sequence reads.
        repeats: Passes that count, taken in turns between the models.
        warmup: Passes before them that do not.
        compiled: Compile the step of decoding, over a cache of fixed size.
        max_memory: Of a checkpoint: what weights may take on the device, as ``20GB``; the others
            wait in the CPU's memory or on the disk.
        machine: What to predict for: a name of `MACHINES`; ``auto`` looks the device up there, and
            tries out one that is not in it.
        seed: Of what is drawn in the mode ``free``.

    Raises:
        InputError: Options or texts cannot be used.
        ModelError: A model cannot be loaded, says what is no number, or leaves no room in memory
            for one sequence alone.
    """
    sizes = list(dict.fromkeys(batch_size))
    _check(models, sizes, mode, shape, new_tokens, prefill_chars, repeats, warmup, max_memory)
    corpus, text = read_whole(texts)
    team = Team(device)
    place = find_device(team.device(device))
    subjects = [
        open_subject(name, shape=shape, device=place, dtype=dtype, max_memory=max_memory)
        for name in models
    ]
    return measure_subjects(
        subjects,
        text,
        corpus=corpus,
        mode=mode,
        batch_size=sizes,
        new_tokens=new_tokens,
        prefill_chars=prefill_chars,
        repeats=repeats,
        warmup=warmup,
        compiled=compiled,
        machine=machine,
        seed=seed,
        team=team,
    )


def measure_subjects(
    subjects: Sequence[Subject],
    text: str,
    *,
    corpus: str = "text",
    mode: Mode = "replay",
    batch_size: Iterable[int] = (1,),
    new_tokens: int = 128,
    prefill_chars: int = 512,
    repeats: int = 5,
    warmup: int = 1,
    compiled: bool = False,
    machine: str = "auto",
    seed: int = 0,
    team: Team | None = None,
    repeats_at: Mapping[int, int] | None = None,
) -> list[ThroughputRow]:
    """The same for models that are loaded already; see `measure_throughput`.

    `repeats_at` says at which batch sizes other than `repeats` passes count. All rows are predicted
    for one machine: one that is tried out is tried before and after each batch.
    """
    sample = spread_sample(text, _SAMPLE_CHARS)
    first = subjects[0].tokenizer
    decode_chars = max(1, round(new_tokens * len(sample) / len(first.encode(sample))))
    found = machine_of(machine, subjects[0].model)
    team = team or Team()
    measuring = _Measuring(mode, warmup, compiled, seed, team)
    batches: list[list[Passes]] = []
    waiting, tried = list(dict.fromkeys(batch_size)), set[int]()
    while waiting:
        size = waiting.pop(0)
        tried.add(size)
        windows = cut_windows(text, size * team.size, prefill_chars, decode_chars)
        say(f"batch {size}: {windows.told}.")
        own_repeats = (repeats_at or {}).get(size, repeats)
        measured = measuring.try_batch(subjects, team.share(windows), own_repeats)
        if found.measured:
            # Again after each batch: what stood in the way of one try does not lower the limit.
            # Where memory has no room for it by now, the tries before it hold.
            with contextlib.suppress(ModelError):
                found = found.best_of(machine_of(machine, subjects[0].model))
        if measured is not None:
            batches.append(measured)
        elif size == 1:
            raise ModelError(
                "one sequence alone does not fit into the memory of the device.",
                hint="lower --prefill-chars or --new-tokens, or choose another --device.",
            )
        else:
            smaller = size // 2
            say(f"out of memory at batch {size}: going on with {smaller}.")
            if smaller not in tried and smaller not in waiting:
                waiting.insert(0, smaller)
    if found.measured:
        found = reached(found, itertools.chain.from_iterable(batches))
    rows = (team.join(make_rows(own, corpus=corpus, machine=found)) for own in batches)
    return list(itertools.chain.from_iterable(rows))


@dataclass(frozen=True)
class _Measuring:
    """How batches are measured."""

    mode: Mode
    warmup: int
    compiled: bool
    seed: int
    team: Team

    def try_batch(
        self, subjects: Sequence[Subject], windows: Windows, repeats: int
    ) -> list[Passes] | None:
        """The passes of one batch size; None if memory ran out, here or in another process."""
        passes = self._try(lambda: [self._prepare(subject, windows) for subject in subjects])
        if passes is None:
            return None
        n_passes = (self.warmup + repeats) * len(passes)
        title = f"batch {len(windows.texts)}"
        with bar(title, total=n_passes, unit="pass") as progress:
            for repeat in range(self.warmup + repeats):
                # In turns, so that a machine that slows down slows all of them.
                for own in passes:
                    timing = self._try(partial(self._run, own, self.seed + repeat))
                    if timing is None:
                        return None
                    if repeat >= self.warmup:
                        own.timings.append(timing)
                    progress.update(1)
        for own in passes:
            own.runner = None
        return passes

    def _try(self, action: Callable[[], Done]) -> Done | None:
        """What an action gives in this process; None if memory ran out in any."""
        done: Done | None = None
        try:
            done = action()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        if self.team.all(done is not None):
            return done
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None

    def _prepare(self, subject: Subject, windows: Windows) -> Passes:
        work = make_work(windows, subject.tokenizer)
        context = getattr(subject.config, "max_position_embeddings", None)
        n_tokens = work.prefill.shape[1] + work.decode.shape[1]
        if context and n_tokens > context:
            raise InputError(
                f"{subject.name} reads and writes {n_tokens:,} tokens, and its context has "
                f"{context:,}.",
                hint="lower --prefill-chars or --new-tokens.",
            )
        runner = Runner(subject.model, work, compiled=self.compiled)
        own_words = self.mode == "free"
        memory = PeakMemory(subject.model)
        return Passes(subject, work, runner, memory, own_words, self.compiled, windows.n_text_chars)

    def _run(self, own: Passes, seed: int) -> Timing:
        assert own.runner is not None
        with own.memory:
            if self.mode == "replay":
                return own.runner.replay()
            return own.runner.free(seed, own.subject.never_drawn())


def _check(
    models: Sequence[str | Path],
    sizes: Sequence[int],
    mode: str,
    shape: str | None,
    new_tokens: int,
    prefill_chars: int,
    repeats: int,
    warmup: int,
    max_memory: int | str | None,
) -> None:
    if not models:
        raise InputError("there is no model to measure.", hint="name one or several.")
    if mode not in ("replay", "free"):
        raise InputError(f"there is no mode {mode!r}.", hint="give replay or free.")
    if mode == "free" and shape:
        raise InputError(
            f"the shape {shape} has random weights, and what it says has no characters to count.",
            hint="use --mode replay, or give checkpoints.",
        )
    if shape and max_memory is not None:
        raise InputError(
            f"max_memory {max_memory} has no meaning for a shape, whose weights are made in place.",
            hint="leave it out, or give checkpoints.",
        )
    if shape:
        find_shape(shape)
    refuse_below(1, batch_size=min(sizes, default=0), new_tokens=new_tokens, repeats=repeats)
    refuse_below(1, prefill_chars=prefill_chars)
    refuse_below(0, warmup=warmup)
