"""What lines belong to: code is code in its own letters, and a fence ends where it is closed."""

from __future__ import annotations

import pytest

from tokext.bench.leakage import find_leaks, scan
from tokext.bench.leakage.lines import is_code_line


@pytest.mark.parametrize(
    "line",
    [
        "面白い(笑)",
        "はい(笑)",
        "ありがとう(^^)",
        "うれしい(^o^)/",
        "東京(港区)",
        "担当者:山田(这个人负责)",
        "りんご(apple is a fruit that I like)",
        "楽しかったです(그리고 좋았어요)",
        "円の面積 = 半径 × 半径 × 3.14 (円周率)",
        "Apple(りんご)",
        "for example, water (H2O)",
    ],
)
def test_a_line_of_language_that_ends_in_a_parenthesis_is_no_code(line):
    assert not is_code_line(line)
    assert not scan(line).is_code


@pytest.mark.parametrize(
    "line",
    [
        "print('面白い')",
        "foo.bar(1, 2);",
        "total = price * (1 + rate)",
        "x = calc(1)  # 計算する",
        "const name = load('名前'); // 読む",
        "SELECT 名前 FROM 顧客 WHERE 年齢 > 20;",
        'for name in ["犬", "猫"]:',
    ],
)
def test_code_with_japanese_in_strings_and_comments_is_code(line):
    assert is_code_line(line)


def _leaks(text):
    return [(leak.text, leak.language) for leak in find_leaks(text)]


def test_a_fence_closes_at_the_end_of_a_line_of_code():
    text = "例です。\n```python\nprint(1)```\n次に、これを実行します。\nThis is how it is done."
    assert _leaks(text) == [("This is how it is done.", "en")]
    assert scan(text).is_code


def test_inline_fences_do_not_close_a_fence():
    text = (
        "```python\nprint('this is the first one')\n# ```ls``` と書く ```\nprint('it is more')\n```"
    )
    assert _leaks(text) == []


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("1. 이것을 누르세요 (중요)", "ko"),
        ("这是一个句子，我们需要注意（重要）;", "zh"),
        ("拝啓 桜の季節になりました(笑)。\n이것은 한국어 문장입니다", "ko"),
    ],
)
def test_chinese_and_korean_in_a_fence_without_a_tag_leak_beside_parentheses(line, language):
    assert [code for _, code in _leaks(f"```\n{line}\n```")] == [language]
    assert not scan(f"```\n{line}\n```").is_code


@pytest.mark.parametrize(
    "body",
    [
        "foo(1);\n# 결과를 출력\nbar(2);",
        "const names = ['我们', '你们'];",
        "docker run -it app (optional)",
        "// 这是注释\nint main() {\n  return 0;\n}",
        "宛先:\tname (required)\n件名:\tsubject",
    ],
)
def test_code_in_a_fence_without_a_tag_stays_code(body):
    assert _leaks(f"```\n{body}\n```") == []


@pytest.mark.parametrize(
    ("tag", "body", "leaks"),
    [
        ("email", "我们明天去公园。\n谢谢。", ["我们明天去公园。", "谢谢。"]),
        ("letter", "Thank you for your kind help.", ["Thank you for your kind help."]),
        ("output", "감사합니다", ["감사합니다"]),
        ("output", "hello there my friend", []),
        ("console", "$ docker run x\nhello there my friend", []),
        ("python", "print('我们明天去公园。')", []),
    ],
)  # fmt: skip
def test_a_fence_with_a_tag_of_prose_or_of_output_is_no_code(tag, body, leaks):
    text = f"次の通りです。\n```{tag}\n{body}\n```"
    assert [leak.text for leak in find_leaks(text)] == leaks
    assert scan(text).is_code == (tag in {"python", "console"})


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("`docker pull` を使います。psql で接続します。", []),
        ("```bash\ndocker run x\n```\n次に psql と htop を使います。", []),
        ("`docker pull` を使います。however 注意します。", ["however"]),
        ("これは psql のような beautiful な景色を思わせる作品です。", ["psql", "beautiful"]),
        ('<div class="card">と書き、class属性にcardを指定します。', []),
        ('<a href="x">fresh</a>な野菜を食べます。', ["fresh"]),
    ],
)
def test_programs_and_attributes_of_a_technical_answer_are_names(text, leaks):
    assert [leak.text for leak in find_leaks(text)] == leaks
