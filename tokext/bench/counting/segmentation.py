"""A short text and its tokens, to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tokext.bench.counting.encode import spans_inside
from tokext.bench.counting.vocabulary import Vocabulary
from tokext.languages import SENTENCE_END, Language
from tokext.records import ChangedLine, Segmentation, SegmentedToken

_MIN_CHARS, _MAX_CHARS = 40, 160


def choose_text(documents: Iterable[str], language: Language) -> str:
    """Choose a line to show: the first of some length with a letter of the language.

    It is cut after its last whole sentence that fits, else after the last character that does.
    """
    lines = [line.strip() for document in documents for line in document.split("\n")]
    long_enough = [line for line in lines if len(line) >= _MIN_CHARS]
    telling = (line for line in long_enough if language.has_letter(line))
    line = next(telling, None) or max(long_enough[:1] or lines, key=len)
    ends = [m.end() for m in SENTENCE_END.finditer(line) if _MIN_CHARS <= m.end() <= _MAX_CHARS]
    return line[: ends[-1] if ends else _MAX_CHARS]


def segment(vocabulary: Vocabulary, text: str) -> Segmentation:
    """Cut a text as it would be cut inside a document.

    Each character is shown with one token, the first that stands for it, so the tokens' texts make
    the text again (but for what the tokenizer drops, such as spaces in WordPiece).
    """
    tokens = []
    shown = 0
    for span in spans_inside(vocabulary.tokenizer, text):
        begin = max(shown, span.begin)
        tokens.append(
            SegmentedToken(
                id=span.id,
                piece=vocabulary.texts[span.id],
                text=text[begin : span.end],
                is_byte=bool(vocabulary.is_byte[span.id]),
                is_added=span.id in vocabulary.added_ids,
            )
        )
        shown = max(shown, span.end)
    return Segmentation(text, tuple(tokens))


def changed_pieces(
    one: Vocabulary, other: Vocabulary, lines: Sequence[str]
) -> tuple[ChangedLine, ...]:
    """The pieces of lines by two tokenizers, as in the middle of a document."""
    cut = ((line, segment(one, line), segment(other, line)) for line in lines)
    return tuple(
        ChangedLine(line, *(tuple(t.piece for t in found.tokens) for found in both))
        for line, *both in cut
    )
