"""Counted runs, spelled by the base, as arrays: what continued merges are learned from."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tokext.tokenizer.sentencepiece import PieceType, SentencePieceModel
from tokext.vocab.bpe import GAP, Places

#: Runs spelled at a time; their ids are Python numbers until they are in the array.
_BATCH = 20_000

_N_CODE_POINTS = 0x110000


@dataclass(frozen=True)
class Spelled:
    """Runs laid end to end, a symbol for each base token or new character.

    Attributes:
        symbols: (n_places,), `GAP` before the first run, between runs, and behind the last.
        times: How often the run at each place occurs (n_places,).
        texts: What each symbol stands for (n_symbols,); the first is `GAP`.
        new_characters: How often each character occurs that the base lacks and that may enter.
    """

    symbols: NDArray[np.int32]
    times: Places
    texts: list[str]
    new_characters: dict[str, int]


def spell_runs(
    runs: Iterable[tuple[str, int]],
    base: SentencePieceModel,
    may_enter: Callable[[str], bool] = lambda char: True,
) -> Spelled:
    """Spell counted runs with the base.

    A character that the base lacks, which it spells in bytes, becomes one symbol. Where it may
    not enter the vocabulary, the run ends before it and another begins behind it.

    Example:
        >>> from tokext.tokenizer.load import load_tokenizer
        >>> base = load_tokenizer("mistralai/Mistral-7B-v0.1").model
        >>> spelled = spell_runs([("日本", 2), ("彅", 1)], base)
        >>> spelled.symbols.tolist(), spelled.times.tolist()
        ([0, 2, 1, 0, 3, 0], [0, 2, 2, 2, 1, 1])
        >>> spelled.texts, spelled.new_characters
        (['', '本', '日', '彅'], {'彅': 1})
    """
    batches = list(_raw_batches(iter(runs), base))
    raw = np.concatenate([np.array([-1], np.int32), *(symbols for symbols, _ in batches)])
    times = np.concatenate([np.array([0], np.int32), *(times for _, times in batches)])
    del batches
    texts, numbers = _numbered(raw, base, may_enter)
    symbols = numbers[raw]
    counts = _sums(symbols, times, len(texts))
    new = {t: n for t, n in zip(texts, counts.tolist(), strict=True) if t and t not in base.ids}
    return Spelled(symbols, times, texts, new)


def _numbered(
    raw: NDArray[np.int32], base: SentencePieceModel, may_enter: Callable[[str], bool]
) -> tuple[list[str], NDArray[np.int32]]:
    """The texts that are met, and for each raw symbol its place among them.

    The last place is that of -1: a gap.
    """
    met = np.zeros(base.size + _N_CODE_POINTS + 1, dtype=bool)
    met[raw] = True
    texts, numbers = [""], np.full(len(met), GAP, dtype=np.int32)
    for code in np.flatnonzero(met[:-1]).tolist():
        text = base.pieces[code].text if code < base.size else chr(code - base.size)
        if code < base.size or may_enter(text):
            numbers[code] = len(texts)
            texts.append(text)
    return texts, numbers


def _raw_batches(
    runs: Iterator[tuple[str, int]], base: SentencePieceModel
) -> Iterator[tuple[NDArray[np.int32], Places]]:
    """Base ids, `base.size` + code point for new characters, -1 for gaps; and the runs' counts."""
    byte_of = np.full(base.size + 1, -1, dtype=np.int16)  # the last one is of -1, a gap
    renamed = np.append(np.arange(base.size, dtype=np.int32), np.int32(-1))
    for id_, piece in enumerate(base.pieces):
        if piece.type is PieceType.BYTE:
            byte_of[id_] = int(piece.text[3:5], 16)
        elif piece.type is PieceType.UNKNOWN:
            renamed[id_] = -1
    while batch := list(itertools.islice(runs, _BATCH)):
        spelled = base.spell_all([run for run, _ in batch])
        for run_ids in spelled:
            run_ids.append(-1)
        ids = np.fromiter(itertools.chain.from_iterable(spelled), dtype=np.int32)
        counts = np.array([count for _, count in batch], dtype=np.int64)
        if counts.max() < 2**31:
            counts = counts.astype(np.int32)
        times = np.repeat(counts, [len(run_ids) for run_ids in spelled])
        values, symbols = byte_of[ids], renamed[ids]
        if (values >= 0).any():
            first, code_points = _decoded(values)
            symbols[first] = code_points + base.size
            kept = (values < 0) | ((values & 0xC0) != 0x80)
            symbols, times = symbols[kept], times[kept]
        yield symbols, times


def _decoded(values: NDArray[np.int16]) -> tuple[Places, NDArray[np.int32]]:
    """The places where a character's UTF-8 bytes begin, and its code point; -1 is no byte."""
    first = np.flatnonzero((values >= 0) & ((values & 0xC0) != 0x80))
    lead = values[first].astype(np.int32)
    n_more = (lead >= 0xC0).astype(np.int8) + (lead >= 0xE0) + (lead >= 0xF0)
    code_points = lead & np.array([0x7F, 0x1F, 0x0F, 0x07])[n_more]
    for n in (1, 2, 3):
        longer = n_more >= n
        more = values[first[longer] + n] & 0x3F
        code_points[longer] = code_points[longer] << 6 | more
    return first, code_points.astype(np.int32)


def _sums(symbols: NDArray[np.int32], times: Places, n_symbols: int) -> Places:
    """How often each symbol occurs, repetitions of runs included."""
    sums = np.zeros(n_symbols, dtype=np.int64)
    for at in range(0, len(symbols), 1 << 20):
        part = slice(at, at + (1 << 20))
        sums += np.bincount(symbols[part], times[part], n_symbols).astype(np.int64)
    return sums
