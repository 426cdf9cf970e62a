"""What a prompt allows: a language asked for, not one named; examples; its own text."""

from __future__ import annotations

import pytest

from tokext.bench.leakage import find_leaks
from tokext.errors import InputError

SENTENCE = "Walking is a pleasure for all of us."


@pytest.mark.parametrize(
    "prompt",
    [
        "英語教育の変化を説明して",
        "英語ではなく日本語で書いて",
        "英語が苦手な子どもを励まして",
        "英語を使わずに答えてください",
        "英語で話すのが怖い人への手紙を書いて",
        "英語以外で答えてください",
        "次の英語を日本語に訳してください",
        "英語で書かれた記事を要約して",
        "イギリス英語の歴史を教えて",
        "Describe French cooking and English tea in Japanese.",
        "Answer in Japanese and do not use English.",
        "Translate this English letter into Japanese.",
        "中国語で話すのは苦手です",
    ],
)
def test_a_language_that_is_named_but_not_asked_for_still_leaks(prompt):
    assert find_leaks(SENTENCE, prompt=prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "英語で返事をして",
        "この手紙を英語に訳して",
        "英訳をお願いします",
        "英文を作ってください",
        "散歩についての英語の例文を作って",
        "空港で使う英語のフレーズを教えて",
        "英単語を五つ教えて",
        "日本語と英語で書いて",
        "英語、ドイツ語、韓国語に翻訳して",
        "散歩は英語で何と言いますか",
        "Englishで答えて",
        "Please put it in plain English.",
        "Translate it into English.",
        "Write three English sentences about walking.",
    ],
)
def test_a_language_that_is_asked_for_does_not_leak(prompt):
    assert not find_leaks(SENTENCE, prompt=prompt)


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("英語の前置詞の使い方を教えて", "「I live in Kobe.」のように場所の前に置きます。"),
        ("英会話の上達のコツは？", "まず listen という動詞を覚えます。"),
        ("UFOは何の略ですか", "unidentified flying object の略です。"),
    ],
)
def test_a_lesson_allows_words_quotations_and_examples(prompt, text):
    assert not find_leaks(text, prompt=prompt)


def test_a_lesson_does_not_allow_a_sentence_that_stands_alone():
    assert find_leaks(SENTENCE, prompt="英語の前置詞の使い方を教えて")


@pytest.mark.parametrize("mark", [":", "：", "\n"])
def test_the_text_that_a_japanese_instruction_gives_is_allowed(mark):
    given = "Slow travel and local food attract many visitors to the small towns of the north. " * 3
    answer = "slow travel と local food が人気です。"
    assert not find_leaks(answer, prompt=f"次の文を短くまとめて{mark}{given}")
    assert not find_leaks(answer, prompt=f"{given}\n上の文を要約してください。")
    assert find_leaks(answer, prompt=f"Summarize this in Japanese{mark}{given}")


def test_allowed_may_be_one_language():
    assert not find_leaks(SENTENCE, allowed="en")
    assert find_leaks(SENTENCE, allowed="fr")


@pytest.mark.parametrize("code", ["english", "eng", "frr", "", "e n"])
def test_what_is_no_code_of_a_language_is_refused(code):
    with pytest.raises(InputError, match="no code of a language"):
        find_leaks(SENTENCE, allowed=[code])


def test_a_region_may_follow_the_code_of_a_language():
    assert not find_leaks(SENTENCE, allowed=["en-GB"])
    assert not find_leaks("Это хорошо, правда.", allowed=["uk"])


@pytest.mark.parametrize(
    "prompt",
    [
        "次の文を翻訳して：今日はとても天気が良いので、皆で出かけます。",
        "次の文を翻訳してください。\n今日はとても天気が良いので、皆で出かけます。",
        "訳をお願いします: 今日はとても天気が良いので、皆で出かけます。",
    ],
)
def test_japanese_to_be_translated_goes_into_whatever_language(prompt):
    assert not find_leaks(SENTENCE, prompt=prompt)
    assert not find_leaks("今天天气很好，我们一起出去。", prompt=prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "次の文を日本語に翻訳して：歩くことはみんなの喜びです。",
        "次の文を現代語に訳して：春はあけぼの、やうやう白くなりゆく山ぎは。",
        "次の文を翻訳して：Walking makes people glad.",
        "翻訳の仕事について説明して：私は翻訳者になりたいです。",
        "言い訳して：宿題を忘れてしまいました。",
    ],
)
def test_a_translation_into_japanese_allows_no_other_language(prompt):
    assert find_leaks(SENTENCE, prompt=prompt)


def test_a_japanese_question_full_of_latin_terms_allows_them():
    answer = "overfittingは過学習です。"
    assert not find_leaks(answer, prompt="machine learningのoverfittingって何？")
    assert find_leaks(answer, prompt="Please write a story of overfitting and たろう in Japanese")
    assert find_leaks(answer, prompt="Explain overfitting of machines: とても")
