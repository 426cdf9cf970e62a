"""Common words with a capital: labels, headings, and nouns in the middle of Japanese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tokext.bench.leakage import context
from tokext.bench.leakage.latinwords import Word
from tokext.bench.leakage.spans import Found
from tokext.bench.leakage.words import is_english, is_other_latin, latin_language, word_set

_LABEL = re.compile(r"(\s[0-9]{1,3})?\s*(?:\*{1,2})?\s*[:：]")
#: In :data:`names`, but as a label they mean what they say.
_LABEL_WORDS = frozenset(("note", "notes", "target", "time", "books", "news"))
_NAME_BEFORE = re.compile(r"[A-Za-z0-9] $")
_NUMBER_AFTER = re.compile(r"[\s\-]?(?:[0-9IVX]+|[A-Z])(?![0-9A-Za-z])")


def find_capitalized(raw: str, words: list[Word], alone: bool, is_entry: bool) -> Iterator[Found]:
    """Common words with a capital: right often enough to be worth a look, no more."""
    content = [word for word in words if word.kind in {"title", "caps"}]
    start, end = words[0].start, words[-1].end
    if (
        len(words) == 1
        and words[0].lower in word_set("openings")
        and _opens_sentence(raw, start, end)
    ):
        yield Found(start, end, "en", "high", f"{raw[start:end]!r} opens a sentence")
        return
    if alone and raw.strip(" *#.!") == "The End":
        yield Found(start, end, "en", "high", "'The End' closes a story")
        return
    if (
        not content
        or any(word.kind == "name" and not (alone and word.text.isupper()) for word in words)
        or context.quote_around(raw, start, end)
    ):
        return
    first = start < 20 and not raw[:start].strip(" *#-+>・•●■◆0123456789.|")
    label = _LABEL.match(raw, end) if first else None
    is_label = label is not None
    in_phrase = word_set("function") if len(words) > 2 else frozenset[str]()
    if not all(word.lower in in_phrase or _is_common(word, raw, is_label) for word in content):
        return
    if not is_label and _NUMBER_AFTER.match(raw, end):
        return
    if (
        not is_label
        and not alone
        and ((is_entry and first) or (content[0].kind == "caps" and _inside_quotes(raw, start)))
    ):
        return
    if not is_label and _NAME_BEFORE.search(raw[max(0, start - 2) : start]):
        return  # MacBook Pro: what stands before belongs to a name
    if label is not None and len(words) <= 4:
        end = max(end, label.end(1))
        reason = f"{raw[start:end]!r} is a label of common words"
    elif len(words) == 1 and not (
        alone and is_entry and words[0].lower not in word_set("headings")
    ):
        reason = f"{raw[start:end]!r} is a common word with a capital"
    elif alone and not is_entry:
        reason = f"{raw[start:end]!r} is a heading of common words"
    else:
        return
    language, detail = latin_language([word.lower for word in content])
    yield Found(start, end, language, "low", reason, detail)


def _inside_quotes(raw: str, start: int) -> bool:
    before = raw[max(0, start - 40) : start]
    if before[-1:] not in {" ", "　", "「", "『", "《"}:
        return False
    return any(
        before.rfind(opening) > before.rfind(closing)
        for opening, closing in ("「」", "『』", "《》")
    )


def _opens_sentence(raw: str, start: int, end: int) -> bool:
    before, after = raw[:start].rstrip()[-1:], raw[end : end + 1]
    opens = before in {"", "。", "「", "『", "！", "？", "*", ":", "："}
    return (
        opens
        and after in {"、", "，", ",", "！", "!", "。"}
        and not after[1:].isascii() * after[1:].isdigit()
    )


def _is_common(word: Word, raw: str, is_label: bool) -> bool:
    lower = word.lower
    if lower in word_set("names") and not (is_label and lower in _LABEL_WORDS):
        return False
    if word.kind == "caps":
        fused = re.search(
            r"[^ァ-ヺー][ァ-ヺー]{1,2}$", "。" + raw[max(0, word.start - 3) : word.start]
        )
        return bool(fused) or (len(lower) >= 5 and is_english(lower))
    return len(lower) >= 3 and (
        is_english(lower, formed=False) or (len(lower) >= 5 and is_other_latin(lower))
    )
