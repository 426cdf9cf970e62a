"""Letters of a language, against the names and categories that Python's own Unicode data give."""

import itertools
import re
import sys
import unicodedata

import pytest

from tokext.errors import InputError
from tokext.languages import SENTENCE_END, character_class, find_language

CHARACTERS = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.name(c, "")]

#: Words in the names of characters, by language; tone marks are letters to Unicode.
NAMED = {
    "ja": ("HIRAGANA", "KATAKANA", "HENTAIGANA", "CJK ", "IDEOGRAPHIC", "HANGZHOU", "KANA REPEAT",
           "OLD CHINESE", "MASU MARK"),
    "zh": ("BOPOMOFO", "CJK ", "IDEOGRAPHIC", "HANGZHOU", "OLD CHINESE", "MASU MARK",
           "CARON", "MODIFIER LETTER MACRON", "MODIFIER LETTER ACUTE", "MODIFIER LETTER GRAVE"),
    "ko": ("HANGUL",),
    "th": ("THAI CHARACTER", "MODIFIER LETTER APOSTROPHE"),
    "he": ("HEBREW LETTER", "HEBREW LIGATURE", "HEBREW YOD"),
}  # fmt: skip


def is_named(char, words):
    name = unicodedata.name(char)
    return any(name.startswith(w) if w in ("CARON", "CJK ") else w in name for w in words)


@pytest.mark.parametrize("code", NAMED)
def test_letters_are_the_ones_that_unicode_names_so(code):
    language = find_language(code)
    found = {c for c in CHARACTERS if language.has_letter(c)}
    letters = [c for c in CHARACTERS if unicodedata.category(c)[0] == "L"]
    numbers = [c for c in CHARACTERS if unicodedata.category(c) == "Nl"]
    expected = {c for c in letters + numbers if is_named(c, NAMED[code])}
    assert {unicodedata.name(c) for c in found ^ expected} == set()


def test_a_latin_language_asks_for_letters_beyond_ascii():
    vietnamese = find_language("vi")
    assert [c for c in "aZ9é ạđ" if vietnamese.has_letter(c)] == ["é", "ạ", "đ"]


@pytest.mark.parametrize("text", ["", "plain", "1、2。", "한국어", "…「」", "１２３", "\u3000"])
def test_this_holds_no_letter_of_japanese(text):
    assert not find_language("ja").has_letter(text)


@pytest.mark.parametrize("text", ["の", "ヴ", "ｱ", "ー", "々", "〆", "〇", "龘", "𠮷", "x猫y"])
def test_this_holds_a_letter_of_japanese(text):
    assert find_language("ja").has_letter(text)


@pytest.mark.parametrize("code", ["ja", "vi", "hi"])
def test_a_character_class_matches_what_its_pattern_matches(code):
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    letter = find_language(code).letter
    assert re.findall(f"[{character_class(letter.pattern)}]", every) == letter.findall(every)


def test_an_unknown_code_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="unknown language 'jp'") as caught:
        find_language("jp")
    assert "ja" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("雨だ。「風もだ！」雪か？", ["雨だ。", "「風もだ！」", "雪か？"]),
        ("वर्षा हुई।हवा चली।", ["वर्षा हुई।", "हवा चली।"]),
        ("هل تمطر؟نعم", ["هل تمطر؟"]),
        ("3.14 (ca.) is pi. Yes.", ["3.14 (ca.)", " is pi."]),
        ("“Rain…” she said. ", ["“Rain…”", " she said."]),
        ("어 그래?네", ["어 그래?"]),
    ],
)
def test_where_sentences_end_in_any_script(text, sentences):
    ends = [0, *(match.end() for match in SENTENCE_END.finditer(text))]
    assert [text[a:b] for a, b in itertools.pairwise(ends)] == sentences
