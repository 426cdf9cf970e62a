"""A sample text cut into tokens: read from compression rows, cut to size, written as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from itertools import groupby
from typing import Any

import regex

from tokext.errors import InputError
from tokext.report.comparison import Comparison
from tokext.report.parts import Sample, Segmentation, Token
from tokext.report.show import code_point, visible
from tokext.report.words import Words

#: Enough to see the difference, little enough to stay one screen.
_MOST_CHARS = 320
_MOST_SAMPLES = 6

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


def byte_value(token: Token) -> int | None:
    """The byte that a byte token stands for, by its piece's name.

    Example:
        >>> byte_value(Token(230, "<0xE3>", "", is_byte=True, is_added=False))
        227
    """
    match = _BYTE.fullmatch(token.piece)
    return int(match[1], 16) if match else None


def segmentation_html(segmentation: Segmentation, words: Words) -> str:
    """The tokens as a run of boxes, colored in turn; single bytes hatched and labeled."""
    boxes = "".join(_box(token, n, words) for n, token in enumerate(segmentation.tokens))
    return f'<p class="tokens">{boxes}</p>'


def segmentation_text(segmentation: Segmentation) -> str:
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
        Segmentation(comparison.short[t], _first_tokens(t, s, cut), len(cut)) for t, s in given
    )
    return Sample(comparison.short_corpus[corpus], cut, segmentations)


def _cut(text: str) -> str:
    """The beginning of a text, up to the end of a line or sentence where one is near."""
    if len(text) <= _MOST_CHARS:
        return text
    ends = [m.end() for m in regex.finditer(r"[。．！？\n]|[.!?](?=\s)", text[:_MOST_CHARS])]
    end = ends[-1] if ends and ends[-1] > _MOST_CHARS // 2 else _MOST_CHARS
    return text[:end]


def _first_tokens(name: str, segmentation: Mapping[str, Any], cut: str) -> tuple[Token, ...]:
    """The tokens that spell the beginning of the text; the last may reach beyond it.

    Tokens are walked by the bytes they spell, because a character may be several byte tokens.
    """
    try:
        tokens = [
            Token(t["id"], t["piece"], t["text"], bool(t["is_byte"]), bool(t["is_added"]))
            for t in segmentation["tokens"]
        ]
    except (KeyError, TypeError) as error:
        raise InputError(
            f"the segmentation by {name} is not whole: {type(error).__name__} {error}.",
            hint="measure again with tokext bench compression.",
        ) from error
    if cut == segmentation["text"]:
        return tuple(tokens)
    wanted, spelled, kept = len(cut.encode("utf-8", "surrogatepass")), 0, []
    for number, token in enumerate(tokens):
        if spelled >= wanted:
            break
        kept.append(token)
        spelled += _n_bytes(token, first=number == 0)
    return tuple(kept)


def _n_bytes(token: Token, *, first: bool) -> int:
    if token.is_byte:
        return 1
    # The dummy prefix in front of the text is no byte of it.
    piece = token.piece.replace("▁", " ")
    return len(piece.removeprefix(" " if first else "").encode("utf-8", "surrogatepass"))


def _shown(token: Token) -> str:
    return token.piece.replace("▁", " ")


def _box(token: Token, number: int, words: Words) -> str:
    kinds = ["t", f"c{number % 4}"]
    label = words("sample.byte") if token.is_byte else visible(token.piece)
    if token.is_byte:
        kinds[1:] = ["byte"]
        value = byte_value(token)
        inner = f"{value:02X}" if value is not None else escape(visible(token.piece))
    else:
        inner = "".join(_characters(_shown(token)))
    if token.is_added:
        kinds.append("added")
    tip = escape(f"{token.id} · {label}" + (f" {token.piece}" if token.is_byte else ""))
    box = f'<bdi class="{" ".join(kinds)}" data-id="{token.id}" title="{tip}">{inner}</bdi>'
    return box + ("<br>" * _shown(token).count("\n") if not token.is_byte else _break(token))


def _break(token: Token) -> str:
    return "<br>" if byte_value(token) == 0x0A else ""


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
