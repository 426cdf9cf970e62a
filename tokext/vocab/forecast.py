"""How long learning will take and how much memory, said before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tokext.corpus.counts import RunCounts
from tokext.corpus.memory import parse_bytes, show_bytes
from tokext.corpus.refine import THINNED
from tokext.errors import InputError
from tokext.progress import say, show_seconds
from tokext.tokenizer.sentencepiece import SentencePieceModel
from tokext.vocab.spelled import spell_runs

#: Runs of each block that the base spells to see how many tokens a character takes.
_SPELLED = 200

#: Fewer runs than this are learned from within seconds.
_MOMENT_RUNS = 50_000

#: Least counts of runs to look at: dropping more than these would leave too little to learn from.
_THRESHOLDS = (2, 3, 5, 10, 20, 50, 100, 1000)

#: Less of the text than this seldom gives what is asked for.
_LEAST_SHARE = 0.1

#: Nobody asks for a way to be done before that.
_LONG_SECONDS = 60


@dataclass(frozen=True)
class Cost:
    """What a method of learning takes, fitted to runs of 0.4 to 22 million places.

    Attributes:
        bytes_at_rest: The process before it learns, the base loaded.
        bytes_per_place: A place is a base token of a distinct run, or the gap behind the run.
        bytes_per_piece: In the learner, and in the model that is made of the pieces.
        seconds_per_place: On a free core of a server of today.
        seconds_per_piece: The same.
    """

    bytes_at_rest: int
    bytes_per_place: float
    bytes_per_piece: float
    seconds_per_place: float
    seconds_per_piece: float


COSTS = {
    "continue": Cost(200_000_000, 52.0, 1900.0, 7.5e-7, 2.5e-5),
    "independent": Cost(200_000_000, 140.0, 1900.0, 1.8e-6, 6e-5),
}


@dataclass(frozen=True)
class Forecast:
    """What learning from runs takes: within a factor of two on a free core, memory within a third.

    Of one training: `independent` does another one in the rare case that too few of its pieces may
    enter, in the same memory. The runs make up a `share` of the text's characters.
    """

    n_places: int
    n_bytes: int
    seconds: float
    share: float = 1.0

    def __str__(self) -> str:
        """For people.

        Example:
            >>> print(Forecast(10**7, 2_300_000_000, 95.0))
            about 2 min and 2.3 GB
        """
        return f"about {show_seconds(self.seconds)} and {show_bytes(self.n_bytes)}"


def forecast(
    counts: RunCounts, base: SentencePieceModel, size: int, method: str, unit: int = 1
) -> dict[int, Forecast]:
    """The forecast for all runs, and for those that occur at least so often.

    Args:
        counts: What is to be learned from.
        base: What spells it.
        size: How many pieces are asked for.
        method: One of `tokext.vocab.train.METHODS`.
        unit: What stands for once in the counts of weighted inputs.

    Returns:
        By the least count of a run as `--min-run-count` takes it: 1, which is all runs, and then
        some larger ones.

    Example:
        >>> from tokext.tokenizer.load import load_tokenizer
        >>> base = load_tokenizer("mistralai/Mistral-7B-v0.1").model
        >>> runs = RunCounts.of({"日本": 3, "日本語": 1})
        >>> {n: f.n_places for n, f in forecast(runs, base, 10, "continue").items() if n < 5}
        {1: 7, 2: 3, 3: 3}
    """
    thresholds = (1, *_THRESHOLDS)
    sizes = _sizes(counts, (1, *(least * unit for least in _THRESHOLDS)))
    n_text_chars = max(1, sizes[0][2])
    tokens_per_char = _tokens_per_char(counts, base)
    cost = COSTS[method]
    found = {}
    for least, (n_runs, n_chars, n_kept_chars) in zip(thresholds, sizes, strict=True):
        n_places = round(n_chars * tokens_per_char) + n_runs
        n_pieces = min(size, n_places)
        n_bytes = cost.bytes_per_place * n_places + cost.bytes_per_piece * n_pieces
        seconds = cost.seconds_per_place * n_places + cost.seconds_per_piece * n_pieces
        found[least] = Forecast(
            n_places, cost.bytes_at_rest + round(n_bytes), seconds, n_kept_chars / n_text_chars
        )
    return found


def say_forecast(
    counts: RunCounts,
    base: SentencePieceModel,
    size: int,
    method: str,
    max_memory: int | str | None = None,
    unit: int = 1,
    thinned: RunCounts | None = None,
) -> None:
    """Say how long learning will take and how much memory, where it is more than a moment's work.

    Args:
        counts: The runs of the text.
        base: What spells them.
        size: How many pieces are asked for.
        method: One of `tokext.vocab.train.METHODS`.
        max_memory: Bytes, or a size such as ``8GB``.
        unit: What stands for once in the counts of weighted inputs.
        thinned: What `--preset fast` learns from instead, where it is in force.

    Raises:
        InputError: It would take more than `max_memory`.
    """
    learned = counts if thinned is None else thinned
    if max_memory is None and len(learned) < _MOMENT_RUNS:
        return
    forecasts = forecast(learned, base, size, method, unit)
    again = ", and as long again where too few of its pieces may enter"
    takes = f"{forecasts[1]}{again if method == 'independent' else ''}"
    say(f"learning from {len(learned):,} distinct runs takes {takes}")
    hurried = in_a_hurry(forecasts)
    if thinned is None and forecasts[1].seconds > max(_LONG_SECONDS, 2 * hurried.seconds):
        say(f"--preset fast, which looks at few of the runs that occur once, takes {hurried}")
    if max_memory is None:
        return
    if thinned is not None:  # rare runs are left out before any of them are drawn
        forecasts = forecast(counts, base, size, method, unit) | {1: forecasts[1]}
    preset = "full" if thinned is None else "fast"
    refuse_beyond(forecasts, parse_bytes(max_memory), learned, preset)


def in_a_hurry(forecasts: dict[int, Forecast]) -> Forecast:
    """What `--preset fast` takes, which looks at a sample of the runs that occur once.

    The boundary that it chooses makes little difference: of 75 MB of Japanese some 2 %.

    Args:
        forecasts: What `forecast` gave.

    Example:
        >>> print(in_a_hurry({1: Forecast(17000, 17 * 10**8, 170), 2: Forecast(1000, 10**8, 10)}))
        about 20 s and 200 MB
    """
    every, repeated = forecasts[1], forecasts[2]
    share = 1 / THINNED
    return Forecast(
        round(share * every.n_places + (1 - share) * repeated.n_places),
        round(share * every.n_bytes + (1 - share) * repeated.n_bytes),
        share * every.seconds + (1 - share) * repeated.seconds,
    )


def refuse_beyond(
    forecasts: dict[int, Forecast], max_memory: int, counts: RunCounts, preset: str = "full"
) -> None:
    """Refuse to learn what does not fit the memory, and say what would.

    A least count of runs that leaves little of the text is not named: it seldom gives the pieces.

    Args:
        forecasts: What `forecast` gave.
        max_memory: In bytes.
        counts: What it was made for.
        preset: The one in force, which is no way out.

    Raises:
        InputError: Learning would take more.
    """
    now = forecasts[1]
    if now.n_bytes <= max_memory:
        return
    ways = []
    hurried = in_a_hurry(forecasts)
    if preset != "fast" and hurried.n_bytes <= max_memory:
        ways.append(f"--preset fast takes about {show_bytes(hurried.n_bytes)}")
    least = next((n for n, cost in forecasts.items() if cost.n_bytes <= max_memory), 1)
    if least > 1 and forecasts[least].share >= _LEAST_SHARE:
        ways.append(
            f"--min-run-count {least} brings it to {show_bytes(forecasts[least].n_bytes)} and "
            f"keeps {forecasts[least].share:.0%} of the text"
        )
    ways.append(f"give --max-memory {show_bytes(now.n_bytes * 1.1).replace(' ', '')}")
    raise InputError(
        f"learning from {len(counts):,} distinct runs would take {now}, more than --max-memory "
        f"{show_bytes(max_memory)}.",
        hint=f"{'; or '.join(ways)}, or a --boundary that leaves fewer.",
    )


def _sizes(counts: RunCounts, thresholds: Sequence[int]) -> list[list[int]]:
    """Of the runs that occur so often: distinct ones, their characters, and those of the text."""
    import pyarrow.compute

    sizes = np.zeros((len(thresholds), 3), np.int64)
    for batch in counts.batches():
        lengths = pyarrow.compute.utf8_length(batch.column(0)).to_numpy(zero_copy_only=False)
        numbers = batch.column(1).to_numpy()
        for row, least in enumerate(thresholds):
            chosen = numbers >= least
            sizes[row] += (
                np.count_nonzero(chosen),
                lengths[chosen].sum(),
                lengths[chosen] @ numbers[chosen],
            )
    found: list[list[int]] = sizes.tolist()
    return found


def _tokens_per_char(counts: RunCounts, base: SentencePieceModel) -> float:
    """How many symbols a character takes, seen on some runs of every block."""
    seen: list[tuple[str, int]] = []
    for batch in counts.batches():
        step = max(1, batch.num_rows // _SPELLED)
        runs = batch.column(0).take(np.arange(0, batch.num_rows, step)).to_pylist()
        seen += [(run, 1) for run in runs]
    if not seen:
        return 1.0
    n_symbols = len(spell_runs(seen, base).symbols) - len(seen) - 1
    return n_symbols / sum(len(run) for run, _ in seen)
