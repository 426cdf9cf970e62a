"""What stands around a stretch of Latin letters: glosses, quotations, mention."""

# ruff: noqa: E501 (a pattern is read as one line)
from __future__ import annotations

import re
from functools import cache

from tokext.bench.leakage.scripts import LATIN, OWN
from tokext.bench.leakage.words import word_set

_CLOSING = {"(": ")）", "（": "）)", "[": "]", "［": "］", "〔": "〕"}
_QUOTES = {
    "「": "」",
    "『": "』",
    '"': '"',
    "“": "”",
    "‘": "’",
    "〈": "〉",
    "《": "》",
    "'": "'",
    "«": "»",
}


@cache
def _own(language: str) -> re.Pattern[str]:
    return re.compile(f"[{OWN[language]}]")


@cache
def _gloss_host(language: str) -> re.Pattern[str]:
    return re.compile(rf"[{OWN[language]}{LATIN}」』》»\"”*0-9]\s{{0,2}}$")


#: With one of these a parenthesis is a sentence, not the name of a thing.
_SENTENCE_WORDS = re.compile(
    r"\b(?:is|are|was|were|be|been|will|would|should|can|could|may|must|have|has|had|do|does|did|"
    r"this|that|which|it|its|you|your|we|our|they|their|i|my|he|she|there|not|est|sont|ist|sind|"
    r"es|son|que)\b",
    re.IGNORECASE,
)
_LONGEST_GLOSS = 120
#: What an answer that ends inside a parenthesis may hold of it.
_LONGEST_CUT = 40


def is_sentence(text: str) -> bool:
    """Whether a stretch holds a word that only sentences have.

    Example:
        >>> is_sentence("Hockey is my favorite"), is_sentence("Attention Is All You Need")
        (True, False)
    """
    found = _SENTENCE_WORDS.search(text)
    return found is not None and found.group().islower()


_LANGUAGE_NAME = r"(?:英|中国|韓国|朝鮮|仏|独|ロシア|フランス|ドイツ|スペイン|イタリア|ポルトガル|ラテン|ギリシャ|ギリシア|アラビア|タイ|ベトナム|インドネシア|ヒンディー|ヘブライ|オランダ|トルコ|外国|外来)語"
_MENTION_BEFORE = re.compile(
    rf"(?:{_LANGUAGE_NAME}|[動名形副代]詞|形容詞|副詞|形容動詞|助動詞|前置詞|接続詞|冠詞|接頭辞|接尾辞|接頭語|接尾語|"
    r"単語|英単語|熟語|語源|語幹|語尾|複数形|単数形|過去形|過去分詞|略語|用語|スペル|綴り|つづり|発音|表記|訳語|原題|原語|英訳|ローマ字|読み方?|文字列|キーワード|コミットメッセージ)"
    r"(?:[^。「」『』\"“”]{0,14})$"
)
_MENTION_AFTER = re.compile(
    r"(?:[^。「」『』\"“”]{0,6})(?:という?(?:英|単)?(?:単語|言葉|語|動詞|名詞|形容詞|用語|表現|文字列|フレーズ|キーワード|エラー|メッセージ|警告|ボタン|名前)|(?:と|で)?発音|と表記|と書[きくい]|と綴|と訳|と略|の略|の意味|を意味|"
    r"は[^。]{0,20}(?:意味|含み|ニュアンス|と読|という語|形容詞|[動名副代]詞|助動詞|前置詞|接続詞|冠詞|[ァ-ヶー一-鿿]{1,8}(?<!物)語(?:です|で|の)|挨拶|複数形|過去形|単語|略|進行形|完了形)|の(?:複数形|過去形|過去分詞|発音|語源|スペル|綴り)|と言います|と言う|といいます|とローマ字)"
)


#: Small, these make a clause of what a parenthesis holds.
_CLAUSE_WORDS = re.compile(
    r"(?<![A-Za-z\-])(?:also|mine|because|very|when|if|but|please|always|who|whose|than)(?![A-Za-z\-])"
    "|[这那這您你我吗嗎呢吧]|(?<![如国國社])是|[们們]"
    "|(?:^|\\s)(?:그리고|하지만|그래서|그런데|매우|정말|아주|너무)\\s|\\S\\s+\\S+\\s+\\S*[다요까죠][.!?]?$"
)
#: Japanese before a word that it introduces: 英: term, 正式には term.
_INTRODUCED = re.compile(
    rf"(?:英|{_LANGUAGE_NAME}|英名|英訳|別名|別称|略称?|略して|正式名?称?|原題|原語|学名|または|もしくは|いわゆる|通称|旧名?|例|例えば|特に|主に)"
    r"(?:で(?:は|言うと)?|には?|の|名|は)?\s?[\"“「『]?(?=[A-Za-z])"
)
_PARTS = re.compile(r"[:：、,，/／;；・=＝]|など|等|または|もしくは")
_LOWER_WORD = re.compile(r"(?<![A-Za-z.])[a-z]{3,}(?![A-Za-z])")
_LOWER_HOST = re.compile(r"(?<![A-Za-z0-9._/\-])[a-z]{3,}\s{0,2}$")


def is_gloss(line: str, start: int, end: int, language: str = "ja") -> bool:
    """Whether ``line[start:end]`` glosses the word before its parenthesis: ``日本語（term）``.

    A clause in parentheses is no gloss, nor are more than eight words, Japanese with English words
    among it, or English behind English in small letters. A parenthesis that the end of the line
    leaves open is read as far as it goes.

    Example:
        >>> line = "離職率（turnover rate）は"
        >>> is_gloss(line, 4, 17)
        True
    """
    open_at = _opening_before(line, start)
    if open_at < 0 or not _gloss_host(language).search(line[max(0, open_at - 4) : open_at]):
        return False
    close_at = _find_closing(line, open_at, end, language)
    if close_at < 0:
        return False
    inside = line[open_at + 1 : close_at]
    if len(inside.split()) > 8 or _SENTENCE_WORDS.search(inside):
        return False
    is_title = line[:open_at].rstrip()[-1:] in {"』", "」"}
    if not is_title and (_CLAUSE_WORDS.search(inside) or _is_mixed(inside, language)):
        return False
    host = _LOWER_HOST.search(line, max(0, open_at - 24), open_at)
    is_known = host is None or host.group().strip() in word_set("neutral")
    return is_known or not _LOWER_WORD.search(inside)


def _is_mixed(inside: str, language: str) -> bool:
    """Whether one part of a parenthesis has both words of the language and small Latin ones."""
    return any(
        _own(language).search(part) and _LOWER_WORD.search(part)
        for part in _PARTS.split(_INTRODUCED.sub("", inside))
    )


def _opening_before(line: str, start: int) -> int:
    """Where the parenthesis opens that `start` lies in, no further back than a gloss is long."""
    for at in range(start - 1, max(-1, start - _LONGEST_GLOSS), -1):
        if line[at] in _CLOSING:
            return at
        if line[at] in ")）]］〕。」":
            return -1
    return -1


def _find_closing(line: str, open_at: int, end: int, language: str) -> int:
    closing = _CLOSING[line[open_at]]
    for at in range(end, min(len(line), open_at + 1 + _LONGEST_GLOSS)):
        if line[at] in closing:
            return at
        if line[at] in "。":
            return -1
    is_cut_off = len(line) - open_at <= _LONGEST_CUT and not _own(language).search(line, open_at)
    return len(line) if is_cut_off else -1


_EXPLAINED = re.compile(r"\s{0,2}[（(]([^（）()]{1,40})[）)]")


def is_glossed(line: str, end: int, n_words: int, language: str = "ja") -> bool:
    """Whether a word of the language in parentheses follows at once: ``term（日本語）``.

    Example:
        >>> is_glossed("deep learning（深層学習）とは", 13, 2)
        True
    """
    match = _EXPLAINED.match(line, end)
    if match is None or n_words > 4:
        return False
    inside = match[1]
    n_own = len(_own(language).findall(inside))
    return n_own * 2 >= len(inside) and not inside.startswith(("例", "また", "または", "など"))


def quote_around(line: str, start: int, end: int) -> str:
    """The opening quotation mark if ``line[start:end]`` is all that is quoted, else nothing.

    Example:
        >>> quote_around("「run」とは", 1, 4)
        '「'
    """
    before, after = (
        line[max(0, start - 3) : start].rstrip()[-1:],
        line[end : end + 3].lstrip(" .,!?")[:1],
    )
    return before if before in _QUOTES and before and after == _QUOTES[before] else ""


_SUBJECT = re.compile(
    r"(?:I|[Yy]ou|[Ww]e|[Tt]hey|[Hh]e|[Ss]he|[Ii]t|[Tt]h(?:is|at|ere)|I['’](?:m|ll|ve|d)|[A-Za-z]+['’](?:s|re|ll|ve)) [a-z]"
)
_SAID = re.compile(
    r"[.,!?…]*\s?[」』\"”]\s?と(?:[^。「」『』]{0,12}?)(?:言っ|いっ[たて]|叫|答え|話し|笑|ささや|囁|つぶや|呟|返|尋ね|告げ|述べ|伝え)"
)
_WORK_AFTER = re.compile(
    r"[.,!?]*[」』\"”]\s?(?:(?:と|を)(?:歌|演奏|カバー)|(?:という|など|の)?(?:曲|歌|映画|アルバム|ドラマ|小説|本|番組|作品|ゲーム))"
)
_WORK_BEFORE = re.compile(
    r"(?:曲|歌|映画|アルバム|ドラマ|小説|シングル|作品|題名|タイトル|ゲーム)(?:の|は|「|『|に)?\s?[「『\"“]?$"
)


def is_work(line: str, start: int, end: int) -> bool:
    """Whether a quotation is sung, or called a song, a film or a book.

    Example:
        >>> is_work("映画「You only live twice」", 3, 22), is_work("「I am here」と", 1, 10)
        (True, False)
    """
    return (
        _WORK_AFTER.match(line, end) is not None
        or _WORK_BEFORE.search(line[max(0, start - 8) : start]) is not None
    )


def is_speech(line: str, start: int, end: int) -> bool:
    """Whether what is quoted is said by someone, and no title: a subject and its verb, or と言った.

    Example:
        >>> is_speech("「I am here」と", 1, 10), is_speech("「Let It Be」と言った", 1, 10)
        (True, False)
    """
    words = line[start:end].split()
    if len(words) < 2 or is_work(line, start, end):
        return False
    if _SUBJECT.match(line, start, end):
        return True
    return any(word.islower() for word in words[1:]) and _SAID.match(line, end) is not None


def is_mentioned(line: str, start: int, end: int) -> bool:
    """Whether a quoted word is spoken about: ``動詞「run」``, ``「run」という単語``.

    Example:
        >>> is_mentioned("動詞「run」は", 3, 6), is_mentioned("「run」を", 1, 4)
        (True, False)
    """
    before, after = line[max(0, start - 40) : start], line[end : end + 40]
    if _IN_PATTERN.match(after):
        return True
    quoted = before.rstrip()[-1:] in _QUOTES
    if quoted:
        before = _QUOTED_BEFORE.sub("", before.rstrip()[:-1])
        after = after.lstrip(" .,!?")[1:]
    if _MENTION_BEFORE.search(before) is not None and (
        quoted or before.endswith(("は", "は ", "で"))
    ):
        return True
    return _MENTION_AFTER.match(after) is not None and (
        quoted or "の略" in after[:8] or "と言" in after[:8]
    )


#: A pattern of grammar: ``make＋人＋動詞の原形``.
_IN_PATTERN = re.compile(
    r"\s?[＋+]\s?(?:人|物|名詞|代名詞|動詞|形容詞|副詞|目的語|主語|補語|原形|過去分詞|不定詞|文)"
)
#: What is named along with what is mentioned: 名詞の "nation" や "station".
_QUOTED_BEFORE = re.compile(
    r"(?:[「『\"“][^「」『』\"“”]{1,20}[」』\"”]\s?(?:や|と|、|・|,|または)?\s?)+$"
)


#: Programs are made of these: what stands before one is an identifier (``for ループ``).
_OF_CODE = (
    "文(?![化学章字書明脈句面献法])|型(?![式崩破])|句(?![点読])|節(?![約電分目])|ループ|演算子|メソッド|関数|変数|引数|クラス|フラグ|オプション|コマンド|パッケージ|"
    "ライブラリ|モジュール|ディレクトリ|フォルダ|ファイル|タグ|属性|プロパティ|ディレクティブ|フック|ヘッダー?|リクエスト|ブランチ|キー(?![ワポパマー])|"
    "カラム|パラメー?タ|ステートメント|クエリ|ユーザー権限|権限|ポート|エンドポイント|デコレータ|コンポーネント|スロット|疑似クラス|構文|拡張子|リポジトリ|インスタンス|オブジェクト"
)
_CODE_AFTER = re.compile(rf"[A-Za-z0-9_/.\-]{{0,40}}[」』\"'”]?\s?(?:{_OF_CODE})")


def names_code(line: str, end: int) -> bool:
    """Whether the word that ends at `end` names a part of a program: ``while ループ``.

    Example:
        >>> names_code("while ループ", 5), names_code("love ソング", 4)
        (True, False)
    """
    return _CODE_AFTER.match(line, end) is not None
