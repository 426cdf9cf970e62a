"""Which lines are in a language and which must stay as they are, against a loop over characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokext.bench.counting.lines import Lines
from tokext.languages import find_language

# What this Python has not heard of may be a letter of a newer Unicode.
CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs", "Cn"]),
    st.sampled_from("\n\n \raéż東ゝｶ한ไ۱1、。\u2028"),
)


@pytest.mark.parametrize("code", ["ja", "ko", "pl"])
@given(documents=st.lists(st.text(CHARACTERS), min_size=1))
def test_a_line_is_own_by_one_letter_of_the_language_and_foreign_by_letters_of_others_alone(
    code, documents
):
    language, lines = find_language(code), Lines(documents)
    own, foreign = lines.own_and_foreign(language)
    assert len(own) == len(foreign) == lines.n_lines
    for line, is_own, is_foreign in zip(lines.texts, own, foreign, strict=True):
        assert is_own == any(map(language.has_letter, line))
        assert is_foreign == (not is_own and any(map(str.isalpha, line)))
