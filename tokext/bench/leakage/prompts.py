"""What a prompt allows: languages that it asks for, and words that it uses itself."""

# ruff: noqa: E501 (a pattern is read as one line)
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from tokext.bench.leakage.scripts import LATIN, n_kana

_NAMES = {
    "en": r"英語|英文|英訳|英単語|英会話|英作文|英字|English",
    "zh": r"中国語|中文|漢文|広東語|Chinese|Mandarin|Cantonese",
    "ko": r"韓国語|朝鮮語|ハングル|Korean|Hangul",
    "ru": r"ロシア語|Russian|キリル文字|Cyrillic",
    "xl": (
        r"フランス語|仏語|仏訳|スペイン語|ドイツ語|独語|独訳|イタリア語|ポルトガル語|オランダ語|"
        r"ベトナム語|インドネシア語|マレー語|トルコ語|ポーランド語|スウェーデン語|フィンランド語|ラテン語|"
        r"チェコ語|デンマーク語|ノルウェー語|タガログ語|エスペラント|"
        r"French|Spanish|German|Italian|Portuguese|Dutch|Vietnamese|Indonesian|Turkish|Polish|"
        r"Swedish|Finnish|Latin"
    ),
    "xx": (
        r"タイ語|アラビア語|ヒンディー語|ヘブライ語|ギリシャ語|ギリシア語|ペルシャ語|ベンガル語|タミル語|"
        r"Thai|Arabic|Hindi|Hebrew|Greek|Persian|Bengali|Tamil"
    ),
    "ja": r"日本語|和訳|邦訳|Japanese",
}
_NAMED = {code: re.compile(names) for code, names in _NAMES.items()}
_SPELLED_OUT = re.compile(
    r"何の略|略語|略称|正式名称|フルスペル|スペル|綴り|つづり|頭文字|stand(?:s)? for|abbreviat|acronym|spell"
)
#: The language is named as what to translate from, or what to avoid.
_FROM = r"(?:から|を(?:使わ|用い|混ぜ)|は(?:使わ|禁止)|を(?:日本語|和訳))"
_FROM_LATIN = r"(?:from |not in |without |no |avoid )"
_INTO_JAPANESE = re.compile(
    r"日本語(?:に|へ)(?:翻)?訳|和訳|日本語に(?:翻訳|直|変換)|(?:in)?to Japanese|日本語で(?:答|回答|書|説明)"
)
_QUOTED = re.compile(
    r"「([^「」\n]{1,400})」|『([^『』\n]{1,400})』|\"([^\"\n]{1,400})\"|“([^“”\n]{1,400})”"
)
_WORD = re.compile(rf"[{LATIN}]+")
_FOREIGN = re.compile(rf"[^\W\d_{LATIN}]+")


@dataclass(frozen=True)
class Allowance:
    """What is no leak in an answer to this prompt.

    `languages` are codes of :class:`~tokext.bench.leakage.spans.Leak`; `words` are lower-case
    Latin words; `text` is what a Japanese prompt says, for whole quotations. In a technical answer
    (`is_technical`) a quoted word is the name of a command or a value.
    """

    languages: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    text: str = ""
    is_technical: bool = False

    def quotes(self, text: str) -> bool:
        """Whether a stretch of the answer stands in the prompt word for word."""
        return bool(self.text) and text in self.text

    def with_code(self, words: frozenset[str], is_technical: bool = False) -> Allowance:
        """The same for an answer that writes these words as code: they are names in it."""
        if not (words or is_technical):
            return self
        return replace(self, words=self.words | words, is_technical=True)


_NOTHING = Allowance()


def read_allowance(prompt: str | None, allowed: Iterable[str] = ()) -> Allowance:
    """What a prompt asks for, and what the caller allows anyway.

    A Japanese prompt allows its own words; a prompt in another language allows only what it
    quotes. Asking for a translation *into Japanese* allows nothing.

    Args:
        prompt: The prompt, or None where it is not known.
        allowed: Languages that are asked for, by the codes of leaks; ``fr`` counts as ``xl``.

    Example:
        >>> sorted(read_allowance("英語で自己紹介をしてください。").languages)
        ['en']
    """
    codes = frozenset(_leak_code(code) for code in allowed)
    if not prompt:
        return Allowance(codes) if codes else _NOTHING
    asked = _read_prompt(prompt)
    return Allowance(codes | asked.languages, asked.words, asked.text)


def _leak_code(code: str) -> str:
    code = code.casefold()
    if code in {"en", "zh", "ko", "ru", "xl", "xx", "ja"}:
        return code
    return "xx" if code in {"ar", "hi", "th", "he", "el", "fa", "bn", "ta", "ka", "hy"} else "xl"


@lru_cache(maxsize=1024)
def _read_prompt(prompt: str) -> Allowance:
    is_japanese = n_kana(prompt) * 10 >= len(prompt)
    quoted = " ".join("".join(groups) for groups in _QUOTED.findall(prompt))
    own = prompt if is_japanese else quoted
    words = frozenset(word.casefold() for word in _WORD.findall(own))
    return Allowance(_asked_languages(prompt), words, own)


def _asked_languages(prompt: str) -> frozenset[str]:
    asked = set()
    for code, pattern in _NAMED.items():
        if code != "ja" and any(_is_asked(prompt, match) for match in pattern.finditer(prompt)):
            asked.add(code)
    if _SPELLED_OUT.search(prompt):
        asked.add("en")
    return frozenset(asked)


def _is_asked(prompt: str, name: re.Match[str]) -> bool:
    before, after = prompt[max(0, name.start() - 12) : name.start()], prompt[name.end() :]
    if re.search(_FROM_LATIN + "$", before) or re.match(_FROM, after):
        return False
    # 次の英語を日本語に訳して names English only as what is given.
    given = re.match(r"[^。\n]{0,30}を[^。\n]{0,12}(?:日本語|和訳)", after)
    return given is None and not re.match(r"(?:文)?を?和訳", after)
