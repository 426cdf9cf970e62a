"""What a prompt allows: languages that it asks for, and words that it uses itself."""

# ruff: noqa: E501 (a pattern is read as one line)
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from tokext.bench.leakage.codes import leak_code
from tokext.bench.leakage.scripts import LATIN, n_kana

#: What a language is called; what stands before the bar of a name is Japanese.
_NAMES = {
    "en": (r"英語|英文", "English"),
    "zh": (r"中国語|中文|漢文|広東語", "Chinese|Mandarin|Cantonese"),
    "ko": (r"韓国語|朝鮮語|ハングル", "Korean|Hangul"),
    "ru": (r"ロシア語|キリル文字", "Russian|Cyrillic"),
    "xl": (
        r"フランス語|仏語|スペイン語|ドイツ語|独語|イタリア語|ポルトガル語|オランダ語|ベトナム語|"
        r"インドネシア語|マレー語|トルコ語|ポーランド語|スウェーデン語|フィンランド語|ラテン語|"
        r"チェコ語|デンマーク語|ノルウェー語|タガログ語|エスペラント(?:語)?",
        r"French|Spanish|German|Italian|Portuguese|Dutch|Vietnamese|Indonesian|Turkish|Polish|"
        r"Swedish|Finnish|Latin",
    ),
    "xx": (
        r"タイ語|アラビア語|ヒンディー語|ヘブライ語|ギリシャ語|ギリシア語|ペルシャ語|ベンガル語|タミル語",
        r"Thai|Arabic|Hindi|Hebrew|Greek|Persian|Bengali|Tamil",
    ),
}
#: Names that hold their own request: 英訳 is a translation into English.
_REQUESTS = {"en": r"英訳|英作文", "zh": "中訳|漢訳|中国語訳", "xl": r"仏訳|独訳"}
_THINGS = (
    r"単語|例文|文章?|フレーズ|表現|言い方|会話|熟語|慣用句|ことわざ|諺|格言|名言|詩|歌詞?|手紙|メール|"
    r"スピーチ|作文|エッセイ|タイトル|題名|訳|名前|挨拶|あいさつ|自己紹介|キャッチコピー|スローガン|語彙|動詞|形容詞"
)
_GIVE = r"教え|作[っりる成]|書[いきこけ]|挙げ|出し|考え|示し|紹介|並べ|くださ|頂|いただ|お願い|欲し|ほし|リスト"
#: What follows a name where an answer in the language is wanted: 英語で, 英語に訳して, 英語の例文を作って.
_ASKED_AFTER = re.compile(
    r"(?:版|訳)?(?:のみ|だけ)?で(?!はな|なく|はあり|すが|す。|あ[るり]|書かれ|話され|述べられ|言われ|出題)|"
    r"(?:に|へ)(?:も?(?:翻?訳|直|なお|変換|置き換|言い換|し(?:て|ろ|なさい))|の?翻?訳|[。！？!?\n」]|$)|版を|訳(?:を|し)|"
    r"(?:と|や|、|・|および|または|か)[^。\n]{0,24}語(?:で|に(?:も?翻?訳|直|変換|し))|"
    rf"[^。\n、]{{0,12}}(?:{_THINGS})(?:を|も|、)(?![^。\n]{{0,12}}(?:日本語|和訳|要約|説明))[^。\n]{{0,16}}(?:{_GIVE})|"
    r"を(?:教え|話し|使って|作[っりる成]|書[いけ]|考え|挙げ)|[をが](?:話[しせ]ま|理解でき|分か|わか)"
)
#: And where it is not: 英語を使わず, 英語が苦手, 英語で話すのが怖い.
_DENIED_AFTER = re.compile(
    r"(?:の(?:単語|言葉|語))?(?:では?なく|でなく|じゃなく|以外|なしで|抜きで|禁止|は(?:使わ|禁止|不要|避け|混ぜ|入れ|なし|だめ|NG)|"
    r"を(?:使わ|用い(?!て|る)|混ぜ|避け|含め(?:ず|な)|入れ(?:ず|な)))|"
    r"[^。\n]{0,14}(?:ないで|なくて|ずに|てはいけ|苦手|苦労|不安|怖|恥|困)"
)
#: What a lesson is about: its answer holds words, quotations and examples.
_TAUGHT_AFTER = re.compile(
    rf"[^。\n、]{{0,12}}(?:{_THINGS}|文法|発音|勉強|学習|学び|学ぶ|覚え|前置詞|冠詞|助動詞|過去形|意味|違い|使い方|使い分け|綴り|つづり|"
    r"スペル|上達|テスト|クイズ|授業|レッスン|語源)"
)
_LESSON = re.compile(r"英(?:単語|会話|熟語|文法|検)|TOEIC|TOEFL")
_ASKED_WORDS = re.compile(
    rf"英(?:単語|会話|熟語)[^。\n、]{{0,8}}(?:を|も)[^。\n]{{0,16}}(?:{_GIVE})"
)
_SPELLED_OUT = re.compile(
    r"何の略|略語|略称|正式名称|フルスペル|スペル|綴り|つづり|頭文字|stand(?:s)? for|abbreviat|acronym|spell"
)
_DENIED_BEFORE = re.compile(
    r"(?:\bnot|n't|\bnever|\bwithout|\bavoid\w*|\binstead of|\brather than|\bother than|\bno)\b[^.,\n]{0,24}$",
    re.IGNORECASE,
)
_INTO_BEFORE = re.compile(r"\b(?:in|into|to)(?: [\w,]+){0,4} $", re.IGNORECASE)
_END_OF_REQUEST = re.compile(
    r"\s*(?:[.,!?:;)\"'\n(]|$|(?:and|or|with|for|about|please|only|using|as|then|that|version|so)\b|[ぁ-ヿ一-鿿])"
)
_THING_AFTER = re.compile(
    r" (?:words?|sentences?|phrases?|translations?|versions?|poems?|letters?|e?-?mails?|essays?|texts?|equivalents?|names?|"
    r"idioms?|proverbs?|vocabulary|examples?|grammar|pronunciation|spelling|lessons?)\b"
)
_GIVE_BEFORE = re.compile(
    r"\b(?:write|give|list|provide|create|make|compose|translate|tell|teach|show|suggest)\b[^.\n]{0,30}$",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"「([^「」\n]{1,400})」|『([^『』\n]{1,400})』|\"([^\"\n]{1,400})\"|“([^“”\n]{1,400})”"
)
_WORD = re.compile(rf"[{LATIN}]+")


@dataclass(frozen=True)
class Allowance:
    """What is no leak in an answer to this prompt.

    `languages` are codes of :class:`~tokext.bench.leakage.spans.Leak`; `words` are lower-case
    Latin words; `text` is what a Japanese prompt says, for whole quotations. In a technical answer
    (`is_technical`) a quoted word is the name of a command or a value. Of the languages `taught`
    words, quotations and examples are allowed, but no sentence that stands alone.
    """

    languages: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    text: str = ""
    is_technical: bool = False
    taught: frozenset[str] = frozenset()

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

    A Japanese prompt allows its own words and the text that it gives; a prompt in another language
    allows only what it quotes. A language is asked for by a request (英語で, 英訳, into English),
    not by its name; asking for a translation *into Japanese* allows nothing.

    Args:
        prompt: The prompt, or None where it is not known.
        allowed: Languages that are asked for, by the codes of leaks, as a list or as one string
            (``en`` or ``en,fr``); ``fr`` counts as ``xl``.

    Raises:
        InputError: A code of `allowed` is no language's.

    Example:
        >>> sorted(read_allowance("英語で自己紹介をしてください。").languages)
        ['en']
    """
    given = filter(None, allowed.split(",")) if isinstance(allowed, str) else allowed
    codes = frozenset(leak_code(code) for code in given)
    if not prompt:
        return Allowance(codes) if codes else _NOTHING
    asked = _read_prompt(prompt)
    return replace(asked, languages=codes | asked.languages)


@lru_cache(maxsize=1024)
def _read_prompt(prompt: str) -> Allowance:
    quoted = " ".join("".join(groups) for groups in _QUOTED.findall(prompt))
    own = prompt if _is_japanese(prompt) else quoted
    words = frozenset(word.casefold() for word in _WORD.findall(own))
    asked, taught = _asked_languages(prompt)
    return Allowance(asked, words, own, taught=taught - asked)


_KANA_AFTER = re.compile("[ぁ-ん]")
_LEARN_BEFORE = re.compile(r"\b(?:learn|study|teach|practi[cs]e)\w*(?: \w+)? $", re.IGNORECASE)
_CAN_BEFORE = re.compile(r"\bcan you (?:speak|understand|use|write|read) $", re.IGNORECASE)
_INSTRUCTION = re.compile(r"[:：\n]")
_LAST_INSTRUCTION = re.compile(
    r"要約|まとめ|訳し|翻訳|説明し|(?:上|上記|以上|この)の?(?:文|記事|内容)"
)


#: A particle right behind a Latin word, as only Japanese has it: ``overfittingって``.
_LEADS = re.compile(rf"[{LATIN}](?:\s?って|[のをはがにでとも])")


def _is_japanese(prompt: str) -> bool:
    """Whether what to do is said in Japanese; the text to do it with may be anything."""
    own = _QUOTED.sub("", prompt)
    n_words = len(_WORD.findall(own))
    if n_kana(prompt) * 10 >= len(prompt) or (n_kana(own) >= n_words > 0 and _LEADS.search(own)):
        return True
    first = _INSTRUCTION.split(prompt.strip(), maxsplit=1)[0]
    last = prompt.rstrip().rsplit("\n", 1)[-1]
    if _LAST_INSTRUCTION.search(last) is None:
        last = ""
    return any(n_kana(part) * 5 >= len(part) > 0 for part in (first, last))


def _asked_languages(prompt: str) -> tuple[frozenset[str], frozenset[str]]:
    """Languages that the answer is asked for in, and those that it is to teach.

    A language that is only named is neither: 英語教育の歴史, English literature.
    """
    asked: set[str] = set()
    taught: set[str] = set()
    for code, (japanese, english) in _NAMES.items():
        for match in re.finditer(japanese, prompt):
            _japanese_frame(prompt[match.end() :], code, asked, taught)
        for match in re.finditer(rf"(?<![A-Za-z])(?:{english})(?![A-Za-z])", prompt):
            _english_frame(prompt[: match.start()], prompt[match.end() :], code, asked, taught)
    for code, names in _REQUESTS.items():
        if re.search(rf"(?:{names})(?!され|本|者|書|[をは](?:使わ|用い|見ず|しな|不要))", prompt):
            asked.add(code)
    if _ASKED_WORDS.search(prompt):
        asked.add("en")
    if _LESSON.search(prompt) or _SPELLED_OUT.search(prompt):
        taught.add("en")
    if not asked and _asks_to_leave_japanese(prompt):
        asked.update(_NAMES)
    return frozenset(asked), frozenset(taught)


_TRANSLATE = re.compile(
    r"(?:翻訳|(?<![いし])訳)(?:し(?:て|ろ|なさい)|せよ|を(?:お願い|して|作)|お願い|[:：])"
)
_INTO_JAPANESE = re.compile(
    r"和訳|邦訳|現代語訳|口語訳|日本語(?:に|へ|で|訳)|現代(?:語|文)|標準語|[一-鿿]弁"
)


def _asks_to_leave_japanese(prompt: str) -> bool:
    """Whether Japanese is to be translated and nobody says into what: not into Japanese."""
    instruction, _, source = prompt.partition("\n" if "\n" in prompt else "：")
    if not source:
        instruction, _, source = prompt.partition(":")
    asks = _TRANSLATE.search(instruction + "：") is not None
    return asks and not _INTO_JAPANESE.search(instruction) and n_kana(source) * 5 >= len(source) > 0


def _japanese_frame(after: str, code: str, asked: set[str], taught: set[str]) -> None:
    if _DENIED_AFTER.match(after):
        return
    if _ASKED_AFTER.match(after):
        asked.add(code)
    elif _TAUGHT_AFTER.match(after):
        taught.add(code)


def _english_frame(before: str, after: str, code: str, asked: set[str], taught: set[str]) -> None:
    if _KANA_AFTER.match(after):
        _japanese_frame(after, code, asked, taught)
        return
    if _DENIED_BEFORE.search(before[-60:]):
        return
    is_given = re.match(r"[^.\n]{0,40}\b(?:in)?to Japanese", after) is not None
    is_wanted = _INTO_BEFORE.search(before[-60:]) and _END_OF_REQUEST.match(after)
    if (is_wanted and not is_given) or _CAN_BEFORE.search(before[-40:]):
        asked.add(code)
    elif _THING_AFTER.match(after):
        (asked if _GIVE_BEFORE.search(before[-60:]) and not is_given else taught).add(code)
    elif _LEARN_BEFORE.search(before[-40:]):
        taught.add(code)
