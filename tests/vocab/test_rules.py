"""What a piece must be to enter a vocabulary."""

import pytest

from tokext.languages import find_language
from tokext.vocab.rules import Rules


@pytest.mark.parametrize(
    ("language", "piece", "allowed"),
    [
        ("ja", "東京", True),
        ("ja", "すること。", True),
        ("ja", "ーン", True),
        ("ja", "AIと", True),
        ("ja", "AI", False),
        ("ja", "、。", False),
        ("ja", "", False),
        ("ja", "第3回", False),
        ("ja", "第３回", False),
        ("ja", "私 は", False),
        ("ja", "私\u3000は", False),
        ("ja", "▁私", False),
        ("ja", "私\n", False),
        ("ja", "私\x00", False),
        ("ja", "あ" * 16, True),
        ("ja", "あ" * 17, False),
        ("ko", "▁한국", True),
        ("ko", "한▁국", False),
        ("ko", "▁", False),
        ("vi", "▁người", True),
        ("vi", "▁nguoi", False),
        ("zh", "中国", True),
        ("zh", "ひらがな", False),
    ],
)
def test_which_pieces_may_enter(language, piece, allowed):
    assert Rules(find_language(language)).allows(piece) is allowed
