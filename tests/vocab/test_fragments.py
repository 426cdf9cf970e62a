"""Pieces that look like personal data, addresses or boilerplate."""

import json
import sys

import pytest

from tokext.corpus import morphemes
from tokext.vocab.added import train_vocab
from tokext.vocab.fragments import find_fragments


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        ("はhttps", "web or mail address"),
        ("か@の", "web or mail address"),
        ("神奈川県横浜市", "postal address or telephone"),
        ("三丁目の", "postal address or telephone"),
        ("お問い合わせ", "boilerplate"),
        ("底本：", "boilerplate"),
        ("夏目漱石", "full name"),
        ("田中一郎", "full name"),
    ],
)
def test_what_looks_like_a_fragment(piece, kind):
    assert find_fragments([piece], "ja") == {kind: [piece]}


@pytest.mark.parametrize("piece", ["食べる", "田中さん", "県立", "市区町村", "東京", "太郎は"])
def test_what_does_not(piece):
    assert find_fragments([piece], "ja") == {}


def test_without_a_dictionary_all_but_names_is_found(monkeypatch):
    morphemes.tagger_of.cache_clear()
    monkeypatch.setitem(sys.modules, "unidic_lite", None)
    assert find_fragments(["夏目漱石", "三丁目"], "ja") == {
        "postal address or telephone": ["三丁目"]
    }


def test_they_are_listed_in_the_record(base, tmp_path):
    (tmp_path / "ja.txt").write_text("お問い合わせ\n" * 9, encoding="utf-8")
    options = {"base": base.name, "size": 6, "workers": 1}
    pieces = [p.piece for p in train_vocab(tmp_path / "ja.txt", tmp_path / "added", **options)]
    assert "お問い合わせ" in pieces
    record = json.loads((tmp_path / "added" / "tokext.json").read_text(encoding="utf-8"))
    assert record["result"]["fragments"] == {"boilerplate": ["お問い合わせ"]}
