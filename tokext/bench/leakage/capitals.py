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


#: な makes an adjective of the word before it; など, なら and the like do not.
_ADJECTIVE_AFTER = re.compile("な(?![どらがくしのんぁ-ゖ]|$)")


#: So many words of a title are no name any more, if small words hold them together.
LONG_TITLE = 9
#: And so many of its words are common ones.
_LONG_SHARE = 0.75


def find_capitalized(raw: str, words: list[Word], alone: bool, is_entry: bool) -> Iterator[Found]:
    """Common words with a capital: right often enough to be worth a look, no more."""
    content = [word for word in words if word.kind in {"title", "caps"}]
    start, end = words[0].start, words[-1].end
    label = _label(raw, start, end)
    if (stock := _stock_phrase(raw, words, alone)) is not None:
        yield stock
        return
    if label is None and not alone and _is_in_list_of_names(raw, start, end):
        return
    if not content or _belongs_to_name(raw, words, content, alone, label is not None):
        return
    is_first = _is_first(raw, start)
    if label is None and not alone and _is_field(raw, words):
        yield Found(start, end, "en", "low", f"{raw[start:end]!r} is a field, not a name")
        return
    if label is None and not alone and is_entry and is_first:
        return
    reason = _reason(raw, words, alone, is_entry, label is not None)
    if reason:
        language, detail = latin_language([word.lower for word in content])
        end = max(end, label.end(1)) if label is not None else end
        yield Found(start, end, language, "low", reason, detail)


_PARTICLE_AFTER = re.compile(
    r"\s?(?:は|が|を|に(?!て)|と(?:は|い|し|の|、)|の|で(?!す。?$)|も|や|から|について)"
)


def _is_field(raw: str, words: list[Word]) -> bool:
    """Whether two to four common words name a field: ``Machine Learning とは``."""
    if not 2 <= len(words) <= 4 or not _PARTICLE_AFTER.match(raw, words[-1].end):
        return False
    return (
        words[-1].lower in word_set("fields")
        and all(word.kind == "title" and is_english(word.lower) for word in words)
        and not any(word.lower in word_set("bodies") for word in words)
        and not any(word.lower in word_set("names") for word in words[:-1])
    )


_ITEM = r"[A-Z][A-Za-z'’&.\-]*(?: [A-Za-z'’&.\-]+){0,4}"
_LIST = re.compile(rf"{_ITEM}(?:[、・，/] ?{_ITEM}){{2,}}")


def _is_in_list_of_names(raw: str, start: int, end: int) -> bool:
    """Whether three and more capitalized words stand in a row, some of them names."""
    for match in _LIST.finditer(raw, max(0, start - 160), end + 160):
        if match.start() <= start and end <= match.end():
            words = re.findall(r"[A-Z][A-Za-z]{2,}", match.group())
            return any(not is_english(word.casefold()) for word in words)
    return False


def _is_first(raw: str, start: int) -> bool:
    """Whether only marks of a list or a heading stand before ``raw[start:]``."""
    return start < 20 and not raw[:start].strip(" *#-+>・•●■◆0123456789.|")


def _label(raw: str, start: int, end: int) -> re.Match[str] | None:
    """The number and colon behind ``raw[start:end]`` where that opens its line."""
    return _LABEL.match(raw, end) if _is_first(raw, start) else None


def _stock_phrase(raw: str, words: list[Word], alone: bool) -> Found | None:
    """``Yes、`` at the beginning of a sentence, ``The End`` below a story."""
    start, end = words[0].start, words[-1].end
    is_opening = len(words) == 1 and words[0].lower in word_set("openings")
    if is_opening and _opens_sentence(raw, start, end):
        return Found(start, end, "en", "high", f"{raw[start:end]!r} opens a sentence")
    if alone and raw.strip(" *#.!") == "The End":
        return Found(start, end, "en", "high", "'The End' closes a story")
    return None


def _belongs_to_name(
    raw: str, words: list[Word], content: list[Word], alone: bool, is_label: bool
) -> bool:
    """Whether the words are, or stand beside, a name: quoted, numbered, not all of them common."""
    start, end = words[0].start, words[-1].end
    is_long = len(words) >= LONG_TITLE
    acronyms = alone or is_long
    if any(word.kind == "name" and not (acronyms and word.text.isupper()) for word in words):
        return True
    is_linked = raw[:start].endswith("[") and "](" in raw[end : end + 20]
    if context.quote_around(raw, start, end) or _is_in_menu(raw, start) or is_linked:
        return True
    in_phrase = word_set("function") if len(words) > 2 else frozenset[str]()
    is_adjective = len(words) > 1 and _ADJECTIVE_AFTER.match(raw, end) is not None
    if is_adjective:
        in_phrase = word_set("english") | word_set("function")
    if not alone and _is_field(raw, words):
        return _NAME_BEFORE.search(raw[max(0, start - 2) : start]) is not None
    known = [w for w in content if w.lower in in_phrase or _is_common(w, raw, is_label, is_long)]
    if len(known) < (_LONG_SHARE if is_long else 1) * len(content):
        return True
    if is_label:
        return False
    is_quoted_caps = not alone and content[0].kind == "caps" and _inside_quotes(raw, start)
    # MacBook Pro: what stands before belongs to a name, as a number behind does.
    beside = _NUMBER_AFTER.match(raw, end) or _NAME_BEFORE.search(raw[max(0, start - 2) : start])
    return is_quoted_caps or beside is not None


def _reason(raw: str, words: list[Word], alone: bool, is_entry: bool, is_label: bool) -> str:
    """Why common words with a capital leak; empty where they may be a title."""
    text = raw[words[0].start : words[-1].end]
    if is_label and len(words) <= 4:
        return f"{text!r} is a label of common words"
    is_title = alone and is_entry and words[0].lower not in word_set("headings")
    if len(words) == 1:
        return "" if is_title else f"{text!r} is a common word with a capital"
    if alone:
        return "" if is_entry else f"{text!r} is a heading of common words"
    common = word_set("english") | word_set("function")
    if _ADJECTIVE_AFTER.match(raw, words[-1].end) and all(word.lower in common for word in words):
        return f"{len(words)} common words that な makes an adjective of"
    is_held = sum(word.lower in word_set("function") for word in words) >= 2
    if is_held and len(words) >= LONG_TITLE:
        return f"{len(words)} capitalized words, held together by small ones"
    return ""


def _inside_quotes(raw: str, start: int) -> bool:
    before = raw[max(0, start - 40) : start]
    if before[-1:] not in {" ", "　", "「", "『", "《"}:
        return False
    return any(
        before.rfind(opening) > before.rfind(closing)
        for opening, closing in ("「」", "『』", "《》")
    )


def _is_in_menu(raw: str, start: int) -> bool:
    """Whether an arrow leads to ``raw[start:]``: 設定 → About."""
    return raw[:start].rstrip()[-1:] in {"→", "⇒", "▶", "＞"}


def _opens_sentence(raw: str, start: int, end: int) -> bool:
    before, after = raw[:start].rstrip()[-1:], raw[end : end + 1]
    opens = before in {"", "。", "「", "『", "！", "？", "*", ":", "："}
    return opens and after in {"、", "，", ",", "！", "!", "。"}


def _is_common(word: Word, raw: str, is_label: bool, is_long: bool) -> bool:
    lower = word.lower
    if lower in word_set("names") and not (is_label and lower in _LABEL_WORDS):
        return False
    if word.kind == "caps":
        fused = re.search(
            r"[^ァ-ヺー][ァ-ヺー]{1,2}$", "。" + raw[max(0, word.start - 3) : word.start]
        )
        return bool(fused) or (len(lower) >= 5 and is_english(lower))
    return len(lower) >= 3 and (
        is_english(lower, formed=is_long) or (len(lower) >= 5 and is_other_latin(lower))
    )
