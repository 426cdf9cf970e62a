"""Tokenizers of any kind: what they cut, and how far that is from what their pieces allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import regex
from tokenizers import Tokenizer

from tokext.corpus.morphemes import word_cutter
from tokext.tokenizer.sentencepiece import SPACE, SentencePieceModel

#: Characters of held-out text that borders and fewest tokens are counted on.
SAMPLE_CHARS = 200_000
#: A row that is used less often than this on the training text is rarely used.
RARELY = 10

_BYTE = regex.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True)
class Cut:
    """How a tokenizer cuts text: the text of each id, and documents to ids, prefix included."""

    texts: list[str]
    encode: Callable[[list[str]], list[list[int]]]

    @classmethod
    def of_model(cls, model: SentencePieceModel) -> Cut:
        return cls([piece.text for piece in model.pieces], model.encode_all)

    @classmethod
    def of_json(cls, path: Path) -> Cut:
        fast = Tokenizer.from_file(str(path))
        ids = fast.get_vocab()

        def encode(documents: list[str]) -> list[list[int]]:
            return [e.ids for e in fast.encode_batch_fast(documents, add_special_tokens=False)]

        return cls(sorted(ids, key=ids.__getitem__), encode)

    def n_unreachable(self, n_base: int) -> int:
        """Added pieces that their own text, behind a newline, is not encoded to."""
        added = range(n_base, len(self.texts))
        cut = self.encode(["\n" + self.texts[id_].replace(SPACE, " ") for id_ in added])
        return sum(ids[-1] != id_ for id_, ids in zip(added, cut, strict=True))

    def begins(self, ids: list[int]) -> set[int]:
        """Where tokens begin in a document, in characters; a byte in a character is no begin."""
        places, at = set(), -1  # the prefix stands before the document
        for id_ in ids:
            byte = _BYTE.fullmatch(self.texts[id_])
            if byte is None or int(byte[1], 16) & 0xC0 != 0x80:
                places.add(at)
                at += len(self.texts[id_]) if byte is None else 1
        return places


def sampled(documents: Iterable[str]) -> Iterator[str]:
    """The first documents, up to a number of characters."""
    n_chars = 0
    for document in documents:
        if n_chars >= SAMPLE_CHARS:
            return
        n_chars += len(document)
        yield document


def agreement(cut: Cut, documents: list[str]) -> dict[str, float]:
    """How well token borders within lines agree with morpheme borders.

    Precision is the share of token borders where a morpheme ends too, recall the share of
    morpheme borders where a token ends too.
    """
    n_both = n_tokens = n_morphemes = 0
    for document in sampled(documents):
        within, morphemes = morpheme_borders(document)
        tokens = cut.begins(cut.encode([document])[0]) & within
        n_both += len(tokens & morphemes)
        n_tokens += len(tokens)
        n_morphemes += len(morphemes)
    precision, recall = n_both / n_tokens, n_both / n_morphemes
    f1 = 2 * precision * recall / (precision + recall)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def morpheme_borders(document: str) -> tuple[set[int], set[int]]:
    """The places within lines, and those of them where a morpheme begins."""
    cut = word_cutter("morpheme")
    within: set[int] = set()
    begins: set[int] = set()
    start = 0
    for line in document.split("\n"):
        within.update(range(start + 1, start + len(line)))
        at = start
        for word in cut(line) if line else ():
            at = document.index(word, at)
            begins.add(at)
            at += len(word)
        start += len(line) + 1
    return within, begins & within


def fewest_tokens(cut: Cut, documents: list[str]) -> tuple[int, int]:
    """The tokens that the tokenizer makes, and the fewest that spell the same with its pieces."""
    pieces = {text for text in cut.texts if not _BYTE.fullmatch(text)}
    longest = max(map(len, pieces))
    texts = list(sampled(documents))
    n_fewest = sum(fewest_with(pieces, longest, SPACE + t.replace(" ", SPACE)) for t in texts)
    return sum(map(len, cut.encode(texts))), n_fewest


def fewest_with(pieces: set[str], longest: int, text: str) -> int:
    """The fewest pieces, or bytes of characters that are none, which spell a text.

    Example:
        >>> fewest_with({"a", "b", "ab", "bab"}, 3, "abbab")
        2
    """
    best = [0]
    for end in range(1, len(text) + 1):
        fewest = best[-1] + (1 if text[end - 1] in pieces else len(text[end - 1].encode()))
        for start in range(max(0, end - longest), end - 1):
            if best[start] + 1 < fewest and text[start:end] in pieces:
                fewest = best[start] + 1
        best.append(fewest)
    return best[-1]


def n_rarely_used(cut: Cut, n_added: int, documents: Iterable[str]) -> int:
    """Added rows that fewer than `RARELY` tokens of a text use."""
    used = np.zeros(len(cut.texts), dtype=np.int64)
    batch: list[str] = []
    for document in (*documents, ""):
        batch.append(document)
        if len(batch) == 1000 or not document:
            ids = np.concatenate([np.array(ids, dtype=np.int64) for ids in cut.encode(batch)])
            used += np.bincount(ids, minlength=len(used))
            batch = []
    return int((used[-n_added:] < RARELY).sum())
