"""Small word lists, read once: they tell a word from a name, and English from French."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources


@cache
def word_set(name: str) -> frozenset[str]:
    """The words of one list, without its comment lines.

    Example:
        >>> "important" in word_set("english")
        True
    """
    return frozenset(" ".join(_lines(f"{name}.txt")).split())


@cache
def latin_words() -> dict[str, tuple[str, ...]]:
    """Frequent words of other languages in Latin script, and the languages they belong to.

    Example:
        >>> latin_words()["oder"]
        ('de',)
    """
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines("latin.tsv"):
        code, words = line.split("\t")
        for word in dict.fromkeys(words.split()):
            found[word] = (*found.get(word, ()), code)
    return found


def _lines(file: str) -> list[str]:
    text = resources.files(__package__).joinpath("words", file).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


_ENDINGS = (
    ("'s", ""), ("’s", ""), ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("d", ""),
    ("ied", "y"), ("ing", ""), ("ing", "e"), ("ly", ""), ("ally", ""), ("ily", "y"), ("bly", "ble"),
    ("er", ""), ("r", ""), ("ier", "y"), ("est", ""), ("iest", "y"), ("ness", ""), ("iness", "y"),
    ("ful", ""), ("less", ""), ("ment", ""), ("able", ""), ("able", "e"), ("ion", "e"), ("ion", ""),
    ("ity", ""), ("ity", "e"), ("y", ""), ("th", ""), ("al", ""), ("ers", ""), ("ings", ""),
    ("ors", ""), ("ical", "y"),
)  # fmt: skip
_PREFIXES = ("un", "re", "non", "over", "under", "mis", "dis", "pre", "inter", "micro", "multi")
_ENGLISH_ENDING = re.compile(
    r".{3,}(?:tions?|sions?|ments?|ness|ances?|ences?|ability|ibility|ings|ously|fully|ically|ively|"
    r"ology|ship|hood|wards?|wise|ised|ized|izing|ously|able|ible|ically|ful|less|ities|ology|[a-z]ists?)$"
)


@lru_cache(maxsize=1 << 14)
def is_english(word: str, formed: bool = True) -> bool:
    """Whether a lower-case word is a common English word, or (`formed`) looks like one.

    Example:
        >>> is_english("studies"), is_english("transformation"), is_english("kirairi")
        (True, True, False)
    """
    if _is_listed(word, formed) or _ENGLISH_ENDING.match(word) is not None:
        return True
    parts = re.split(r"['’\-]", word)
    return formed and len(parts) > 1 and all(_is_listed(part) for part in parts if part)


@lru_cache(maxsize=1 << 14)
def _is_listed(word: str, formed: bool = True) -> bool:
    common = word_set("english") | word_set("function")
    if word in common:
        return True
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            if stem + instead in common:
                return True
            if (
                ending in {"ed", "ing", "er", "est"}
                and stem[-1] == stem[-2]
                and stem[:-1] in common
            ):
                return True
    return formed and any(
        word.startswith(prefix) and len(word) - len(prefix) >= 4 and word[len(prefix) :] in common
        for prefix in _PREFIXES
    )


_SYLLABLE = (
    r"(?:(?:ky|gy|sh|sy|j|jy|ch|cy|ty|ny|hy|by|py|my|ry|ts|[kgsztdnhbpmrwyf])?[aiueoāīūēōâîûêô]"
    r"|n(?![aiueoy])|n'|m(?=[bmp]))"
)
_ROMAJI = re.compile(rf"(?:(?:([kstpcgdbhzj])(?=\1|ch|sh|ts))?{_SYLLABLE})+h?$")


@lru_cache(maxsize=1 << 14)
def is_romaji(word: str) -> bool:
    """Whether a lower-case word can be read as Japanese in Latin letters, and not as English.

    Example:
        >>> is_romaji("arigatou"), is_romaji("hoshi-tachi"), is_romaji("name"), is_romaji("essay")
        (True, True, False, False)
    """
    if is_english(word) or word in latin_words():
        return False
    return all(_ROMAJI.match(part) is not None for part in re.split(r"[-'’]", word) if part)


_LETTER_OF = (
    ("vi", "ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"),
    ("es", "ñ"),
    ("de", "ß"),
    ("pt", "ãõ"),
    ("sv", "å"),
    ("da", "ø"),
    ("pl", "łąęśźżć"),
    ("cs", "řěůťďň"),
    ("tr", "ğşı"),
    ("ro", "țșţ"),
    ("hu", "őű"),
)
_LANGUAGE_OF_LETTER = {letter: code for code, letters in _LETTER_OF for letter in letters}
_OTHER_ENDING = (
    ("es", re.compile(r".{2,}(?:ción|ciones|sión|idad|idades|amente)$")),
    ("pt", re.compile(r".{2,}(?:ção|ções|são|idade|mente)$")),
    ("it", re.compile(r".{3,}(?:zione|zioni|ità|mente)$")),
    ("de", re.compile(r".{5,}ung(?:en)?$")),
    ("de", re.compile(r".{3,}(?:keit|heit|schaft(?:en)?|lich(?:en)?|ieren|iert|ische?)$")),
    ("fr", re.compile(r".{3,}(?:eux|euse|euses|iques?|aient|ement|ité|ités|ées?)$")),
)  # fmt: skip
_ENGLISH_LOANS = frozenset(("café", "cafés", "résumé", "naïve", "cliché", "fiancé", "façade"))


@lru_cache(maxsize=1 << 14)
def is_other_latin(word: str) -> bool:
    """Whether a lower-case word is a frequent one of another language, or ends like one.

    Example:
        >>> is_other_latin("wissenschaft"), is_other_latin("kyoto")
        (True, False)
    """
    return word in latin_words() or any(ending.match(word) for _, ending in _OTHER_ENDING)


@lru_cache(maxsize=1 << 14)
def language_votes(word: str) -> dict[str, float]:
    """Which languages a lower-case Latin word speaks for, and how loudly (read only: it is cached).

    Example:
        >>> language_votes("quelques"), language_votes("with"), language_votes("zzyzx")
        ({'fr': 1.0}, {'en': 1.0}, {})
    """
    votes: dict[str, float] = {}
    english = is_english(word)
    if english:
        votes["en"] = 1.0 if word in word_set("english") or word in word_set("function") else 0.6
    for code in latin_words().get(word, ()):
        votes[code] = 0.5 if english else 1.0
    if word in _ENGLISH_LOANS:
        return votes
    for letter in word:
        if letter > "\x7f" and unicodedata.category(letter) == "Ll":
            code = _LANGUAGE_OF_LETTER.get(letter, "")
            if code:
                votes[code] = votes.get(code, 0.0) + 1.0
            elif letter not in "āīūēō":
                votes["??"] = 0.5
    if not english:
        for code, ending in _OTHER_ENDING:
            if ending.match(word):
                votes[code] = votes.get(code, 0.0) + 0.6
    return votes


def latin_language(words: list[str]) -> tuple[str, str]:
    """The language of a stretch of lower-case Latin words: ``en``, or ``xl`` and a finer code.

    Example:
        >>> latin_language(["quelques", "idées"]), latin_language(["calculatte"])
        (('xl', 'fr'), ('en', ''))
    """
    total: dict[str, float] = {}
    for word in words:
        for code, weight in language_votes(word).items():
            total[code] = total.get(code, 0.0) + weight
    english = total.pop("en", 0.0)
    unnamed = total.pop("??", 0.0)
    best = max(total, key=lambda code: total[code], default="")
    strength = total.get(best, 0.0) + unnamed
    if strength <= english or strength < 0.5:
        return "en", ""
    return "xl", best
