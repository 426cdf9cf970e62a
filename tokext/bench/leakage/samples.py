"""Sampled answers, read from JSONL however the writer was interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tokext.bench.leakage.codes import unknown_code
from tokext.errors import InputError


@dataclass(frozen=True)
class Sample:
    """One answer: its text, the prompt where known, and everything else that came with it.

    `allowed` are languages that the prompt asks for. `fields` holds every other key, `source`
    is the file it was read from.
    """

    text: str
    prompt: str | None = None
    id: str = ""
    allowed: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    source: str = field(default="", compare=False)

    @staticmethod
    def read(record: Mapping[str, Any], at: int = 0, source: str = "") -> Sample:
        """A sample from a JSON object; one without an id is called by its place.

        Raises:
            ValueError: It has no text, its prompt is not a string, or it allows no language that
                there is.
        """
        text, prompt = record.get("text"), record.get("prompt")
        if not isinstance(text, str):
            raise ValueError('no "text" that is a string')
        if prompt is not None and not isinstance(prompt, str):
            raise ValueError(f'"prompt" is {type(prompt).__name__}, not a string')
        allowed = record.get("allowed") or ()
        if isinstance(allowed, str):
            allowed = allowed.split(",")
        if not isinstance(allowed, list | tuple):
            raise ValueError(f'"allowed" is {type(allowed).__name__}, not a list of languages')
        unknown = unknown_code(map(str, allowed))
        if unknown is not None:
            raise ValueError(f'"allowed" holds {unknown!r}, which is no code of a language')
        known = {"text", "prompt", "id", "allowed"}
        return Sample(
            _without_surrogates(text),
            None if prompt is None else _without_surrogates(prompt),
            str(record.get("id", at)),
            tuple(str(code).strip() for code in allowed),
            {key: value for key, value in record.items() if key not in known},
            source,
        )

    def names(self) -> set[str]:
        """What may be grouped by: all keys, and those inside ``sampling``."""
        sampling = self.fields.get("sampling")
        inside = map(str, sampling) if isinstance(sampling, Mapping) else ()
        return {*map(str, self.fields), *inside} - {"sampling"}

    def key(self, name: str) -> str:
        """The value of a key to group by, also one inside ``sampling``; ``-`` where it is missing.

        Example:
            >>> Sample("あ", fields={"sampling": {"min_p": 0.1}}).key("min_p")
            '0.1'
        """
        value: Any = self.fields.get(name)
        sampling = self.fields.get("sampling")
        if value is None and isinstance(sampling, Mapping):
            value = sampling.get(name)
        for part in name.split(".") if value is None and "." in name else ():
            value = (self.fields if value is None else value).get(part)
            if not isinstance(value, Mapping):
                break
        return "-" if value is None else str(value)


@dataclass(frozen=True)
class SampleFile:
    """What a file held: samples in order, and the lines that could not be used, with the reason."""

    samples: tuple[Sample, ...]
    problems: tuple[tuple[int, str], ...] = ()

    @property
    def n_empty(self) -> int:
        """How many answers are empty or blank."""
        return sum(1 for sample in self.samples if not sample.text.strip())


def models_of(samples: Iterable[Sample]) -> list[dict[str, str]]:
    """The models and tokenizers that answers say they are of, each pair once, as first met.

    Example:
        >>> models_of([Sample("あ", fields={"model": "a", "tokenizer": "b", "n_tokens": 1})] * 2)
        [{'model': 'a', 'tokenizer': 'b'}]
    """
    named = (
        tuple((key, str(sample.fields[key])) for key in _MADE_BY if sample.fields.get(key))
        for sample in samples
    )
    return [dict(pair) for pair in dict.fromkeys(named)]


_MADE_BY = ("model", "tokenizer")


def read_samples(path: str | Path, *, max_bad_share: float = 0.01) -> SampleFile:
    """Read answers from a JSONL file.

    Bytes that are not UTF-8 and lone surrogates are replaced by U+FFFD. A line that is no JSON
    object with a text is left out and listed; a last line without an end is where the writer
    stopped, and does not count as bad.

    Args:
        path: One JSON object a line; ``text`` is all that is needed.
        max_bad_share: The share of unusable lines above which the file is refused.

    Raises:
        InputError: The file is missing, holds no answer, or too many lines cannot be used.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}.",
            hint="check the name; tokext sample writes one.",
        ) from error
    text = raw.decode("utf-8", errors="replace").removeprefix("\ufeff")
    samples, problems = _read_lines(text.split("\n"), str(Path(path).absolute()))
    n_bad = len(problems) - (1 if problems and _is_cut_off(text, problems[-1][0]) else 0)
    if not samples:
        reason = f" (line {problems[0][0]}: {problems[0][1]})" if problems else ""
        raise InputError(
            f"{path} holds no answer{reason}.", hint='each line is a JSON object with a "text".'
        )
    if n_bad > max_bad_share * (len(samples) + n_bad):
        line, reason = problems[0]
        n_lines = len(samples) + n_bad
        raise InputError(
            f"{n_bad} of {n_lines} lines of {path} cannot be used; line {line}: {reason}.",
            hint="mend the file, or allow more with --max-bad-share.",
        )
    return SampleFile(tuple(samples), tuple(problems))


def _read_lines(lines: Iterable[str], source: str) -> tuple[list[Sample], list[tuple[int, str]]]:
    samples: list[Sample] = []
    problems: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError(f"{type(record).__name__}, not an object")
            samples.append(Sample.read(record, number - 1, source))
        except (ValueError, RecursionError) as error:
            problems.append((number, str(error)))
    return samples, problems


def _is_cut_off(text: str, number: int) -> bool:
    return not text.endswith("\n") and number == text.count("\n") + 1


def _without_surrogates(text: str) -> str:
    """A pair of surrogates becomes its character, a lone one U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_samples(given: Iterable[Sample | Mapping[str, Any] | str]) -> Iterator[Sample]:
    """Samples from whatever a caller has: samples, mappings with a ``text``, or bare texts.

    Raises:
        InputError: One has no text.
    """
    for at, item in enumerate(given):
        if isinstance(item, Sample):
            yield item
        elif isinstance(item, str):
            yield Sample(_without_surrogates(item), id=str(at))
        else:
            try:
                yield Sample.read(item, at)
            except ValueError as error:
                raise InputError(
                    f"sample {at} cannot be measured: {error}.", hint='give it a "text".'
                ) from error
