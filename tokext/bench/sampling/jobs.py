"""What is sampled: settings, their sweep, and one job a sample, each with a seed of its own."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from tokext.bench.sampling.prompts import Prompt
from tokext.errors import InputError, refuse_below

#: What each setting can be, and the same in words.
_POSSIBLE: Final[dict[str, tuple[Callable[[float], bool], str]]] = {
    "temperature": (lambda value: value >= 0, "0 or more"),
    "top_p": (lambda value: 0 < value <= 1, "above 0 and up to 1"),
    "top_k": (lambda value: value >= 0, "0 or more"),
    "min_p": (lambda value: 0 <= value <= 1, "from 0 to 1"),
    "repetition_penalty": (lambda value: value > 0, "above 0"),
}


@dataclass(frozen=True)
class Sampling:
    """How the next token is drawn; the defaults of all but the temperature change nothing.

    Temperature 0 always takes the likeliest token, and `top_k` 0 keeps all of them. None leaves a
    setting to the server that is asked.

    Raises:
        InputError: A value lies outside of what it can be.
    """

    temperature: float = 0.7
    top_p: float | None = 1.0
    top_k: int | None = 0
    min_p: float | None = 0.0
    repetition_penalty: float | None = 1.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            is_possible, possible = _POSSIBLE[name]
            if value is not None and not (math.isfinite(value) and is_possible(value)):
                raise InputError(f"{name} is {value}.", hint=f"it has to be {possible}.")

    @property
    def label(self) -> str:
        """The setting in short, what changes nothing left out.

        Example:
            >>> Sampling(temperature=0.2, min_p=0.1).label
            'temperature=0.2,min_p=0.1'
        """
        told = [f"temperature={_short(self.temperature)}"]
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value not in (None, field.default):
                told.append(f"{field.name}={_short(value)}")
        return ",".join(told)

    @property
    def left_open(self) -> tuple[str, ...]:
        """The settings that the server decides.

        Example:
            >>> Sampling(top_k=None, min_p=0.1).left_open
            ('top_k',)
        """
        return tuple(name for name, value in asdict(self).items() if value is None)

    def closed(self) -> Sampling:
        """The same, with settings that change nothing in place of those that were left open."""
        neutral = asdict(Sampling())
        return replace(self, **{name: neutral[name] for name in self.left_open})


def _short(value: float) -> str:
    """A number in few digits, in all of them where few stand for another one as well.

    Example:
        >>> _short(0.70), _short(1.0), _short(0.1234561)
        ('0.7', '1', '0.1234561')
    """
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


def sweep(
    *,
    temperature: Iterable[float] = (0.7,),
    top_p: Iterable[float | None] = (1.0,),
    top_k: Iterable[int | None] = (0,),
    min_p: Iterable[float | None] = (0.0,),
    repetition_penalty: Iterable[float | None] = (1.0,),
) -> tuple[Sampling, ...]:
    """Every combination of the values, each once, the last named varying fastest.

    Example:
        >>> [s.label for s in sweep(temperature=[0.2, 1.0], min_p=[0, 0.1])][1:3]
        ['temperature=0.2,min_p=0.1', 'temperature=1']
    """
    values = itertools.product(temperature, top_p, top_k, min_p, repetition_penalty)
    return tuple(dict.fromkeys(Sampling(t, p, k, m, r) for t, p, k, m, r in values))


@dataclass(frozen=True)
class Job:
    """One sample that is to be made; `id` is its own within a plan."""

    id: str
    prompt: Prompt
    sampling: Sampling
    seed: int
    max_new_tokens: int

    def sampling_fields(self) -> dict[str, Any]:
        """What a sample's record says of how it was drawn."""
        drawn = {"seed": self.seed, "max_new_tokens": self.max_new_tokens}
        return asdict(self.sampling) | drawn


def plan_jobs(
    prompts: Sequence[Prompt],
    samplings: Sequence[Sampling],
    *,
    n: int = 1,
    max_new_tokens: int = 512,
    seed: int = 0,
) -> tuple[Job, ...]:
    """All samples to make: settings one after the other, in each all prompts, and that `n` times.

    So a larger `n` leaves the batches of a smaller one as they were, but for the last of a setting.
    A sample's seed comes from `seed`, the prompt's id, the setting and its number alone: neither
    order, nor batches, nor other prompts change it.

    Raises:
        InputError: There is nothing to make.

    Example:
        >>> [job.id for job in plan_jobs([Prompt("hi", "Hello")], [Sampling()], n=2)]
        ['hi/temperature=0.7/1', 'hi/temperature=0.7/2']
    """
    refuse_below(1, n=n, max_new_tokens=max_new_tokens)
    jobs = []
    for sampling, number, prompt in itertools.product(samplings, range(1, n + 1), prompts):
        id_ = f"{prompt.id}/{sampling.label}/{number}"
        jobs.append(Job(id_, prompt, sampling, _seed(seed, id_), max_new_tokens))
    return tuple(jobs)


def _seed(seed: int, id_: str) -> int:
    """A number of 31 bits: servers keep seeds in signed 32."""
    digest = hashlib.sha256(f"{seed}/{id_}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True)
class Answer:
    """What came back: `n_tokens` without the end-of-sequence token, None where a server kept it.

    `seconds` is the time until the answer was whole; of a batch, until all of it was.
    `finish_reason` is ``stop``, ``length``, or a server's own word.
    """

    text: str
    n_tokens: int | None
    seconds: float
    finish_reason: str
    batch_size: int = 1


#: What a record says of how a checkpoint was run, where it was one.
_RUN: Final = ("dtype", "device", "load_in_4bit", "revision", "checkpoint", "chat_template")


@dataclass(frozen=True)
class SampleRecord:
    """A line of the file that ``tokext sample`` writes.

    `dtype`, `device` and `load_in_4bit` say how a checkpoint was run, `revision` and `checkpoint`
    which commit of the hub and which files it was, and `chat_template` which text its own template
    had, the last two by digests. Of a server nothing is known.
    """

    job: Job
    answer: Answer
    model: str
    tokenizer: str
    template: str
    dtype: str | None = None
    device: str | None = None
    load_in_4bit: bool | None = None
    revision: str | None = None
    checkpoint: str | None = None
    chat_template: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The line as plain data; keys that a prompt leaves empty are left out."""
        prompt = self.job.prompt
        asked = {
            "prompt_id": prompt.id,
            "system": prompt.system,
            "kind": prompt.kind,
            "language": prompt.language,
            "allowed": list(prompt.allowed),
        }
        run = {name: getattr(self, name) for name in _RUN}
        told: dict[str, Any] = {key: value for key, value in asked.items() if value}
        told |= {key: value for key, value in run.items() if value is not None}
        return {
            "id": self.job.id,
            "prompt": prompt.prompt,
            "text": self.answer.text,
            "model": self.model,
            "tokenizer": self.tokenizer,
            "template": self.template,
            "sampling": self.job.sampling_fields(),
            "n_tokens": self.answer.n_tokens,
            "seconds": round(self.answer.seconds, 6),
            "batch_size": self.answer.batch_size,
            "finish_reason": self.answer.finish_reason,
        } | told


@dataclass(frozen=True)
class SampleSummary:
    """What a run left: all samples of the file, and those that this run made.

    `n_empty` and `n_cut_off` count answers of this run without text, and at the limit of tokens.
    """

    output: str
    n_samples: int
    n_made: int
    n_empty: int
    n_cut_off: int
    n_chars: int
    seconds: float
    batch_size: int


def summarize(
    output: str, n_samples: int, made: Sequence[Answer], seconds: float, batch_size: int
) -> SampleSummary:
    """The counts of a run that made these answers, and left `n_samples` in its file."""
    return SampleSummary(
        output=output,
        n_samples=n_samples,
        n_made=len(made),
        n_empty=sum(not answer.text.strip() for answer in made),
        n_cut_off=sum(answer.finish_reason == "length" for answer in made),
        n_chars=sum(len(answer.text) for answer in made),
        seconds=seconds,
        batch_size=batch_size,
    )
