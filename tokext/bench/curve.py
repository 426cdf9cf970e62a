"""Gain against added rows: the same text, counted with only the first pieces of an extension."""

from __future__ import annotations

from collections.abc import Sequence

from tokext.bench.vocabulary import Vocabulary
from tokext.records import CurvePoint

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
    curves: list[list[CurvePoint]] = [[] for _ in samples]
    extension = vocabulary.extension
    if extension is None or not extension.added:
        return [tuple(curve) for curve in curves]
    model = vocabulary.tokenizer.model
    first_id = min(vocabulary.added_ids)
    for rows in curve_sizes(len(extension.added)):
        processor = model.truncated(first_id + rows).processor
        for curve, sample in zip(curves, samples, strict=True):
            ids = processor.encode(list(sample), return_type="numpy", num_threads=workers or -1)
            curve.append(CurvePoint(rows, sum(map(len, ids))))
    return [tuple(curve) for curve in curves]


def curve_sizes(n_added: int) -> list[int]:
    """The sizes that are tried: none, all, and halves of all in between.

    Example:
        >>> curve_sizes(30000), curve_sizes(3)
        ([0, 469, 938, 1875, 3750, 7500, 15000, 30000], [0, 1, 2, 3])
    """
    halves = (round(n_added / 2**i) for i in range(_N_SIZES - 1))
    return sorted({0, *halves})
