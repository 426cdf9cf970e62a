"""What is learned from: a corpus read, counted and cut as the options of a training ask."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tokext.corpus.boundaries import EVERYTHING, Boundary
from tokext.corpus.census import Census, Gate, take_census
from tokext.corpus.counts import RunCounts
from tokext.corpus.duplicates import Droppable
from tokext.corpus.engines import EngineName
from tokext.corpus.read import read_corpus
from tokext.corpus.refine import refine_runs, refuse_uncuttable, thin_runs
from tokext.corpus.weights import Weights
from tokext.errors import InputError, refuse_below
from tokext.languages import find_language
from tokext.progress import say
from tokext.tokenizer.base import DEFAULT_BASE
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.vocab.forecast import say_forecast
from tokext.vocab.rules import Rules
from tokext.vocab.train import Method, Preset, refuse_unlearnable
from tokext.vocab.veto import read_veto


@dataclass(frozen=True)
class Ready:
    """Runs to learn from, the census they come from, and what a piece must be to enter."""

    counts: RunCounts
    census: Census
    rules: Rules


class Training:
    """The options of a training, checked, and what they name, opened; nothing is counted yet.

    Whatever learns does it by this, so that the same options mean the same pieces everywhere.

    Args:
        inputs: Text; see `tokext.read_corpus`.
        options: Of `tokext.train_vocab`, which says what each is.

    Raises:
        InputError: An option cannot be used, alone or beside another.
        TokenizerError: The base cannot be opened or extended.
    """

    def __init__(
        self,
        inputs: str | Path | Iterable[str | Path],
        *,
        base: str = DEFAULT_BASE,
        language: str = "ja",
        method: Method = "continue",
        boundary: Boundary | None = None,
        keep_scripts_apart: bool = False,
        dictionary: str = "unidic-lite",
        max_piece_length: int = 16,
        min_count: int = 2,
        min_run_count: int = 1,
        preset: Preset = "full",
        veto: str | Path | None = None,
        keep_all: bool = False,
        weight: Weights = (),
        drop_duplicates: Droppable | None = None,
        workers: int = 0,
        max_memory: int | str | None = None,
        engine: EngineName = "local",
        address: str | None = None,
        **reading: Any,
    ) -> None:
        _refuse_boundary_beside(keep_all, boundary)
        refuse_below(1, min_run_count=min_run_count)
        self.vetoed = read_veto(veto) if veto else frozenset[str]()
        self.method: Method = method
        self.reading = reading
        self.corpus = read_corpus(inputs, **reading)
        self.base = load_tokenizer(base)
        if self.base.found.note:
            say(self.base.found.note)
        self.boundary = (
            EVERYTHING if keep_all else boundary or default_boundary(method, self.base, preset)
        )
        self._rules = Rules(
            find_language(language), max_piece_length, min_count, self.vetoed, keep_all,
            self.base.tokens_cut_first,
        )  # fmt: skip
        self._cutting: dict[str, Any] = {
            "keep_scripts_apart": keep_scripts_apart,
            "dictionary": dictionary,
        }
        refuse_uncuttable(language, self.boundary, dictionary)
        self._counting: dict[str, Any] = {
            "weight": dict(weight) if isinstance(weight, Mapping) else list(weight),
            "drop_duplicates": drop_duplicates,
        }
        self._working: dict[str, Any] = {
            "workers": workers,
            "max_memory": max_memory,
            "engine": engine,
            "address": address,
        }
        self.options: dict[str, Any] = {
            "base": base,
            "base_revision": self.base.found.revision,
            "language": language,
            "method": method,
            "boundary": self.boundary,
            **self._cutting,
            "max_piece_length": max_piece_length,
            "min_count": min_count,
            "min_run_count": min_run_count,
            "preset": preset,
            "veto": sorted(self.vetoed),
            "keep_all": keep_all,
            **reading,
            **self._counting,
        }

    @property
    def narrowed_by(self) -> list[str]:
        """The options that leave runs out of what is learned from, as a person types them."""
        least, preset = self.options["min_run_count"], self.options["preset"]
        return [
            *([f"--min-run-count {least}"] if least > 1 else []),
            *([f"--preset {preset}"] if preset == "fast" else []),
        ]

    @contextlib.contextmanager
    def counted(self, output: str | Path, size: int, gate: Gate | None = None) -> Iterator[Ready]:
        """Count and cut the corpus, and say what learning from it takes.

        Args:
            output: What is being made; see `tokext.corpus.census.take_census`.
            size: How many pieces will be learned.
            gate: What the documents go through before they are counted.

        Raises:
            InputError: The text cannot be used, or learning would take more than `max_memory`.
            OutputError: What is counted cannot be kept.
        """
        options, working = self.options, self._working
        refuse_unlearnable(size, self.method, options["preset"])
        how = {"language": options["language"], "boundary": self.boundary}
        in_a_hurry = options["preset"] == "fast"
        with take_census(
            self.corpus, output, **how, **self._counting, **working, gate=gate,
            in_a_hurry=in_a_hurry,
        ) as census:  # fmt: skip
            kept: dict[str, Any] = {"workers": census.workers, "shards": census.shards}
            counts = refine_runs(census.counts, **how, **self._cutting, **kept)
            if options["min_run_count"] > 1:  # 1 keeps those of an input that counts less, too
                counts = counts.at_least(options["min_run_count"] * census.unit)
            thinned = thin_runs(counts, census.unit, census.shards) if in_a_hurry else None
            say_forecast(
                counts, self.base.model, size, self.method, working["max_memory"], census.unit,
                thinned,
            )  # fmt: skip
            rules = replace(self._rules, min_count=options["min_count"] * census.unit)
            yield Ready(counts if thinned is None else thinned, census, rules)


def default_boundary(method: Method, base: Tokenizer, preset: Preset = "full") -> Boundary:
    """Where pieces end unless told otherwise: for each method what it was measured to do best.

    Independent pieces follow the rule that the base itself was trained with. In a hurry runs end
    at punctuation: shorter ones recur, and those that do not are mostly left out then.
    """
    if method == "continue":
        return "punctuation" if preset == "fast" else "none"
    return "script" if base.model.splits_scripts else "none"


def _refuse_boundary_beside(keep_all: bool, boundary: Boundary | None) -> None:
    if keep_all and boundary:
        raise InputError(
            f"--keep-all has a rule of its own for where pieces end, and --boundary is {boundary}.",
            hint="leave one of the two away.",
        )
