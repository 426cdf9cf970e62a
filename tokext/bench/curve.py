"""Gain against added rows: the same text, counted with only the first pieces of an extension."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from tokext.bench.counting.vocabulary import Vocabulary
from tokext.records import CurvePoint
from tokext.tokenizer.sentencepiece import SentencePieceModel

#: Each size is half the next: the first rows bring the most, so the points stand closer there.
_N_SIZES = 8


def measure_curve(
    vocabulary: Vocabulary, samples: Sequence[Sequence[str]], workers: int = 0
) -> list[tuple[CurvePoint, ...]]:
    """Count samples with the first k added pieces, for about eight sizes k from none to all.

    For each size the model is cut after its k-th added piece (padding goes too); it is built once
    for all samples.

    Args:
        vocabulary: Of an extended tokenizer. One without an extension has no curve.
        samples: The documents of each corpus.
        workers: Threads, 0 for one a core.

    Returns:
        A curve for each sample, in order of rising size.
    """
    extension = vocabulary.extension
    if extension is None or not extension.added:
        return [() for _ in samples]
    model = vocabulary.tokenizer.model
    sizes = curve_sizes(len(extension.added))
    counts = count_cut(model, min(vocabulary.added_ids), sizes, samples, workers)
    return [tuple(map(CurvePoint, sizes, row)) for row in zip(*counts, strict=True)]


def count_cut(
    model: SentencePieceModel,
    first_id: int,
    sizes: Sequence[int],
    samples: Sequence[Sequence[str]],
    workers: int = 0,
) -> list[list[int]]:
    """The tokens of each sample, for each number of added pieces.

    Args:
        model: Of an extended tokenizer.
        first_id: The id of its first added piece.
        sizes: How many added pieces to count with.
        samples: The documents of each corpus.
        workers: Threads, 0 for one a core.

    Returns:
        A list for each size, of a number for each sample.
    """
    counts = []
    for size in sizes:
        processor = model.truncated(first_id + size).processor
        encode = partial(processor.encode, return_type="numpy", num_threads=workers or -1)
        counts.append([sum(map(len, encode(list(sample)))) for sample in samples])
    return counts


def curve_sizes(n_added: int) -> list[int]:
    """The sizes that are tried: none, all, and halves of all in between.

    Example:
        >>> curve_sizes(30000), curve_sizes(3)
        ([0, 469, 938, 1875, 3750, 7500, 15000, 30000], [0, 1, 2, 3])
    """
    halves = (round(n_added / 2**i) for i in range(_N_SIZES - 1))
    return sorted({0, *halves})
