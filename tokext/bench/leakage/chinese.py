"""Chinese inside and between Japanese: characters that Japanese lacks, and words it does not use."""

# ruff: noqa: E501 (a pattern is read as one line)
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tokext.bench.leakage.scripts import _CHINESE_THOUGH_IN_JIS as _IN_JIS
from tokext.bench.leakage.scripts import HAN, KANA, char_class, chinese_only_class

# Words in characters that Japanese shares. What follows a bar keeps a Japanese compound out:
# 許可以外 holds 可以, 最大的 ends in 大的.
_WORDS = (
    r"提升|學習(?!院)|避免(?!れ)|導致|建議(?!書)|資訊|朋友(?!会)|網路|網站|軟體|硬體|漂亮|開心|快樂|討厭|告訴(?![すさ権])|告诉|覺得|幫忙|一直(?!線)|一些(?!事|細)|"
    r"為什麼|為何|哪裡|這裡|那裡|因而|而是(?![非正])|並非|首先|其次(?![にの])|總之|然而|總的來說|也就是|換句話說|一方面|生活方式|特点|"
    r"良好的|美好的|健康的生活|所有的|更多的|更好的|其他的|優秀的(?![なに])|簡單的|美麗的|有趣的|最重要的|每(?:天|個|次|人|月|日|種|位)|"
    r"因为|关于|虽然|为了|由于|对于|根据|如何(?=提高|使用|選擇|改善|解決)|通过|让|这个|这些|这样|那么|什么|怎么|没有(?!無)|我今天|我们|你们|他们|每个|已经|还有|应该|"
    r"因此|但是|如果|(?<![許認不])可以(?![外上下内前後降来])|(?<![場箇個名長短])所以(?![外上下内前後降来はがでのをもにだと])|以及(?!び)|例如(?!く)|而且|並且|"
    r"由於|對於|關於|不是|只是(?!正)|就是|還是|也是|都是|不會|不会(?!員)|不知道|不僅|沒有|沒|已經|還有|甚至|無論如何|即使(?!用|命|者)|既然|雖然|因為|為了|"
    r"使用的(?!な|に)|我們|你們|他們|她們|我的|你的|(?<![一-鿿])他的(?![なに])|她的|自己的(?!な)|這個|這些|這樣|這種|這是|這(?![入子般箇])[一-鿿]|那個|那些|那樣|那麼|什麼|怎麼|怎樣|怎[一-鿿]|"
    r"非常的|進行的(?!な)|不同的(?!な)|主要的(?!な)|重要的(?!な)|最好的?|的方法是|的是(?!非|正)|的時候|的話題是|的人們|是一(?:個|种|種|位|家|座|本|部|名|款)|是在|是(?![非正認々])[一-鿿]{1,8}的(?![一-鿿なに])|是我|是非常|是因為|"
    r"都有|都會(?=[是有在更讓])|都能|都可|還會|將會|將在|能夠|能够|我是|你是|他是|她是|我在|我想|我有|我不(?:知道|是|会|能|想|要)?|我会|我會|我要|我去|我学|他不是|他也|他在(?!宅|庫|籍|住)|我也|我愛|我喜|"
    r"取代(?!わ|え)|效率|今天(?!皇)|明天(?!皇|気|候|然|体)|昨天(?!皇)|去了|吃了|喝了|説了|說了|来了(?!解|承)|來了|到了(?!解)|有了(?!解)|做了|"
    r"学了(?!解)|學了|喜歡|謝謝|你好|再見|早上好|晚上好|人們|孩子|此外|總之|認為|成為|按照(?!合)|幫助|比如|尤其|特別是(?!正|非|認)|屬於|一種(?:方法|方式)|在這|在那|在我(?!々|が|国|慢)|在中国的|在日本的|"
    r"多吃|多喝|好好|是否有|是否需|請參|請你|(?<![要申懇招奏勧起普下元受再強])請注|(?<![要申懇招奏勧起普下元受再強])請確|(?<![要申懇招奏勧起普下元受再強])請勿|(?<![要申懇招奏勧起普下元受再強])請先|(?<![要申懇招奏勧起普下元受再強])請選|(?<![要申懇招奏勧起普下元受再強])請輸|(?<![要申懇招奏勧起普下元受再強])請参|(?<![要申懇招奏勧起普下元受再強])請按|(?<![要申懇招奏勧起普下元受再強])請提|(?<![要申懇招奏勧起普下元受再強])請使|(?<![要申懇招奏勧起普下元受再強])請聯|(?<![要申懇招奏勧起普下元受再強])請告|(?<![要申懇招奏勧起普下元受再強])請查|(?<![要申懇招奏勧起普下元受再強])請務|(?<![要申懇招奏勧起普下元受再強])請問|(?<![要申懇招奏勧起普下元受再強])請在|應該|需要(?:注意|考慮|進行|一|有)|進行了|提供了|提高了|增加了|介紹|説明了|的重要性|的发展|的影響下|"
    # Shortened and old forms that JIS has and Japanese spells otherwise, and where it does use them.
    r"最后|之后|然后|以后|今后|前后|背后|(?<![皇太王立母天妃])后(?![妃宮稷陵町土羿]|$|は|が|を|と|の|も)|(?<![淳鮮])于(?=[一-鿿])(?![禁謙田右娜])|(?<![案脇浄床])几(?=[個个天年次乎種位百千万点])|"
    r"采[用集購訪摘納]|采取(?!女)|从(?=[一-鿿])|很(?=[一-鿿])|當(?=[您你我他她])|給你|給我|給他|給她|並(?=[不沒没](?![一-鿿]?[足平]))|"
    r"提高(?!年|度|等|校)|一起(?![一立])|有助于|有助於|不可或缺|不可或欠|与此同|以下是(?![非正])|(?<![開解追釈])放入(?![口力学試荷門館場国隊社])|"
    r"保持良好|保持健康|保持足|保持冷静|保持距離|非常簡単|非常簡單|非常重要な|非常美味|非常方便|非常感謝|非常好|(?<![所唯])有一個|(?<![所唯])有一些|(?<![所唯])有一種|(?<![所唯])有一位|(?<![所唯])有一天|"
    r"(?<![思理空感幻回予発構連妄着夢追])想去|(?<![思理空感幻回予発構連妄着夢追])想吃|(?<![思理空感幻回予発構連妄着夢追])想知|(?<![ぁ-ゖ一-鿿])当然，|(?<![ぁ-ゖ一-鿿])其中，|(?<![ぁ-ゖ一-鿿])同時，|(?<![ぁ-ゖ一-鿿])最後，|(?<![ぁ-ゖ一-鿿])另外，|(?<![ぁ-ゖ一-鿿])目前，|(?<![ぁ-ゖ一-鿿])有時，|(?<![ぁ-ゖ一-鿿])有些，|(?<![ぁ-ゖ一-鿿])不過，|(?<![ぁ-ゖ一-鿿])相反，|(?<![ぁ-ゖ一-鿿])注意事項，|(?<![ぁ-ゖ一-鿿])第一，|(?<![ぁ-ゖ一-鿿])第二，|(?<![ぁ-ゖ一-鿿])第三，|(?<![ぁ-ゖ一-鿿])第四，|(?<![ぁ-ゖ一-鿿])第五，|"
    r"(?<![一-鿿])在(?=[0-9]{3,4}年)"
)
#: Function words that count only in a clause without kana, and only outside these compounds.
_FUNCTION = re.compile(
    r"(?<![如国社若])是(?![非正認々])|(?<![完終修満投校魅未議])了(?![解承見知簡])|"
    r"(?<![存現所滞潜健実内自偏点介混散駐顕遍近不])在(?![庫籍宅住学日留職来位任室京米外所野家勤])|(?<=[一-鿿])(?:也(?=[是不有会能很可要想])|就(?![職学業任航寝労農床役])|都(?=[是有会能可])|很|把|被(?=[人他我])|給|和(?=[你我他])|跟|与(?=其))|不(?=[是会能知想要去吃好同])|(?<=[一-鿿])與|其(?=[種中他實次應所])|但(?=[是不這也在有])|了(?=一[種种個个])|於(?=[一-鿿])|(?<=[一-鿿])之(?=[一-鿿])|(?<=[一-鿿])(?:和|及)(?=[一-鿿]{2,}的)"
)
#: Also ends a Japanese adjective (論理的思考): evidence only beside another function word.
_OF = re.compile("(?<![目標的確一般])的(?=[一-鿿])")
#: Traditional forms that Japanese has replaced: in names and old texts one or two, in Chinese many.
_OLD_FORM = re.compile(
    "[對與學國會經來將實發點關從應當體變讓屬勞總區圖廣據擴擇擔數斷樣權歷歸氣淨滿濟灣狀獨畫盡續聲聽"
    "舊萬處號覺觀觸證譯讀豐賣輕轉辭遲邊鐵隨雙靈餘驗齊齒龍攝歐殘澤檢樂個為單]"
)
#: What makes a sentence of a row of Han without kana, outside of set phrases and names.
_SYNTAX = re.compile(
    r"(?<=[一-鿿])(?<![如国社若即彼先由疑])是(?=[一-鿿])(?![正非認々空枝川永我])|"
    r"(?<=[一-鿿])(?<![完終修満投校魅未議読結審閲診演検])了(?=[一-鿿])(?![解承見知簡介輔司平太])"
)
#: Han in a row with a function word of Chinese among them.
_KANALESS = (
    r"[一-鿿，、][一-鿿，、][是了在也就很這个個之於不的和与把被給跟都][一-鿿，、][一-鿿，、]"
)


@dataclass(frozen=True)
class ChineseClause:
    """A stretch of Chinese at ``[start, end)`` of a line, and what gave it away."""

    start: int
    end: int
    reason: str
    certain: bool


@cache
def _only() -> re.Pattern[str]:
    return re.compile(f"[{chinese_only_class()}{char_class(_IN_JIS)}]")


@cache
def trigger() -> re.Pattern[str]:
    """What has to occur in a line before it is worth a closer look for a Chinese word.

    The words without what may not stand around them, sorted by their first character, so that the
    search skips everything else at the speed of C.
    """
    by_first: dict[str, set[str]] = {}
    for word in _split_words():
        by_first.setdefault(word[0], set()).add(word[1:])
    return re.compile(
        "|".join(f"{first}(?:{'|'.join(sorted(rest))})" for first, rest in by_first.items())
    )


def _split_words() -> list[str]:
    """The literal beginnings of the entries of `_WORDS`, but 在, which counts before a year only."""
    bare = re.sub(r"\(\?<?[!=][^()]*\)", "", _WORDS)
    bare = re.sub(r"\(\?:[^()]*\)|.\?", "", bare)
    return [re.split(r"[\[{(]", word)[0] for word in bare.split("|") if word not in {"", "在"}]


@cache
def evidence() -> re.Pattern[str]:
    """What a line has to hold before its clauses are read: a character, a word, or Han in a row."""
    return re.compile(
        f"[{chinese_only_class()}{char_class(_IN_JIS)}]|{trigger().pattern}|在(?=[0-9])|{_KANALESS}"
    )


_WORD = re.compile(_WORDS)
_RUN = re.compile(f"[{HAN}]+")
# A clause without kana: Han, with digits, Latin words and Chinese punctuation in between.
_CLAUSE = re.compile(rf"[{HAN}](?:[{HAN}，、：；！？“”《》·\dA-Za-z%．,.\-–— 　（）()]*[{HAN}])?")
_PART = re.compile(f"[{HAN}\\dA-Za-z%]+")
_QUOTES = frozenset("「『《（(")
_PARTICLES = frozenset("はがをにでとのもへやかなだ")
_KANA = re.compile(f"[{KANA}]")
_KANA_AFTER = re.compile("[ぁ-ゖ]")


def find_chinese(line: str) -> Iterator[ChineseClause]:
    """Chinese words and clauses in one line, in order, none overlapping another.

    A stretch without kana that holds enough evidence is Chinese from its first to its last piece of
    evidence, each widened to its run of Han; with little evidence only the word that gave it away.

    Example:
        >>> [line[c.start:c.end] for line in ["次の问题です"] for c in find_chinese(line)]
        ['问题']
    """
    if not evidence().search(line):
        return
    for match in _CLAUSE.finditer(line):
        # One character further, for what is seen only by what stands behind it.
        if evidence().search(line, match.start(), match.end() + 1):
            for clause in _in_clause(line, match.start(), match.end()):
                if not _is_japanese_comma(line, clause):
                    yield clause


#: Japanese has these words too: what speaks for Chinese is the comma behind them.
_BEFORE_COMMA = re.compile(
    "(?:当然|其中|同時|最後|目前|有時|不過|相反|注意事項|第[一二三四五六七八九十])，"
)
_KANA_COMMA = re.compile("[ぁ-ゖ]，")


def _is_japanese_comma(line: str, clause: ChineseClause) -> bool:
    """Whether the line writes `，` after kana too, as Japanese science and offices do."""
    is_by_comma = _BEFORE_COMMA.fullmatch(line, clause.start, clause.end) is not None
    return is_by_comma and _KANA_COMMA.search(line) is not None


def _in_clause(line: str, start: int, end: int) -> Iterator[ChineseClause]:
    parts = [_Part.read(line, m.start(), m.end()) for m in _PART.finditer(line, start, end)]
    if not any(part.score for part in parts):
        return
    if not _touches_kana(line, start, end) and _is_all_chinese(parts):
        yield _clause(line, parts)
        return
    group: list[_Part] = []
    for part in parts:
        if part.is_chinese or (group and part.score >= 0.5):
            if group and not _may_join(line, group[-1], part):
                yield _clause(line, group)
                group = []
            group.append(part)
        elif group and part.is_neutral:
            continue
        elif group:
            yield _clause(line, group)
            group = []
    if group:
        yield _clause(line, group)


def _touches_kana(line: str, start: int, end: int) -> bool:
    around = line[max(0, start - 1) : start] + line[end : end + 1]
    return _KANA.search(around) is not None


def _is_all_chinese(parts: list[_Part]) -> bool:
    """Whether a sentence without kana has enough evidence for its parts without any."""
    n_han = sum(part.n_han for part in parts)
    return n_han >= 8 and sum(part.score for part in parts) >= max(3.0, 0.1 * n_han)


@dataclass(frozen=True)
class _Part:
    """Han between two marks of punctuation, with the evidence that it is Chinese.

    `n_beside` are function words outside `words`; `is_spelled_out` tells whether all characters
    that only Chinese has (`only`) stand inside them.
    """

    start: int
    end: int
    n_han: int
    only: tuple[int, ...]
    words: tuple[tuple[int, int], ...]
    n_function: int
    n_beside: int
    n_of: int
    n_old: int
    has_syntax: bool
    is_spelled_out: bool
    before_kana: bool
    after_kana: bool

    @staticmethod
    def read(line: str, start: int, end: int) -> _Part:
        # One character further, because what may not follow a word often is the kana behind it.
        only = tuple(m.start() for m in _only().finditer(line, start, end))
        words = tuple((m.start(), m.end()) for m in _WORD.finditer(line, start, end + 1))
        function = [m.start() for m in _FUNCTION.finditer(line, start, end + 1)]
        in_words = {at for word in words for at in range(*word)}
        return _Part(
            start,
            end,
            n_han=sum(map(len, _RUN.findall(line, start, end))),
            only=only,
            words=words,
            n_function=len(function),
            n_beside=sum(at not in in_words for at in function),
            n_of=sum(1 for _ in _OF.finditer(line, start, end + 1)),
            n_old=len(_OLD_FORM.findall(line, start, end)),
            has_syntax=(
                line[start - 1 : start] not in _QUOTES
                and _SYNTAX.search(line, start, end) is not None
            ),
            is_spelled_out=in_words.issuperset(only),
            before_kana=_KANA_AFTER.match(line, end) is not None,
            after_kana=start > 0 and _KANA.match(line[start - 1]) is not None,
        )

    @property
    def is_mixed(self) -> bool:
        """Whether one word is all that speaks for Chinese, in a part that touches kana."""
        is_long = bool(self.only) and self.n_han >= 6
        is_weak = len(self.words) == 1 and not self.n_beside and self.is_spelled_out
        return is_weak and not is_long and (self.before_kana or self.after_kana)

    @property
    def score(self) -> float:
        return 3.0 * len(self.only) + 2.0 * len(self.words) + self.n_beside

    @property
    def is_chinese(self) -> bool:
        if self.only or self.words:
            return True
        if self.has_syntax and self.n_han >= 5 and not (self.before_kana or self.after_kana):
            return True
        evidence = self.n_function + self.n_of + (self.n_old >= 2)
        return self.n_han >= 6 and self.n_function >= 1 and evidence >= 2

    @property
    def is_neutral(self) -> bool:
        return self.n_han == 0


def _may_join(line: str, one: _Part, other: _Part) -> bool:
    return not re.search("[。]", line[one.end : other.start])


def _clause(line: str, parts: list[_Part]) -> ChineseClause:
    first, last = parts[0], parts[-1]
    start = _evidence_start(line, first)
    end = _evidence_end(line, last)
    if line[end : end + 1] == "，" or (
        len(parts) > 1 and line[end : end + 1] in {"。", "！", "？"}
    ):
        end += 1
    only = [line[at] for part in parts for at in part.only]
    words = [line[a:b] for part in parts for a, b in part.words]
    if only:
        return ChineseClause(
            start, end, f"{''.join(only[:5])!r}: not in Japanese orthography", True
        )
    if words:
        return ChineseClause(start, end, f"{words[0]!r} is Chinese, not Japanese", True)
    return ChineseClause(start, end, "a clause without kana with Chinese function words", False)


def _evidence_start(line: str, part: _Part) -> int:
    """One word in shared characters is weak evidence: it stands for itself alone."""
    if part.is_mixed:
        return min(begin for begin, _ in part.words)
    return part.start


def _evidence_end(line: str, part: _Part) -> int:
    if part.is_mixed:
        return max(end for _, end in part.words)
    last = part.end - 1
    if part.before_kana and line[part.end] not in _PARTICLES and last not in part.only:
        return (
            part.end if line[last] in "了的过過" else last
        )  # 这样使います: the last Han belongs to a Japanese verb
    return part.end
