"""Two tokenizers side by side on the same lines, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tokext.bench.compression import Named, load_all, no_tokens
from tokext.bench.counting.lines import Cut, Lines, changed_lines
from tokext.bench.counting.vocabulary import Vocabulary, vocabulary_of
from tokext.bench.texts import Texts, batches, n_utf8_bytes, open_texts


@dataclass(frozen=True)
class ChangedLine:
    """A line that was cut differently; `number` counts the lines read, from 1, in its corpus."""

    corpus: str
    number: int
    text: str
    base_pieces: tuple[str, ...]
    extended_pieces: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.corpus}:{self.number}: {self.text}\n"
            f"  base:     {' '.join(self.base_pieces)}\n"
            f"  extended: {' '.join(self.extended_pieces)}"
        )


@dataclass(frozen=True)
class Comparison:
    """What changed from one tokenizer to another; `examples` are the first changed lines."""

    base: str
    extended: str
    n_lines: int
    n_lines_changed: int
    n_chars: int
    n_base_tokens: int
    n_extended_tokens: int
    examples: tuple[ChangedLine, ...]

    @property
    def base_chars_per_token(self) -> float:
        """Characters per token before."""
        return self.n_chars / self.n_base_tokens

    @property
    def extended_chars_per_token(self) -> float:
        """Characters per token after."""
        return self.n_chars / self.n_extended_tokens

    def __str__(self) -> str:
        summary = (
            f"{self.n_lines_changed:,} of {self.n_lines:,} lines are cut differently; "
            f"{self.base_chars_per_token:.3f} characters per token with {self.base}, "
            f"{self.extended_chars_per_token:.3f} with {self.extended}."
        )
        return "\n".join([summary, *map(str, self.examples)])


def compare(
    base: Named, extended: Named, texts: Texts, *, max_examples: int = 10, **reading: Any
) -> Comparison:
    """Compare two tokenizers line by line, each line encoded by itself.

    Args:
        base: The tokenizer before.
        extended: The tokenizer after.
        texts: Paths as `read_corpus` takes them; for documents in memory a list of
            `(name, documents)` pairs, or a mapping of names to documents.
        max_examples: How many changed lines to keep.
        reading: Further options of `read_corpus`, for paths.

    Raises:
        InputError: There is no text, or one cannot be read.
        TokenizerError: A tokenizer cannot be found or read, or makes no token of the text.

    Example:
        >>> mistral = load_all("mistralai/Mistral-7B-v0.1")[0]
        >>> greetings = compare(mistral, mistral, {"greetings": ["Hello!", "こんにちは"]})
        >>> print(str(greetings).partition(";")[0])
        0 of 2 lines are cut differently
    """
    opened = open_texts(texts, **reading)
    found = _Found(max_examples)
    both = [vocabulary_of(tokenizer) for tokenizer in load_all([base, extended])]
    for text in opened:
        n_read = 0
        for documents in batches(text):
            n_utf8_bytes(text.name, documents)  # refuses what has no tokens
            lines = [line for document in documents for line in document.split("\n")]
            found.add(text.name, lines, n_read, both[0], both[1])
            n_read += len(lines)
    return found.comparison(" + ".join(text.name for text in opened), both[0], both[1])


@dataclass
class _Found:
    """What a comparison has come to so far."""

    max_examples: int
    n_lines: int = 0
    n_lines_changed: int = 0
    n_chars: int = 0
    n_base_tokens: int = 0
    n_extended_tokens: int = 0
    examples: list[ChangedLine] = field(default_factory=list)

    def add(
        self,
        corpus: str,
        lines: Sequence[str],
        n_read: int,
        base: Vocabulary,
        extended: Vocabulary,
    ) -> None:
        """Encode lines with both, and keep the first that differ."""
        import numpy as np

        before, after = (Lines(lines).cut_alone(v) for v in (base, extended))
        changed = np.flatnonzero(changed_lines(before, after, len(lines)))
        self.n_lines += len(lines)
        self.n_lines_changed += len(changed)
        self.n_chars += sum(map(len, lines))
        self.n_base_tokens += len(before.ids)
        self.n_extended_tokens += len(after.ids)
        for at in changed[: self.max_examples - len(self.examples)].tolist():
            pieces = _pieces(before, at, base), _pieces(after, at, extended)
            self.examples.append(ChangedLine(corpus, n_read + at + 1, lines[at], *pieces))

    def comparison(self, corpora: str, base: Vocabulary, extended: Vocabulary) -> Comparison:
        """The result, when every text was added."""
        for vocabulary, n_tokens in (base, self.n_base_tokens), (extended, self.n_extended_tokens):
            if not n_tokens:
                raise no_tokens(vocabulary.tokenizer.name, corpora, self.n_chars)
        return Comparison(
            base=base.tokenizer.name,
            extended=extended.tokenizer.name,
            n_lines=self.n_lines,
            n_lines_changed=self.n_lines_changed,
            n_chars=self.n_chars,
            n_base_tokens=self.n_base_tokens,
            n_extended_tokens=self.n_extended_tokens,
            examples=tuple(self.examples),
        )


def _pieces(cut: Cut, line: int, vocabulary: Vocabulary) -> tuple[str, ...]:
    return tuple(vocabulary.texts[id_] for id_ in cut.ids[cut.line_of == line])
