"""How many pieces to add: one training run, cut to many sizes, each measured and priced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tokext.bench.curve import count_cut
from tokext.bench.evenly import EvenSample
from tokext.bench.price import find_price
from tokext.corpus.boundaries import Boundary
from tokext.corpus.count import count_runs
from tokext.corpus.read import group_lines, read_corpus
from tokext.corpus.refine import refine_runs
from tokext.errors import InputError, refuse_below
from tokext.languages import find_language
from tokext.progress import say
from tokext.records import Plan
from tokext.tokenizer.base import DEFAULT_BASE
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.added import default_boundary
from tokext.vocab.reach import model_with
from tokext.vocab.rules import Rules
from tokext.vocab.train import Method, learn_at_most

#: From 1,000 to 128,000, close where the curve is steep.
SIZES = (
    *range(1_000, 4_000, 1_000),
    *range(4_000, 16_000, 2_000),
    *range(16_000, 32_000, 4_000),
    *range(32_000, 64_000, 8_000),
    *range(64_000, 128_001, 16_000),
)

#: Enough to tell neighboring sizes apart, and counted at all of them in seconds.
_MEASURED_CHARS = 1_000_000

#: One document in so many is kept from training and measured on.
_HELD_OUT = 50

#: Lines are measured in documents, or the space that begins each would weigh too much.
_DOCUMENT_LINES = 20


def plan_sizes(
    inputs: str | Path | Iterable[str | Path],
    *,
    base: str = DEFAULT_BASE,
    texts: Sequence[str | Path] = (),
    sizes: Sequence[int] = SIZES,
    language: str = "ja",
    method: Method = "continue",
    boundary: Boundary | None = None,
    max_piece_length: int = 16,
    min_count: int = 2,
    shape: str = "mistral-7b",
    workers: int = 0,
    pricing: dict[str, Any] | None = None,
    **reading: Any,
) -> Plan:
    """Say for each size what it brings on held-out text, and what it costs a model.

    Args:
        inputs: Text to learn from; see `tokext.read_corpus`.
        base: The tokenizer to be extended.
        texts: Held-out text. Without it one document in 50 is kept from training, chosen by what
            it says: the same ones in every run, and all copies of a document on one side.
        sizes: Numbers of pieces to look at; those that the text cannot give are left out.
        language: As in `train_vocab`, like the four that follow.
        method: `continue` or `independent`.
        boundary: What a piece may not cross.
        max_piece_length: In characters.
        min_count: A piece that the text makes less often is left out.
        shape: The model whose cost is predicted.
        workers: Processes to count in, 0 for one each core.
        pricing: What `tokext.bench.price.find_price` takes beside the shape.
        reading: Further options of `read_corpus`.

    Raises:
        InputError: An option is out of range, or there is too little text.
        TokenizerError: The base cannot be opened or extended.
    """
    refuse_below(1, smallest_size=min(sizes, default=0))
    price = find_price(shape=shape, **(pricing or {}))
    rules = Rules(find_language(language), max_piece_length, min_count)
    opened = load_tokenizer(base)
    if opened.found.note:
        say(opened.found.note)
    boundary = boundary or default_boundary(method, opened)
    corpus, held_out = (
        read_corpus(inputs, **reading),
        read_corpus(texts, **reading) if texts else None,
    )
    kept = EvenSample(_MEASURED_CHARS)
    training = corpus.batches() if held_out else hold_out(corpus.batches(), kept)
    counts = count_runs(training, language=language, boundary=boundary, workers=workers)
    counts = refine_runs(counts, language, boundary, workers=workers)
    for batch in held_out.batches() if held_out else ():
        kept.add(batch)
    documents = list(group_lines(kept.documents, _DOCUMENT_LINES))
    if not documents:
        raise InputError(
            f"{corpus.name} has too few documents to keep some for measuring.",
            hint="name held-out text with --text.",
        )
    pieces = learn_at_most(counts, opened, max(sizes), method, rules)
    given = sizes_within(sizes, len(pieces))
    n_chars = sum(map(len, documents))
    cut = count_cut(model_with(opened, pieces), opened.size, given, [documents], workers)
    n_tokens = [n for (n,) in cut]
    return Plan(
        base=opened.name,
        base_size=opened.size,
        language=language,
        method=method,
        boundary=boundary,
        corpus=corpus.name,
        n_corpus_chars=corpus.stats.n_chars,
        text=held_out.name if held_out else f"1 in {_HELD_OUT} documents of {corpus.name}",
        n_chars=n_chars,
        n_asked=max(sizes),
        shape=shape,
        batch_size=price.batch_size,
        bytes_per_number=price.bytes_per_number,
        context_tokens=price.shape.context_tokens,
        machine=price.machine.name,
        bytes_per_second=price.machine.bytes_per_second,
        operations_per_second=price.machine.operations_per_second,
        n_prefill_chars=price.n_prefill_chars,
        n_decode_chars=price.n_decode_chars,
        inputs=(*corpus.files, *(held_out.files if held_out else ())),
        rows=tuple(price.rows(opened.size, given, n_tokens, n_chars)),
    )


def hold_out(batches: Iterable[list[str]], kept: EvenSample) -> Iterator[list[str]]:
    """Yield the documents to learn from, and put one in 50 into the sample instead.

    Example:
        >>> kept = EvenSample(1000)
        >>> learned = [d for batch in hold_out([[str(n) for n in range(200)]], kept) for d in batch]
        >>> len(learned), kept.documents
        (196, ['2', '52', '155', '168'])
    """
    for batch in batches:
        sides: tuple[list[str], list[str]] = [], []
        for document in batch:
            sides[_is_held_out(document)].append(document)
        kept.add(sides[True])
        yield sides[False]


def sizes_within(sizes: Sequence[int], n_most: int) -> list[int]:
    """Nothing, the sizes that the text gives, and all that it gives where it ends before them.

    Example:
        >>> sizes_within([1000, 4000, 2000], 3300), sizes_within([1000, 2000], 2000)
        ([0, 1000, 2000, 3300], [0, 1000, 2000])
    """
    return sorted({0, *(size for size in sizes if size <= n_most), min(n_most, max(sizes))})


def _is_held_out(document: str) -> bool:
    digest = hashlib.blake2b(document.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _HELD_OUT == 0
