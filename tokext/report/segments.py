"""A sample text cut into tokens: read from compression rows, cut to size, written as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import accumulate, groupby
from typing import Any

import regex

from tokext.errors import InputError
from tokext.records import SegmentedToken
from tokext.report.comparison import Comparison
from tokext.report.parts import Sample, Segmented
from tokext.report.show import code_point, visible
from tokext.report.words import Words

#: Enough to see the difference, little enough to stay one screen.
_MOST_CHARS = 320
_MOST_SAMPLES = 6

#: GPT-2 writes bytes that print as themselves, and the others as the letters from U+0100 on.
_PRINTED = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(0x100) if byte not in set(_PRINTED)]
_BYTE_LETTERS = {chr(byte): byte for byte in _PRINTED} | {
    chr(0x100 + n): byte for n, byte in enumerate(_OTHERS)
}

_BYTE = regex.compile(r"<0x([0-9A-Fa-f]{2})>")


def samples(comparison: Comparison) -> list[Sample]:
    """The texts that were segmented, the main corpus first and open, the others folded.

    Raises:
        InputError: A segmentation lacks what a token has.
    """
    corpora = sorted(comparison.corpora, key=lambda c: c != comparison.main)
    found = [sample for c in corpora if (sample := _sample(comparison, c))]
    return [
        Sample(sample.corpus, sample.text, sample.segmentations, folded=number > 0)
        for number, sample in enumerate(found[:_MOST_SAMPLES])
    ]


def byte_values(token: SegmentedToken) -> bytes | None:
    """The bytes that a byte token stands for, by its piece: a name, or byte-level letters.

    Example:
        >>> byte_values(SegmentedToken(230, "<0xE3>", "", is_byte=True, is_added=False)).hex()
        'e3'
        >>> byte_values(SegmentedToken(9, "æĹ", "", is_byte=True, is_added=False)).hex()
        'e697'
    """
    match = _BYTE.fullmatch(token.piece)
    if match:
        return bytes([int(match[1], 16)])
    values = [_BYTE_LETTERS.get(letter) for letter in token.piece]
    return bytes(v for v in values if v is not None) if None not in values else None


def segmentation_html(segmentation: Segmented, words: Words) -> str:
    """The tokens as a run of boxes, colored in turn; single bytes hatched and labeled."""
    boxes = "".join(_box(token, n, words) for n, token in enumerate(segmentation.tokens))
    return f'<p class="tokens">{boxes}</p>'


def segmentation_text(segmentation: Segmented) -> str:
    """The tokens as plain text with bars between them; single bytes by their names."""
    return "|".join(
        token.piece if token.is_byte else visible(_shown(token)) for token in segmentation.tokens
    )


def _sample(comparison: Comparison, corpus: str) -> Sample | None:
    given = [
        (t, row["segmentation"])
        for t in comparison.tokenizers
        if (row := comparison.row(t, corpus)) and row.get("segmentation")
    ]
    given = [(t, s) for t, s in given if s.get("tokens") and s.get("text") == given[0][1]["text"]]
    if not given:
        return None
    text = given[0][1]["text"]
    cut = _cut(text)
    segmentations = tuple(
        Segmented(comparison.short[t], _first_tokens(t, s, cut), len(cut)) for t, s in given
    )
    return Sample(comparison.short_corpus[corpus], cut, segmentations)


def _cut(text: str) -> str:
    """The beginning of a text, up to the end of a line or sentence where one is near."""
    if len(text) <= _MOST_CHARS:
        return text
    ends = [m.end() for m in regex.finditer(r"[。．！？\n]|[.!?](?=\s)", text[:_MOST_CHARS])]
    end = ends[-1] if ends and ends[-1] > _MOST_CHARS // 2 else _MOST_CHARS
    return text[:end]


def _first_tokens(
    name: str, segmentation: Mapping[str, Any], cut: str
) -> tuple[SegmentedToken, ...]:
    """The tokens that spell the beginning of the text; the last may reach beyond it."""
    try:
        tokens = [SegmentedToken(**token) for token in segmentation["tokens"]]
    except TypeError as error:
        raise InputError(
            f"the segmentation by {name} is not whole: {error}.",
            hint="measure again with tokext bench compression.",
        ) from error
    begins = accumulate((len(token.text) for token in tokens), initial=0)
    # Where the text ends, bytes of its last character may still follow, with no text of their own.
    return tuple(
        token
        for token, begin in zip(tokens, begins, strict=False)
        if begin < len(cut) or (begin == len(cut) and not token.text)
    )


def _shown(token: SegmentedToken) -> str:
    """What a token stands for; where that is nothing, its piece."""
    return token.text or token.piece.replace("▁", " ")


def _box(token: SegmentedToken, number: int, words: Words) -> str:
    kinds = ["t", f"c{number % 4}"]
    label = words("sample.byte") if token.is_byte else visible(token.piece)
    if token.is_byte:
        kinds[1:] = ["byte"]
        values = byte_values(token)
        inner = escape(visible(token.piece)) if values is None else values.hex(" ").upper()
    else:
        inner = "".join(_characters(_shown(token)))
    if token.is_added:
        kinds.append("added")
    tip = escape(f"{token.id} · {label}" + (f" {token.piece}" if token.is_byte else ""))
    box = f'<bdi class="{" ".join(kinds)}" data-id="{token.id}" title="{tip}">{inner}</bdi>'
    return box + ("<br>" * _shown(token).count("\n") if not token.is_byte else _break(token))


def _break(token: SegmentedToken) -> str:
    return "<br>" if byte_values(token) == b"\n" else ""


def _characters(text: str) -> Iterator[str]:
    """Each character so that it can be seen: spaces as dots, controls by number."""
    for kind, run in groupby(text, key=_kind):
        if kind == "plain":
            yield escape("".join(run))
        elif kind == "space":
            yield "".join('<i class="sp">·</i>' for _ in run)
        else:
            yield "".join(f'<i class="ctl">{escape(code_point(c)[1:-1])}</i>' for c in run)


def _kind(character: str) -> str:
    if character == " ":
        return "space"
    return "plain" if visible(character) == character else "control"
