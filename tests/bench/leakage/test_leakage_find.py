"""Places, hostile input, other expected languages."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokext.bench.leakage import find_leaks, scan
from tokext.bench.leakage.byscript import LIMITS
from tokext.errors import InputError

ALPHABET = "あア漢这国aBcé한бทا「」()`$\\<>{}[]#@:/.,、。 \n0129-_=*|\"'"


@settings(max_examples=300, deadline=None)
@given(st.text(ALPHABET, max_size=120))
def test_leaks_are_in_order_apart_and_where_they_say(text):
    leaks = find_leaks(text)
    assert all(text[leak.start : leak.end] == leak.text and leak.text for leak in leaks)
    assert all(one.end <= other.start for one, other in pairwise(leaks))


@settings(max_examples=200, deadline=None)
@given(st.text(ALPHABET, max_size=120))
def test_no_leak_spans_a_line_break(text):
    assert all("\n" not in leak.text for leak in find_leaks(text))


@settings(max_examples=100, deadline=None)
@given(st.text("あいうえお日本語、。ーアイウ々", max_size=60))
def test_kana_with_kanji_of_japanese_never_leaks(text):
    assert find_leaks(text) == ()


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t\r\n", "　", "。", "123", "```\n```", "😀"])
def test_a_text_without_language_has_no_leak(text):
    assert find_leaks(text) == ()


def test_only_code_is_a_code_answer_without_leaks():
    found = scan("```python\nprint('good morning, how are you today')\n```")
    assert found.leaks == ()
    assert found.is_code


def test_lone_surrogates_do_not_stop_the_search():
    assert [leak.text for leak in find_leaks("\ud83dこの essay は\udc00長い")] == ["essay"]


def test_decomposed_kana_are_japanese():
    assert find_leaks("か\u3099くせいは か\u3099っこうに いく。") == ()


def test_right_to_left_text_is_found_where_it_lies_in_memory():
    text = "これは「مرحبا بالعالم」という"
    (leak,) = find_leaks("これは مرحبا بالعالم だ、と彼はとても静かな声で私に言いました。")
    assert leak.text == "مرحبا بالعالم"
    assert leak.detail == "arabic"
    assert find_leaks(text, allowed=["ar"]) == ()


HOSTILE = [
    "今日は天気がいい。",
    "good bad ",
    "（a",
    '"a',
    "<a ",
    "--a",
    "$a",
    "a.",
    "漢字",
    "这个",
    "한국어 ",
    "a_",
    "a(=",
]


@pytest.mark.slow
@pytest.mark.parametrize("piece", HOSTILE)
def test_the_time_is_linear_in_the_length_of_a_line(piece):
    def seconds(n_chars: int) -> float:
        text = piece * (n_chars // len(piece))
        start = time.process_time()
        find_leaks(text)
        return time.process_time() - start

    seconds(2_000)
    # Eight times the text may take some more than eight times as long, never sixty-four times.
    assert seconds(200_000) < 24 * max(seconds(25_000), 0.02)


def test_an_unknown_language_is_refused_by_name():
    with pytest.raises(InputError, match="'xyz'") as caught:
        find_leaks("abc", language="xyz")
    assert "ja" in caught.value.hint


def test_a_text_that_is_no_string_is_refused():
    with pytest.raises(InputError, match="NoneType"):
        find_leaks(None)


@pytest.mark.parametrize(
    ("language", "text", "leak", "code"),
    [
        ("zh", "今天我想去パン屋买面包。", "パン", "ja"),
        ("zh", "今天我们去 library 看书。", "library", "en"),
        ("ko", "나는 오늘 がっこう 갔어요.", "がっこう", "ja"),
        ("ko", "나는 오늘 really 좋았어요.", "really", "en"),
        ("ru", "Я сегодня very устал.", "very", "en"),
        ("ru", "Я люблю 漢字 и книги.", "漢字", "zh"),
        ("ar", "أنا أحب hello جدا", "hello", "en"),
        ("hi", "मुझे यह भाषा really पसंद है", "really", "en"),
        ("th", "ฉันชอบ привет มาก", "привет", "ru"),
        ("en", "I like 日本の food.", "日本の", "ja"),
    ],
)
def test_other_expected_languages_are_judged_by_script(language, text, leak, code):
    (found,) = find_leaks(text, language=language)
    assert (found.text.strip(), found.language) == (leak, code)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "我用Google和iPhone，价格是100元。"),
        ("ko", "저는 서울에서 Samsung 휴대폰을 샀어요."),
        ("ru", "Я работаю в Google и люблю Python."),
        ("ar", "أعمل في Google منذ 2020."),
        ("hi", "मैं Google में काम करता हूँ।"),
        ("th", "ฉันทำงานที่ Google มา 5 ปี"),
        ("en", "The quick brown fox likes Python 3.11 and café tables."),
    ],
)
def test_answers_in_the_expected_language_are_clean(language, text):
    assert find_leaks(text, language=language) == ()
    assert LIMITS[language]


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("Ｈｅｒｅ ｗｅ ａｒｅ ｎｏｗ", ["Ｈｅｒｅ ｗｅ ａｒｅ ｎｏｗ"]),
        ("ｆｒｅｓｈな野菜", ["ｆｒｅｓｈ"]),
        ("ＮＨＫとＡＴＭ、５ｋｍ", []),
    ],
)  # fmt: skip
def test_full_width_latin_is_read_and_shown_as_written(text, leaks):
    found = find_leaks(text)
    assert [leak.text for leak in found] == leaks
    assert all(text[leak.start : leak.end] == leak.text for leak in found)
    assert not find_leaks(text, prompt=f"「{text}」とは何ですか。")


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("英語の前置詞「during」は期間を、「while」は接続詞として節を導きます。", []),
        ("動詞「make」「do」「take」の違い", []),
        ("「ciao」はイタリア語です。", []),
        ("「run」を毎日するのが好きです。", ["run"]),
        ("「delicious」は物語の始まりです。", ["delicious"]),
    ],
)
def test_a_word_that_is_spoken_about_does_not_leak(text, leaks):
    assert [leak.text for leak in find_leaks(text)] == leaks
