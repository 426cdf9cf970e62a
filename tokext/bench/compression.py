"""Characters per token and its relatives, for any number of tokenizers on any number of texts."""

from __future__ import annotations

import contextlib
import importlib.metadata
import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tokext.bench.counting.counted import Counted, count
from tokext.bench.counting.segmentation import changed_pieces, choose_text, segment
from tokext.bench.counting.tally import Tally
from tokext.bench.counting.vocabulary import Vocabulary, vocabulary_of
from tokext.bench.counting.words import WordSample, find_words, measure_words
from tokext.bench.curve import measure_curve
from tokext.bench.texts import Texts, open_texts
from tokext.corpus.engines import Engine, EngineName, open_engine
from tokext.corpus.read import read_corpus
from tokext.errors import InputError, TokenizerError, refuse_below
from tokext.languages import Language, find_language
from tokext.progress import say
from tokext.records import CompressionRow, command_line
from tokext.tokenizer.load import Tokenizer, load_tokenizer

#: fugashi tags about 0.2 M characters a second.
WORD_SAMPLE_CHARS = 100_000

Named = str | Path | Tokenizer


def measure_compression(
    tokenizers: Named | Iterable[Named],
    texts: Texts,
    *,
    language: str = "ja",
    document_lines: int | None = None,
    word_sample_chars: int = WORD_SAMPLE_CHARS,
    curve: bool = True,
    workers: int = 0,
    engine: EngineName = "local",
    address: str | None = None,
    **reading: Any,
) -> list[CompressionRow]:
    """Count what tokenizers make of texts.

    Each text is read once, in batches, and every tokenizer counts each batch, so memory does not
    grow with the text (but for four bytes a document and tokenizer). Word metrics and the curve
    are taken on samples spread evenly over it.

    Args:
        tokenizers: Folders, `.model` or `tokenizer.json` files, hub ids, or loaded ones. Lines
            are compared with the first.
        texts: Paths as `read_corpus` takes them; for documents in memory a list of
            `(name, documents)` pairs, or a mapping of names to documents.
        language: Whose words are looked at, and whose text is shown.
        document_lines: Join so many lines to a document; the newlines between them are counted.
        word_sample_chars: The size of the sample for word metrics; 0 leaves them out.
        curve: Whether extended tokenizers are also counted with their first added pieces alone.
        workers: Threads, or tasks at a time on a cluster; 0 for one a core. It changes no number
            but `seconds`.
        engine: Where to count: `local`, or `ray` for a cluster, with the same numbers.
        address: Of the cluster; see `tokext.corpus.engines.open_engine`.
        reading: Further options of `read_corpus`, for paths.

    Returns:
        A row for each text and tokenizer: text by text, the tokenizers in their order.

    Raises:
        InputError: There is no text or no tokenizer, or a text cannot be read.
        TokenizerError: A tokenizer cannot be found or read.

    Example:
        >>> haiku = {"haiku": ["古池や蛙飛びこむ水の音"]}
        >>> [row] = measure_compression("mistralai/Mistral-7B-v0.1", haiku)
        >>> row.n_chars, row.n_tokens, round(row.chars_per_token, 2)
        (11, 14, 0.79)
    """
    refuse_below(1, document_lines=document_lines)
    refuse_below(0, word_sample_chars=word_sample_chars, workers=workers)
    found = find_language(language)
    opened = open_texts(texts, **reading)
    vocabularies = [vocabulary_of(tokenizer) for tokenizer in load_all(tokenizers)]
    with _elsewhere(engine, address, workers) as elsewhere:
        counted = [
            count(text, vocabularies, found, document_lines, word_sample_chars, workers, elsewhere)
            for text in opened
        ]
    for one in counted:
        for line in one.text.stats().lines():
            say(f"{one.text.name}: {line}")
    options = {"language": language, "document_lines": document_lines, "curve": curve}
    options |= {"word_sample_chars": word_sample_chars} | _reading_options(reading)
    rows = [replace(row, options=options) for one in counted for row in _rows(one, found)]
    return _with_curves(rows, vocabularies, counted, workers) if curve else rows


def _reading_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option of `read_corpus`, those that were not given at their defaults."""
    known = inspect.signature(read_corpus).parameters.values()
    defaults = {p.name: p.default for p in known if p.kind is p.KEYWORD_ONLY}
    return defaults | dict(given)


def _elsewhere(
    engine: EngineName, address: str | None, workers: int
) -> contextlib.AbstractContextManager[Engine | None]:
    """A cluster; or nothing for local work, where the tokenizers have threads of their own."""
    if engine == "local" and address is None:
        return contextlib.nullcontext()
    return open_engine(engine, workers=workers, address=address)


def load_all(tokenizers: Named | Iterable[Named]) -> list[Tokenizer]:
    """Open tokenizers that are not open yet.

    Raises:
        InputError: There is none.
        TokenizerError: One cannot be found or read.
    """
    if isinstance(tokenizers, str | Path | Tokenizer):
        tokenizers = [tokenizers]
    loaded = [t if isinstance(t, Tokenizer) else load_tokenizer(t) for t in tokenizers]
    if not loaded:
        raise InputError("there is no tokenizer to measure.", hint="name at least one.")
    for tokenizer in loaded:
        if tokenizer.found.note:
            say(tokenizer.found.note)
    return loaded


def no_tokens(tokenizer: str, corpus: str, n_chars: int) -> TokenizerError:
    """The error for a text of which a tokenizer makes nothing: no ratio can be given."""
    return TokenizerError(
        f"{tokenizer} makes no token of {corpus} ({n_chars:,} characters).",
        hint="give another text, or leave this tokenizer out.",
    )


def _rows(counted: Counted, language: Language) -> list[CompressionRow]:
    sampled = counted.word_sample.documents
    words = find_words(sampled, language) if sampled else None
    shown = choose_text(counted.curve_sample.documents, language)
    return [_row(counted, tally, words, shown) for tally in counted.tallies]


def _row(counted: Counted, tally: Tally, words: WordSample | None, shown: str) -> CompressionRow:
    vocabulary, first = tally.vocabulary, counted.tallies[0].vocabulary
    tokenizer = vocabulary.tokenizer
    if not tally.n_tokens:
        raise no_tokens(tokenizer.name, counted.text.name, counted.n_chars)
    is_first = tally is counted.tallies[0]
    has_extension = vocabulary.extension is not None
    return CompressionRow(
        tokenizer=tokenizer.name,
        tokenizer_kind=tokenizer.kind,
        tokenizer_size=vocabulary.size,
        tokenizer_digest=vocabulary.digest,
        corpus=counted.text.name,
        corpus_sha256=counted.text.digest(),
        n_documents=counted.n_documents,
        n_chars=counted.n_chars,
        n_bytes=counted.n_bytes,
        n_tokens=tally.n_tokens,
        n_byte_tokens=tally.n_byte_tokens,
        tokens_per_document=tally.tokens_per_document,
        renyi_efficiency=tally.renyi_efficiency,
        n_added=len(vocabulary.added_ids) if has_extension else None,
        n_added_used=tally.n_added_used if has_extension else None,
        n_lines=counted.n_lines,
        n_lines_changed=None if is_first else tally.n_lines_changed,
        language=counted.language.name,
        language_is_latin=counted.language.is_latin,
        n_own_lines=counted.n_own_lines,
        n_foreign_lines=counted.n_foreign_lines,
        n_foreign_lines_changed=None if is_first else tally.n_foreign_lines_changed,
        command=command_line.get(),
        words=measure_words(tokenizer, words) if words else None,
        curve=(),
        curve_n_chars=0,
        segmentation=segment(vocabulary, shown),
        tokext_version=importlib.metadata.version("tokext"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=tally.seconds,
        added_use=tally.added_use,
        changed_lines=changed_pieces(first, vocabulary, tally.changed_lines),
        unusable=counted.text.stats().unusable(),
    )


def _with_curves(
    rows: list[CompressionRow],
    vocabularies: Sequence[Vocabulary],
    counted: Sequence[Counted],
    workers: int,
) -> list[CompressionRow]:
    """Add its curve to each row of an extended tokenizer; rows are text by text."""
    samples = [one.curve_sample for one in counted]
    for place, vocabulary in enumerate(vocabularies):
        curves = measure_curve(vocabulary, [sample.documents for sample in samples], workers)
        for n, (curve, sample) in enumerate(zip(curves, samples, strict=True)):
            at = n * len(vocabularies) + place
            if curve:
                rows[at] = replace(rows[at], curve=curve, curve_n_chars=sample.n_chars)
    return rows
