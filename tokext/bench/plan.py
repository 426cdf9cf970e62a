"""How many pieces to add: one training run, cut to many sizes, each measured and priced."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tokext.bench.counting.evenly import EvenSample
from tokext.bench.curve import count_cut
from tokext.bench.price import find_price
from tokext.corpus.census import Gate
from tokext.corpus.read import group_lines, read_corpus
from tokext.errors import InputError
from tokext.output import scratch_folder
from tokext.records import AddedPiece, Plan
from tokext.vocab.reach import model_with
from tokext.vocab.train import learn_at_most
from tokext.vocab.training import Training
from tokext.vocab.veto import say_useless

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

#: One character in so many is kept from training and measured on.
_HELD_OUT = 50

#: In one stretch at the end of so many characters: as long as a novel, and spread evenly.
_BLOCK_CHARS = 5_000_000

#: Lines are measured in documents, or the space that begins each would weigh too much.
_DOCUMENT_LINES = 20


def plan_sizes(
    inputs: str | Path | Iterable[str | Path],
    *,
    texts: Sequence[str | Path] = (),
    sizes: Sequence[int] = SIZES,
    shape: str = "mistral-7b",
    pricing: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    **options: Any,
) -> Plan:
    """Say for each size what it brings on held-out text, and what it costs a model.

    Args:
        inputs: Text to learn from; see `tokext.read_corpus`.
        texts: Held-out text. Without it `hold_out` keeps a fiftieth of the inputs from training.
            That is text of the same works or sources, so what is measured on it is rather an upper
            bound of what other text gains.
        sizes: Numbers of pieces to look at; those that the text cannot give are left out.
        shape: The model whose cost is predicted.
        pricing: What `tokext.bench.price.find_price` takes beside the shape.
        output: Where the plan will be written, beside which counts are kept on the way; among the
            temporary files by default.
        options: Of the training, as `tokext.train_vocab` takes them: `base`, `language`, ...

    Raises:
        InputError: An option is out of range, or there is too little text.
        TokenizerError: The base cannot be opened or extended.
        OutputError: What is counted cannot be kept.
    """
    _refuse_sizes(sizes)
    price = find_price(shape=shape, **(pricing or {}))
    training = Training(inputs, **options)
    held_out = read_corpus(texts, **training.reading) if texts else None
    kept = EvenSample(_MEASURED_CHARS)
    for batch in held_out.batches() if held_out else ():
        kept.add(batch)
    gate = None if held_out else partial(hold_out, kept=kept)
    pieces = _learn(training, max(sizes), output, kept, gate)
    given = sizes_within(sizes, len(pieces))
    documents = list(group_lines(kept.documents, _DOCUMENT_LINES))
    base, corpus = training.base, training.corpus
    workers = options.get("workers", 0)
    cut = count_cut(model_with(base, pieces), base.size, given, [documents], workers)
    n_tokens, n_chars = [n for (n,) in cut], sum(map(len, documents))
    return Plan(
        base=base.name,
        base_size=base.size,
        language=training.options["language"],
        method=training.method,
        boundary=training.boundary,
        training=training.options,
        corpus=corpus.name,
        n_corpus_chars=corpus.stats.n_chars,
        text=held_out.name if held_out else f"a held-out fiftieth of {corpus.name}",
        text_of_corpus=held_out is None,
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
        rows=tuple(price.rows(base.size, given, n_tokens, n_chars)),
    )


def _refuse_sizes(sizes: Sequence[int]) -> None:
    if not sizes:
        raise InputError("there is no size to look at.", hint="name some: --sizes 8000 16000.")
    if min(sizes) < 1:
        raise InputError(f"--sizes {min(sizes)} adds nothing.", hint="ask for at least 1 piece.")


def _learn(
    training: Training, size: int, output: str | Path | None, kept: EvenSample, gate: Gate | None
) -> list[AddedPiece]:
    """As many pieces as the text gives, up to a size; what is kept for measuring is there then."""
    with contextlib.ExitStack() as stack:
        place = output or stack.enter_context(scratch_folder("tokext-plan")) / "plan"
        ready = stack.enter_context(training.counted(place, size, gate))
        if not kept.documents:
            raise InputError(
                f"{training.corpus.name} has too few documents to keep some for measuring.",
                hint="name held-out text with --text.",
            )
        pieces = learn_at_most(ready.counts, training.base, size, training.method, ready.rules)
        say_useless(training.vetoed, ready.rules.kept_out)
        return pieces


def hold_out(batches: Iterable[list[str]], kept: EvenSample) -> Iterator[list[str]]:
    """Yield the documents to learn from, and put the last fiftieth of each block into the sample.

    A block is five million characters, or what is left of an input. The neighbors of a line are of
    the same work, and whoever learns from them knows its names and its phrases: so what is held out
    is as long a stretch as the text allows, and no single lines. Of two copies of a document one
    may be learned from and the other measured on, unless duplicates are dropped before.

    Example:
        >>> kept = EvenSample(1000)
        >>> learned = [d for batch in hold_out([[str(n) for n in range(200)]], kept) for d in batch]
        >>> len(learned), kept.documents
        (196, ['196', '197', '198', '199'])
    """
    for block in _blocks(batches):
        end = _fiftieth_from_the_end(block)
        kept.add(block[end:])
        yield block[:end]


def _blocks(batches: Iterable[list[str]]) -> Iterator[list[str]]:
    block: list[str] = []
    n_chars = 0
    for batch in batches:
        block += batch
        n_chars += sum(map(len, batch))
        if n_chars >= _BLOCK_CHARS and len(block) > 1:
            yield block
            block, n_chars = [], 0
    yield block


def _fiftieth_from_the_end(block: list[str]) -> int:
    """Where the last fiftieth begins: in front of one document at least, behind one, too."""
    enough = sum(map(len, block)) / _HELD_OUT
    n_chars, at = 0, len(block)
    while at > 1 and n_chars < enough:
        at -= 1
        n_chars += len(block[at])
    return at


def sizes_within(sizes: Sequence[int], n_most: int) -> list[int]:
    """Nothing, the sizes that the text gives, and all that it gives where it ends before them.

    Example:
        >>> sizes_within([1000, 4000, 2000], 3300), sizes_within([1000, 2000], 2000)
        ([0, 1000, 2000, 3300], [0, 1000, 2000])
    """
    return sorted({0, *(size for size in sizes if size <= n_most), min(n_most, max(sizes))})
