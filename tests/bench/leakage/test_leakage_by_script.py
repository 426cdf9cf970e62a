"""Other expected languages: lines and answers that leak as a whole, Han that goes with kana."""

from __future__ import annotations

import pytest

from tokext.bench.leakage import Rate, measure_leakage, scan

ENGLISH = "This is a whole line of English that nobody asked for."
TWO_LINES = {
    "zh": ("今天天气很好。", "明天也很好。"),
    "ko": ("오늘은 날씨가 좋습니다.", "내일도 좋습니다."),
    "ru": ("Сегодня хорошая погода, и мы идём гулять.", "Завтра будет дождь."),
    "ar": ("أحب هذه المدينة كثيرا", "الطقس جميل اليوم"),
    "hi": ("मुझे यह भाषा बहुत पसंद है", "आज मौसम अच्छा है"),
    "th": ("ฉันชอบเมืองนี้มาก", "วันนี้อากาศดี"),
}


@pytest.mark.parametrize("language", TWO_LINES)
def test_a_whole_line_of_english_leaks_as_a_line(language):
    first, last = TWO_LINES[language]
    text = f"{first}\n{ENGLISH}\n{last}"
    found = scan(text, language)
    assert [(leak.text, leak.language, leak.level) for leak in found.leaks] == [
        (ENGLISH, "en", "line")
    ]
    assert found.leaked_lines == (1,)
    assert found.response_language == language
    assert measure_leakage([text], language).total.line == Rate(1, 3)


@pytest.mark.parametrize("language", TWO_LINES)
def test_an_answer_in_english_leaks_as_a_whole(language):
    found = scan(f"{ENGLISH}\n{ENGLISH}", language)
    assert (found.response_language, found.leaked_lines) == ("en", (0, 1))
    assert {leak.level for leak in found.leaks} == {"response"}


@pytest.mark.parametrize("language", TWO_LINES)
def test_a_word_leaks_as_a_word(language):
    found = scan(f"{TWO_LINES[language][0]} really {TWO_LINES[language][1]}", language)
    assert [(leak.text, leak.level) for leak in found.leaks] == [("really", "word")]
    assert found.leaked_lines == ()


@pytest.mark.parametrize("language", ["zh", "ko", "ru", "ar", "hi", "th", "en"])
def test_a_japanese_answer_leaks_as_a_whole_with_its_han(language):
    text = "今日は良い天気です。散歩に行きましょう。"
    found = scan(text, language)
    assert [(leak.text, leak.language, leak.level) for leak in found.leaks] == [
        (text, "ja", "response")
    ]
    assert found.response_language == "ja"


def test_a_line_of_japanese_between_english_ones_is_a_line():
    found = scan("The weather is good.\n今日は良い天気です。\nSee you tomorrow.", "en")
    assert (found.leaked_lines, found.response_language) == ((1,), "en")


@pytest.mark.parametrize(
    ("language", "text", "leaks"),
    [
        ("zh", "今天我想去パン屋买面包。", ["パン"]),
        ("zh", "这家店的「のり」很好吃。", ["のり"]),
        ("ko", "大韓民國의 수도는 서울입니다.", []),
        ("ko", "오늘은 날씨가 좋아서 我们去公园 갔어요.", ["我们去公园"]),
        ("ru", "Я работаю в Google и OpenAI уже 5 лет.", []),
        ("en", "I work at Google in Zürich.", []),
    ],
)
def test_a_japanese_word_does_not_take_the_chinese_around_it(language, text, leaks):
    assert [leak.text.strip() for leak in scan(text, language).leaks] == leaks
