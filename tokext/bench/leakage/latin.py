"""Words of other languages in Latin letters, inside Japanese and in lines of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from tokext.bench.leakage import context
from tokext.bench.leakage.capitals import LONG_TITLE, find_capitalized
from tokext.bench.leakage.latinwords import Word, read_words
from tokext.bench.leakage.lines import JSON, LineKind
from tokext.bench.leakage.prompts import Allowance
from tokext.bench.leakage.scripts import HAN, KANA, LATIN, MASKED, foreign_letters, n_japanese
from tokext.bench.leakage.spans import Found
from tokext.bench.leakage.words import (
    is_english,
    is_romaji,
    language_votes,
    latin_language,
    latin_words,
    word_set,
)

# A stretch starts and ends with a letter and holds no Japanese; full-width punctuation ends it.
_BREAK = rf"{KANA}{HAN}{MASKED}、。「」『』（）【】《》・：；！？，…→⇒|\t\n" + foreign_letters()
_STRETCH = re.compile(rf"[{LATIN}](?:[^{_BREAK}]*[{LATIN}])?")
_BRACKETS = re.compile(r"[()\[\]{}\"“”«»<>]")


def find_latin(
    line: str, raw: str, kind: LineKind, allowance: Allowance, is_entry: bool
) -> Iterator[Found]:
    """Leaks in Latin letters in one line.

    Args:
        line: The line with everything masked that is no prose.
        raw: The same line as it stands in the text.
        kind: In JSON only sentences count.
        allowance: What the prompt allows.
        is_entry: Whether the line is an entry of a list, where capitals are more often a title.
    """
    alone = n_japanese(line) == 0
    for match in _STRETCH.finditer(line):
        words = read_words(line, match.start(), match.end(), allowance)
        if kind == JSON:
            found = _sentence(words, least=4) or _cut_off(raw, words)
            yield from [found] if found else []
        else:
            yield from _in_stretch(raw, words, allowance, alone, is_entry)


def _in_stretch(
    raw: str, words: list[Word], allowance: Allowance, alone: bool, is_entry: bool
) -> Iterator[Found]:
    """Leaks in one stretch: a sentence as a whole, else the single words that leak."""
    segments = list(_segments(raw, words))
    if len(segments) == 1 and (speech := _speech(raw, segments[0], allowance)) is not None:
        yield speech
        return
    open_words = [
        word for segment in segments if not _is_exempt(raw, segment, allowance) for word in segment
    ]
    if not open_words:
        return
    lone = _lone_small_word(raw, open_words, allowance) if len(words) == 1 else None
    if lone is not None:
        yield lone
        return
    sentence = _sentence(open_words, least=4)
    if sentence is not None:
        if not allowance.quotes(raw[sentence.start : sentence.end]):
            yield replace(sentence, end=_with_stop(raw, sentence.end))
        return
    lowers = [word for word in open_words if word.kind == "lower"]
    lowers = _without_names(lowers, words)
    if allowance.is_technical:  # an unknown word is the name of a program: psql, htop
        lowers = [w for w in lowers if is_english(w.lower) or language_votes(w.lower)]
    if lowers and not _is_title(open_words):
        yield from _word_groups(open_words, lowers)
    elif not lowers or alone or len(open_words) >= LONG_TITLE:
        yield from find_capitalized(raw, open_words, alone, is_entry)


_OPEN_STRING = re.compile(r'\s*"[^"]*$')


def _cut_off(raw: str, words: list[Word]) -> Found | None:
    """The beginning of a sentence in a string of JSON that the end of the answer leaves open."""
    lowers = [word for word in words if word.kind == "lower" and is_english(word.lower)]
    if len(lowers) < 3 or not _OPEN_STRING.match(raw):
        return None
    start, end = words[0].start, words[-1].end
    return Found(start, end, "en", "low", f"{len(words)} words of a string that is cut off")


_JAPANESE = re.compile(f"[{KANA}{HAN}]")


def _lone_small_word(raw: str, words: list[Word], allowance: Allowance) -> Found | None:
    """One small word that stands for a Japanese particle: ``自由 of 選択``."""
    word = words[0]
    if word.text not in word_set("lone") or allowance.is_technical or word.lower in allowance.words:
        return None
    before = raw[max(0, word.start - 2) : word.start].rstrip()[-1:]
    after = raw[word.end : word.end + 2].lstrip()[:1]
    if not (_JAPANESE.match(before) and _JAPANESE.match(after)):
        return None
    language, detail = latin_language([word.lower])
    reason = f"{word.text!r} stands between Japanese words"
    return Found(word.start, word.end, language, "low", reason, detail)


def _with_stop(raw: str, end: int) -> int:
    """The end of a clause, after the mark that closes it as a sentence."""
    return end + 1 if raw[end : end + 1] in {".", "!", "?"} else end


def _segments(raw: str, words: list[Word]) -> Iterator[list[Word]]:
    """The words of a stretch, cut at brackets and quotation marks."""
    segment: list[Word] = []
    for word in words:
        if segment and _BRACKETS.search(raw, segment[-1].end, word.start):
            yield segment
            segment = []
        segment.append(word)
    if segment:
        yield segment


def _is_exempt(raw: str, segment: list[Word], allowance: Allowance) -> bool:
    start, end = segment[0].start, segment[-1].end
    if context.is_gloss(raw, start, end) or context.is_glossed(raw, end, len(segment)):
        return True
    if context.is_mentioned(raw, start, end) or allowance.quotes(raw[start:end]):
        return True
    if len(segment) > 1 and context.is_work(raw, start, end):
        return True
    if not context.quote_around(raw, start, end):
        return False
    return (len(segment) == 1 and allowance.is_technical) or (
        _is_title(segment)
        or (
            segment[0].kind in {"title", "caps", "name"}
            and len(segment) <= 8
            and not context.is_sentence(raw[start:end])
            and not _is_sentence_case(segment)
        )
    )


def _speech(raw: str, segment: list[Word], allowance: Allowance) -> Found | None:
    """What someone says in quotation marks: ``「I am so glad」と言った``."""
    start, end = segment[0].start, segment[-1].end
    if not context.quote_around(raw, start, end) or not context.is_speech(raw, start, end):
        return None
    if context.is_mentioned(raw, start, end) or allowance.is_technical:
        return None
    if allowance.quotes(raw[start:end]) or not any(word.kind == "lower" for word in segment):
        return None
    language, detail = latin_language([word.lower for word in segment])
    reason = f"{len(segment)} words that someone says"
    return Found(start, _with_stop(raw, end), language, "high", reason, detail)


def _is_sentence_case(segment: list[Word]) -> bool:
    """Whether only the first of several words has a capital."""
    return len(segment) >= 4 and sum(word.kind == "lower" for word in segment) * 2 > len(segment)


def _sentence(words: list[Word], least: int) -> Found | None:
    """The words as one clause: `least` and more, one holding them together, and no title."""
    lowers = [word for word in words if word.kind in {"lower", "small"}]
    if len(words) < least or not any(word.kind == "lower" for word in words) or _is_title(words):
        return None
    language, detail = latin_language([word.lower for word in words if word.kind != "name"])
    function = [word for word in words if _holds_together(word.lower, language)]
    if not function or len(lowers) * 3 < len(words):
        return None
    if sum(is_romaji(word.lower) for word in words) >= sum(word.kind == "lower" for word in words):
        return None
    reason = f"{len(words)} words of one clause, held together by {function[0].lower!r}"
    return Found(words[0].start, words[-1].end, language, "high", reason, detail)


def _holds_together(lower: str, language: str) -> bool:
    return lower in word_set("function") if language == "en" else lower in latin_words()


def _is_title(words: list[Word]) -> bool:
    """Whether the words are written like a title: small words small, all others capitalized."""
    big = [word for word in words if word.kind in {"title", "caps", "name"}]
    lower = [word for word in words if word.kind == "lower"]
    return (
        bool(big)
        and words[0] in big
        and all(word.lower in word_set("title_small") for word in lower)
    )


def _without_names(lowers: list[Word], words: list[Word]) -> list[Word]:
    """Without unknown small words beside a capitalized one, as in ``渋谷duo MUSIC``."""
    named: set[int] = set()
    for one, other in pairwise(words):
        if other.start - one.end <= 1:
            named.update(_named_by(one, other))
            named.update(_named_by(other, one))
    return [word for word in lowers if word.start not in named]


def _named_by(word: Word, beside: Word) -> list[int]:
    is_name = beside.kind == "caps" or (beside.kind == "title" and not is_english(beside.lower))
    is_known = is_english(word.lower) or bool(language_votes(word.lower))
    return [word.start] if is_name and word.kind == "lower" and not is_known else []


def _word_groups(words: list[Word], lowers: list[Word]) -> Iterator[Found]:
    """Neighboring words that leak, as one leak; one word between them that does not is let pass."""
    group: list[Word] = []
    leaking = {word.start for word in lowers}
    n_between = 0
    for at, word in enumerate(words):
        if word.start not in leaking:
            n_between += word.kind != "small"
            continue
        if group and n_between > 1:
            yield _group(group)
            group = []
        group.extend(_small_before(at, words) if not group else ())
        group.append(word)
        n_between = 0
        if (
            at + 1 < len(words)
            and words[at + 1].kind == "title"
            and _goes_with(word, words[at + 1])
        ):
            group.append(words[at + 1])
    if group:
        yield _group([*group, *_adverb_after(group[-1], words)])


_ADVERBS = frozenset(("up", "out", "off", "on", "in", "down"))


def _adverb_after(last: Word, words: list[Word]) -> list[Word]:
    """What closes an English verb at the end of a stretch: ``never give up``."""
    closing = words[-1]
    is_next = 0 < closing.start - last.end <= 1
    return [closing] if is_next and closing.lower in _ADVERBS else []


def _small_before(at: int, words: list[Word]) -> list[Word]:
    """Words that lead to a word and would not leak alone: ``on the mat``, ``Theme park``."""
    begin = at
    while begin and words[begin].start - words[begin - 1].end <= 2 and _leads(words[begin - 1]):
        begin -= 1
    return words[begin:at]


def _goes_with(word: Word, after: Word) -> bool:
    """Whether a capitalized common word follows at once: ``organic Food``."""
    return after.start - word.end <= 2 and _leads(after)


def _leads(word: Word) -> bool:
    if word.kind == "small":
        return word.lower in word_set("function")
    if word.kind == "title":
        is_common = is_english(word.lower, formed=False) or word.lower in latin_words()
        return is_common and word.lower not in word_set("names")
    return word.kind == "name" and word.text.islower() and is_english(word.lower)


def _group(words: list[Word]) -> Found:
    language, detail = latin_language([word.lower for word in words])
    known = [word for word in words if is_english(word.lower) or language_votes(word.lower)]
    if len(words) > 1:
        reason = f"{len(words)} lower-case words side by side"
    elif known:
        reason = f"{words[0].text!r} is an ordinary word in lower case"
    else:
        reason = f"{words[0].text!r} is written small and is no unit, name or romanized Japanese"
    return Found(
        words[0].start, words[-1].end, language, "high" if known else "low", reason, detail
    )
