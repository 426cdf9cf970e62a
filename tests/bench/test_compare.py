"""What a comparison says, against encoding every line with both."""

from __future__ import annotations

import pytest
from bench_sentences import ENGLISH, JAPANESE

from tokext.bench.compare import compare
from tokext.errors import InputError, TokenizerError
from tokext.tokenizer.load import Tokenizer


def test_a_comparison_agrees_with_encoding_every_line(
    mistral: Tokenizer, extended: Tokenizer
) -> None:
    lines = [*ENGLISH, *JAPANESE, "東京"]
    found = compare(mistral, extended, {"text": ["\n".join(lines[:3]), *lines[3:]]})
    changed = [n for n, t in enumerate(lines, 1) if mistral.encode(t) != extended.encode(t)]
    assert [example.number for example in found.examples] == changed
    assert (found.n_lines, found.n_lines_changed) == (len(lines), len(changed))
    assert found.n_base_tokens == sum(len(mistral.encode(line)) for line in lines)
    assert found.n_extended_tokens == sum(len(extended.encode(line)) for line in lines)


def test_an_example_shows_the_line_and_both_its_spellings(
    mistral: Tokenizer, extended: Tokenizer
) -> None:
    found = compare(mistral, extended, {"neko": ["東京", "猫である"]})
    [example] = found.examples
    assert example.base_pieces == ("▁", "猫", "で", "あ", "る")
    assert example.extended_pieces == ("▁", "猫", "である")
    assert "neko:2: 猫である" in str(found)
    assert "1 of 2 lines" in str(found)


def test_examples_are_bounded_and_the_count_is_not(mistral: Tokenizer, extended: Tokenizer) -> None:
    found = compare(mistral, extended, {"neko": ["猫である"] * 30}, max_examples=3)
    assert (len(found.examples), found.n_lines_changed) == (3, 30)


def test_english_lines_are_unchanged(mistral: Tokenizer, extended: Tokenizer) -> None:
    assert compare(mistral, extended, {"en": ENGLISH}).n_lines_changed == 0


def test_text_that_gives_no_token_or_no_utf8_is_refused(
    mistral: Tokenizer, word_piece: Tokenizer
) -> None:
    with pytest.raises(TokenizerError, match="makes no token of text"):
        compare(mistral, word_piece, {"text": ["\u200b\x01"]})
    with pytest.raises(InputError, match="surrogate"):
        compare(mistral, mistral, {"text": ["\udfff"]})
