"""Other expected languages: lines and answers that leak as a whole, Han that goes with kana."""

from __future__ import annotations

import pytest

from tokext.bench.leakage import Rate, measure_leakage, scan
from tokext.bench.leakage.byscript import LIMITS
from tokext.bench.leakage.fieldmetric import differences

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


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "人工智能（artificial intelligence）很重要。"),
        ("ko", "인공지능(artificial intelligence)은 중요합니다."),
        ("ru", "Искусственный интеллект (artificial intelligence) важен."),
        ("th", "ปัญญาประดิษฐ์ (artificial intelligence) สำคัญมาก"),
        ("ar", "الذكاء الاصطناعي (artificial intelligence) مهم"),
        ("hi", "कृत्रिम बुद्धिमत्ता (artificial intelligence) महत्वपूर्ण है"),
        ("zh", "我们来看 overfitting（过拟合）的例子。"),
        ("ko", "오늘은 overfitting(과적합)을 배웁니다."),
    ],
)
def test_a_gloss_does_not_leak_in_any_script(language, text):
    assert scan(text, language).leaks == ()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "人工智能（it is very important for us）很重要。"),
        ("zh", "我们 really 喜欢这个公园。"),
        ("ko", "인공지능(we really like it)은 중요합니다."),
        ("ru", "Это really (очень важно) для нас, this is it."),
    ],
)
def test_a_clause_in_parentheses_is_no_gloss_in_any_script(language, text):
    assert scan(text, language).leaks


@pytest.mark.parametrize("language", LIMITS)
def test_what_prompts_are_read_in_is_said(language):
    assert "requests are read in Japanese and English only" in LIMITS[language]
    assert any("what a Japanese or English prompt asks for" in d for d in differences(language))
    found = scan("Dear Sir, I am writing to you.", language, prompt="Write a letter in English.")
    assert found.leaks == ()
