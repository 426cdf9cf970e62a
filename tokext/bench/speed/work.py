"""One model's tokens: what each sequence of a batch reads, and then writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tokext.bench.speed.windows import Windows
from tokext.errors import InputError
from tokext.tokenizer.load import Tokenizer


@dataclass(frozen=True)
class Work:
    """One model's tokens for a batch.

    `prefill` has shape (batch_size, n_read) and `decode` (batch_size, n_steps). The tokens of all
    windows are dealt out evenly: the slots of a window that a tokenizer spells short take over what
    another has too many of, as a server would fill them, so no slot idles and every model does all
    of the text. The few that are missing to fill the last column are taken from the beginning.
    `n_prefill_tokens` and `n_decode_tokens` count those of the text alone.
    """

    prefill: Tensor
    decode: Tensor
    n_prefill_chars: int
    n_decode_chars: int
    n_prefill_tokens: int
    n_decode_tokens: int


def make_work(windows: Windows, tokenizer: Tokenizer) -> Work:
    """Encode windows, and deal their tokens out evenly.

    A window is encoded whole. As many tokens as its first part has alone are read, the rest is
    written, so the token across the cut belongs to one of the two.
    """
    wholes = tokenizer.encode_batch(windows.texts)
    heads = tokenizer.encode_batch([text[: windows.n_prefill_chars] for text in windows.texts])
    counts = [len(head) for head in heads]
    read = [id_ for ids, n in zip(wholes, counts, strict=True) for id_ in ids[:n]]
    written = [id_ for ids, n in zip(wholes, counts, strict=True) for id_ in ids[n:]]
    batch_size = len(windows.texts)
    if not written or not read:
        raise InputError(
            f"{tokenizer.name} spells {windows.n_decode_chars} characters to write with no token.",
            hint="raise --new-tokens.",
        )
    return Work(
        prefill=deal(read, batch_size),
        decode=deal(written, batch_size),
        n_prefill_chars=batch_size * windows.n_prefill_chars,
        n_decode_chars=batch_size * windows.n_decode_chars,
        n_prefill_tokens=len(read),
        n_decode_tokens=len(written),
    )


def deal(ids: Sequence[int], n_rows: int) -> Tensor:
    """Ids (n_rows, n_columns) row by row, the last column filled up from the beginning.

    Example:
        >>> deal([1, 2, 3, 4, 5], 2)
        tensor([[1, 2, 3],
                [4, 5, 1]])
    """
    n_columns = -(-len(ids) // n_rows)
    repeated = [ids[at % len(ids)] for at in range(n_rows * n_columns)]
    return torch.tensor(repeated).view(n_rows, n_columns)
