"""Texts to ids by the fastest call that each format has, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from tokext.tokenizer.load import Tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """The tokens of several texts, one after the other.

    `ids` has shape (n_tokens,), `lengths` (n_texts,): how many of them each text has.
    """

    ids: NDArray[np.int32]
    lengths: NDArray[np.int64]


@dataclass(frozen=True)
class Span:
    """A token and the characters of the text that it stands for."""

    id: int
    begin: int
    end: int


def encode_all(tokenizer: Tokenizer, texts: Sequence[str], workers: int = 0) -> Encoded:
    """Encode texts without special tokens.

    SentencePiece hands out its buffers as arrays, which spares a Python number for each token.

    Args:
        tokenizer: With a `tokenizer.model`, which is the faster one, or a `tokenizer.json`.
        texts: None with a lone surrogate.
        workers: Threads, 0 for one a core. `tokenizers` has its own pool, whose size
            RAYON_NUM_THREADS sets: here 1 means one text after the other, any other number the
            pool.

    Example:
        >>> from tokext.tokenizer.load import load_tokenizer
        >>> encoded = encode_all(load_tokenizer("mistralai/Mistral-7B-v0.1"), ["東京", "Hi"])
        >>> encoded.ids.tolist(), encoded.lengths.tolist()
        ([28705, 30366, 29936, 15359], [3, 1])
    """
    import numpy as np

    if tokenizer.model_file is not None:
        arrays = tokenizer.model_file.processor.encode(
            list(texts), return_type="numpy", num_threads=workers or -1
        )
        lengths = np.fromiter(map(len, arrays), np.int64, len(arrays))
        return Encoded(np.concatenate(arrays) if arrays else np.empty(0, np.int32), lengths)
    if workers == 1:
        lists = [tokenizer.fast.encode_batch([text])[0] for text in texts]
    else:
        lists = tokenizer.fast.encode_batch(texts)
    lengths = np.fromiter(map(len, lists), np.int64, len(lists))
    ids = np.fromiter(chain.from_iterable(lists), np.int32, int(lengths.sum()))
    return Encoded(ids, lengths)


def spans_inside(tokenizer: Tokenizer, text: str) -> list[Span]:
    r"""The tokens of a text as it is inside a document, after a newline.

    At the very beginning of a document some tokenizers put a space before the text; here none is.
    Tokens that spell one character together all have that character's span.

    Example:
        >>> from tokext.tokenizer.load import load_tokenizer
        >>> [(s.id, s.begin, s.end) for s in spans_inside(
        ...     load_tokenizer("mistralai/Mistral-7B-v0.1"), "東京")]
        [(30366, 0, 1), (29936, 1, 2)]
    """
    if tokenizer.model_file is not None:
        encoded = tokenizer.model_file.processor.encode("\n" + text, return_type="offset_mapping")
        # Of the bytes of a character SentencePiece gives only the last one a span.
        found = [
            (id_, begin, begin + 1 if begin == end and piece.startswith("<0x") else end)
            for id_, piece, (begin, end) in zip(
                encoded["ids"], encoded["pieces"], encoded["offsets"], strict=True
            )
        ]
    else:
        fast = tokenizer.fast.tokenizer.encode("\n" + text, add_special_tokens=False)
        found = [
            (id_, begin, end) for id_, (begin, end) in zip(fast.ids, fast.offsets, strict=True)
        ]
    return [Span(id_, max(0, begin - 1), end - 1) for id_, begin, end in found if end > 1]
