"""Pieces that look like what nobody wants a row for: personal data, addresses, boilerplate."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import regex

from tokext.corpus.morphemes import tagger_of
from tokext.errors import InputError

#: What gives a fragment away, by kind; the first that is found counts.
_SIGNS = {
    "web or mail address": r"https?|www\.|://|@|\.(?:com|org|net|jp)\b",
    "postal address or telephone": r"[都道府県]\p{Han}{1,4}[市区町村郡]|丁目|番地|号室"
    r"|電話番号|〒|℡",
    "boilerplate": r"著作権|無断転載|利用規約|個人情報|お問い合わせ|続きを読む|ログイン"
    r"|青空文庫|底本[：:]|校正[：:]|入力[：:]",
}

#: What a full name is written with; only these few pieces are tagged.
_NAME = regex.compile(r"\p{Han}{3,8}")


def find_fragments(pieces: Iterable[str], language: str) -> dict[str, list[str]]:
    """Sort out pieces that look like fragments of something, by kind, each in rank order.

    They are signs, not proofs: look at them, and keep out with a veto what should not be there.
    Full names are family name and given name side by side, in kanji, as UniDic knows them.

    Example:
        >>> find_fragments(["東京都千代田区", "夏目漱石", "食べる", "無断転載を"], "ja")
        {'postal address or telephone': ['東京都千代田区'], 'full name': ['夏目漱石'], \
'boilerplate': ['無断転載を']}
    """
    found: dict[str, list[str]] = {}
    tagger = _tagger(language)
    for piece in pieces:
        kind = next((kind for kind, sign in _patterns().items() if sign.search(piece)), None)
        if kind is None and tagger is not None and _is_full_name(piece, tagger):
            kind = "full name"
        if kind is not None:
            found.setdefault(kind, []).append(piece)
    return found


def _tagger(language: str) -> Any:
    """A tagger that knows names, or None where there is none: then names are not looked for."""
    with contextlib.suppress(InputError):
        return tagger_of("unidic-lite") if language == "ja" else None
    return None


@cache
def _patterns() -> dict[str, regex.Pattern[str]]:
    return {kind: regex.compile(sign) for kind, sign in _SIGNS.items()}


def _is_full_name(piece: str, tagger: Any) -> bool:
    if not _NAME.fullmatch(piece):
        return False
    features = [node.feature for node in tagger.parseToNodeList(piece)]
    return [f[3] for f in features if f[2] == "人名"][:2] == ["姓", "名"]
