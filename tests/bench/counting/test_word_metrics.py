"""Word metrics against a loop over characters."""

from __future__ import annotations

import pytest
from bench_sentences import ENGLISH, JAPANESE

from tokext.bench.compression import measure_compression
from tokext.bench.counting.encode import Span, spans_inside
from tokext.bench.counting.words import find_words, measure_words
from tokext.languages import find_language
from tokext.tokenizer.load import Tokenizer

DOCUMENTS = ["\n".join(JAPANESE), "鯵の開き、猫である。 Vue 3 で API を書く。", "、。"]


def _slow(tokenizer: Tokenizer, documents: list[str], places: list[list[tuple[int, int]]]):  # type: ignore[no-untyped-def]
    """Which tokens cover each character, looked at one by one."""
    single = continued = touching = n_words = 0
    for document, words in zip(documents, places, strict=True):
        cover = [_covered(span, document) for span in spans_inside(tokenizer, document)]
        for begin, end in words:
            over = [c for c in cover if c & set(range(begin, end))]
            single += over == [set(range(begin, end))]
            continued += len(over) > 1
        inside = {at for begin, end in words for at in range(begin, end)}
        touching += sum(bool(c & inside) for c in cover)
        n_words += len(words)
    return single / n_words, continued / n_words, touching / n_words


def _covered(span: Span, document: str) -> set[int]:
    covered = list(range(span.begin, span.end))
    while covered and document[covered[0]].isspace():
        covered.pop(0)
    while covered and document[covered[-1]].isspace():
        covered.pop()
    return set(covered)


@pytest.mark.parametrize("name", ["mistral", "extended", "byte_level", "word_piece", "unigram"])
def test_word_metrics_agree_with_the_obvious_loop(
    name: str, request: pytest.FixtureRequest
) -> None:
    tokenizer = request.getfixturevalue(name)
    sample = find_words(DOCUMENTS, find_language("ja"))
    assert sample is not None
    metrics = measure_words(tokenizer, sample)
    assert metrics is not None
    found = metrics.single_token_retention, metrics.continued_word_share, metrics.fertility
    assert found == pytest.approx(_slow(tokenizer, DOCUMENTS, [list(w) for w in sample.words]))


def test_a_word_inside_a_longer_piece_is_neither_single_nor_continued(extended: Tokenizer) -> None:
    sample = find_words(["猫である"], find_language("ja"))
    assert sample is not None
    assert [("猫である"[b:e]) for b, e in sample.words[0]] == ["猫", "で", "ある"]
    metrics = measure_words(extended, sample)
    assert metrics is not None
    assert metrics.single_token_retention == pytest.approx(1 / 3)
    assert (metrics.continued_word_share, metrics.fertility) == (0, pytest.approx(2 / 3))


def test_words_of_spaced_languages_stand_between_spaces() -> None:
    text = "It doesn't mind: café, 3 times."
    sample = find_words([text], find_language("pl"))
    assert sample is not None
    words = [text[begin:end] for begin, end in sample.words[0]]
    assert words == ["It", "doesn't", "mind", "café", "3", "times"]


def test_a_space_before_a_word_belongs_to_no_word(mistral: Tokenizer) -> None:
    sample = find_words(["the cat has no name"], find_language("pl"))
    assert sample is not None
    metrics = measure_words(mistral, sample)
    assert metrics is not None
    assert metrics.single_token_retention == 1


def test_languages_without_a_segmenter_have_no_word_metrics(mistral: Tokenizer) -> None:
    [row] = measure_compression(mistral, {"text": ["猫沒有名字。"]}, language="zh")
    assert row.words is None


def test_a_text_without_words_has_no_word_metrics(mistral: Tokenizer) -> None:
    [row] = measure_compression(mistral, {"text": ["、。！"]})
    assert row.words is None


def test_the_sample_is_stated_and_bounded(mistral: Tokenizer) -> None:
    [row] = measure_compression(mistral, {"text": ENGLISH * 100}, word_sample_chars=500)
    assert row.words is not None
    assert 250 <= row.words.n_chars <= 500
