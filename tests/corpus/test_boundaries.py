"""Runs of text against a loop over characters that anyone can read."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokext.corpus.boundaries import BOUNDARIES, MAX_RUN_CHARS, runs_of
from tokext.corpus.embedded import embedded_lines
from tokext.errors import InputError
from tokext.languages import find_language

JA = find_language("ja")
each_boundary = pytest.mark.parametrize("boundary", BOUNDARIES)


def is_mark(char):
    return unicodedata.category(char).startswith("M")


def is_closing(char):
    category = unicodedata.category(char)
    return category in ("Pe", "Pf") or (category == "Po" and char not in "#%&*@/\\")


def is_outside(char):
    return char.isspace() or char == "▁" or unicodedata.category(char) in ("Nd", "Cc")


def slow_words(text, n_closing):
    runs, at = [], 0
    while at < len(text):
        if not JA.has_letter(text[at]):
            at += 1
            continue
        end = at + 1
        while (
            end < len(text)
            and end - at <= MAX_RUN_CHARS
            and (JA.has_letter(text[end]) or is_mark(text[end]))
        ):
            end += 1
        word = end
        while end < len(text) and end - word < n_closing and is_closing(text[end]):
            end += 1
        runs.append(text[at:end])
        at = end
    return runs


def slow_stretches(text):
    runs, run = [], ""
    for char in [*text, " "]:
        if is_outside(char) or len(run) == MAX_RUN_CHARS:
            runs.append(run)
            run = ""
        if not is_outside(char):
            run += char
    return [run for run in runs if JA.has_letter(run)]


def slow_runs(text, boundary):
    if boundary == "none":
        return slow_stretches(text)
    return slow_words(text, 0 if boundary == "script" else 3)


CHARACTERS = st.one_of(
    st.sampled_from(
        "あいアー漢字々〆〇、。」』）！？…・「（abcXYZ019 ３\t\n\u3000▁か\u3099#%&*@/\\゛ﾊﾟé한🙂"
    ),
    st.characters(codec="utf-8"),
)


@each_boundary
@given(st.text(CHARACTERS, max_size=40))
def test_runs_agree_with_the_obvious_loop(boundary, text):
    known = "".join(c for c in text if unicodedata.category(c) != "Cn")  # newer than this Python
    assert runs_of(JA, boundary)(known) == slow_runs(known, boundary)


@each_boundary
def test_runs_of_real_text_agree_with_the_obvious_loop(boundary):
    find = runs_of(JA, boundary)
    for line in embedded_lines("ja")[:400]:
        assert find(line) == slow_runs(line, boundary)


@each_boundary
@given(st.text(st.sampled_from("あ漢、。a1 "), min_size=150, max_size=700).map(lambda t: t * 2))
def test_long_runs_are_cut_where_the_loop_cuts_them(boundary, text):
    for given_text in (text, text.replace(" ", "").replace("1", "")):
        assert runs_of(JA, boundary)(given_text) == slow_runs(given_text, boundary)


@pytest.mark.parametrize("n", [199, 200, 201, 202, 400, 401])
@each_boundary
def test_a_run_without_end_is_cut(boundary, n):
    runs = runs_of(JA, boundary)("あ" * n)
    assert "".join(runs) == "あ" * n
    assert runs == slow_runs("あ" * n, boundary)


def test_an_unknown_boundary_is_refused_by_name():
    with pytest.raises(InputError, match="unknown boundary 'word'"):
        runs_of(JA, "word")


def test_in_spaced_languages_a_word_brings_its_space():
    runs = runs_of(find_language("ko"), "punctuation")("나는 학교에 간다. OK 3번")
    assert runs == ["나는", "▁학교에", "▁간다.", "번"]


def test_words_in_latin_script_are_whole_and_need_a_letter_that_english_lacks():
    find = runs_of(find_language("pl"), "script")
    assert find("Zapytał o numer domu, a potem zniknął.") == ["Zapytał", "▁zniknął"]
