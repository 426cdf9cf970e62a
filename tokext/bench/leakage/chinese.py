"""Chinese inside and between Japanese: characters Japanese lacks, and words it does not use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tokext.bench.leakage.chinesewords import FUNCTION, KANALESS, OF, OLD_FORM, SYNTAX, WORDS
from tokext.bench.leakage.scripts import _CHINESE_THOUGH_IN_JIS as _IN_JIS
from tokext.bench.leakage.scripts import HAN, KANA, char_class, chinese_only_class


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
    """The literal beginnings of the entries of `WORDS`, but 在, which counts before a year only."""
    bare = re.sub(r"\(\?<?[!=][^()]*\)", "", WORDS)
    bare = re.sub(r"\(\?:[^()]*\)|.\?", "", bare)
    return [re.split(r"[\[{(]", word)[0] for word in bare.split("|") if word not in {"", "在"}]


@cache
def evidence() -> re.Pattern[str]:
    """What a line has to hold before its clauses are read: a character, a word, or Han in a row."""
    return re.compile(
        f"[{chinese_only_class()}{char_class(_IN_JIS)}]|{trigger().pattern}|在(?=[0-9])|{KANALESS}"
    )


_WORD = re.compile(WORDS)
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
        function = [m.start() for m in FUNCTION.finditer(line, start, end + 1)]
        in_words = {at for word in words for at in range(*word)}
        return _Part(
            start,
            end,
            n_han=sum(map(len, _RUN.findall(line, start, end))),
            only=only,
            words=words,
            n_function=len(function),
            n_beside=sum(at not in in_words for at in function),
            n_of=sum(1 for _ in OF.finditer(line, start, end + 1)),
            n_old=len(OLD_FORM.findall(line, start, end)),
            has_syntax=(
                line[start - 1 : start] not in _QUOTES
                and SYNTAX.search(line, start, end) is not None
            ),
            is_spelled_out=in_words.issuperset(only),
            before_kana=_KANA_AFTER.match(line, end) is not None,
            after_kana=start > 0 and _KANA.match(line[start - 1]) is not None,
        )

    @property
    def is_mixed(self) -> bool:
        """Whether one word is all that speaks for Chinese, in a part that touches kana."""
        is_weak = len(self.words) == 1 and not self.n_beside and self.is_spelled_out
        return is_weak and (self.before_kana or self.after_kana)

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
    return part.only[0] if _is_plural(line, part) else part.start


def _is_plural(line: str, part: _Part) -> bool:
    """Whether an ending of Chinese stands behind a noun of Japanese: 観光客们."""
    touches_kana = part.before_kana or part.after_kana
    is_alone = not part.words and not part.n_beside and len(part.only) == 1
    return is_alone and touches_kana and part.start < part.only[0] and line[part.only[0]] in "们們"


def _evidence_end(line: str, part: _Part) -> int:
    if part.is_mixed:
        return max(end for _, end in part.words)
    last = part.end - 1
    if part.before_kana and line[part.end] not in _PARTICLES and last not in part.only:
        return (
            part.end if line[last] in "了的过過" else last
        )  # 这样使います: the last Han belongs to a Japanese verb
    return part.end
