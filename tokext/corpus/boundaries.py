"""Where a piece may not cross: text cut into the runs that pieces are learned from."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Literal, get_args

from tokext.errors import InputError
from tokext.languages import Language, character_class
from tokext.tokenizer.sentencepiece import SPACE

Boundary = Literal["none", "punctuation", "script", "phrase", "morpheme"]

BOUNDARIES: tuple[str, ...] = get_args(Boundary)

#: Boundaries that a dictionary finds within the runs of `punctuation`, once those are counted: see
#: `tokext.corpus.refine`.
TAGGED = ("phrase", "morpheme")

#: Runs of any text, for vocabularies that keep all pieces: of the language as with `punctuation`,
#: and what stands between, each with the space before it.
EVERYTHING = "everything"

#: Runs are cut after this many characters: nobody learns a piece across such a distance, and the
#: trainer's memory grows with the longest run.
MAX_RUN_CHARS = 200


def runs_of(language: Language, boundary: str) -> Callable[[str], list[str]]:
    """A function from a text to its runs; what lies between them is in no piece.

    No run holds white space, a digit or a control character, and each holds at least one letter of
    the language.

    - ``script``: letters and combining marks of the language's scripts. Words of a language in
      Latin script are whole, though a piece of them needs a letter that English lacks.
    - ``punctuation``: the same, and the closing punctuation right behind them.
    - ``none``: everything up to the next white space, digit or control character.
    - ``phrase`` and ``morpheme``: as ``punctuation``, to be cut further when they are counted.

    Raises:
        InputError: There is no such boundary.

    Example:
        >>> from tokext.languages import find_language
        >>> for boundary in ("none", "punctuation", "script"):
        ...     print(runs_of(find_language("ja"), boundary)("「はい、3時にSNSで。」と彼。"))
        ['「はい、', '時にSNSで。」と彼。']
        ['はい、', '時に', 'で。」', 'と彼。']
        ['はい', '時に', 'で', 'と彼']
    """
    if boundary == EVERYTHING:
        find_everything = _patterns(language)[EVERYTHING].findall
        return lambda text: find_everything(text.replace(" ", SPACE))
    if boundary not in BOUNDARIES:
        raise InputError(f"unknown boundary {boundary!r}.", hint=f"one of {', '.join(BOUNDARIES)}.")
    find_all = _patterns(language)["punctuation" if boundary in TAGGED else boundary].findall
    has_letter = re.compile(f"[{_letters(language)}]").search
    if language.spaced:
        return lambda text: [r for r in find_all(text.replace(" ", SPACE)) if has_letter(r)]
    if boundary == "none":
        return lambda text: [run for run in find_all(text) if has_letter(run)]
    return find_all


@cache
def script_cutter(language: Language) -> Callable[[str], list[str]]:
    """A function from a run to its stretches of one script each.

    What belongs to no script of the language by itself, such as punctuation or the prolonged sound
    mark, goes with what stands before it.

    Example:
        >>> from tokext.languages import find_language
        >>> script_cutter(find_language("ja"))("々と食べるラーメン屋。")
        ['々', 'と', '食', 'べる', 'ラーメン', '屋。']
    """
    scripts = [character_class(_only(script, language.scripts)) for script in language.scripts]
    other = f"[^{''.join(scripts)}]"
    stretches = (f"[{script}](?:[{script}]|{other})*" for script in scripts)
    return re.compile(rf"{other}*(?:{'|'.join(stretches)})|{other}+").findall


def _only(script: str, scripts: tuple[str, ...]) -> str:
    """A pattern for what belongs to one of the scripts and to none of the others."""
    others = "".join(rf"\p{{scx={other}}}" for other in scripts if other != script)
    return rf"[\p{{scx={script}}}--[{others}]]" if others else rf"\p{{scx={script}}}"


@cache
def _patterns(language: Language) -> dict[str, re.Pattern[str]]:
    """The patterns of a language, over plain `re` classes: four times as fast as `regex`."""
    letter = character_class(language.script_letter.pattern)
    mark = character_class(r"\p{M}")
    closing = character_class(r"[\p{Pe}\p{Pf}[\p{Po}--[#%&*@/\\]]]")
    excluded = r"\s\d\x00-\x1f\x7f-\x9f" + SPACE
    space = f"{SPACE}?" if language.spaced else ""
    word = rf"{space}[{letter}][{letter}{mark}]{{0,{MAX_RUN_CHARS}}}"
    return {
        "none": re.compile(rf"{space}[^{excluded}]{{1,{MAX_RUN_CHARS}}}"),
        "punctuation": re.compile(rf"{word}[{closing}]{{0,3}}"),
        EVERYTHING: re.compile(
            rf"{SPACE}?(?:[{letter}][{letter}{mark}]{{0,{MAX_RUN_CHARS}}}[{closing}]{{0,3}}"
            rf"|[^{excluded}{letter}]{{1,{MAX_RUN_CHARS}}})"
        ),
        "script": re.compile(word),
    }


@cache
def _letters(language: Language) -> str:
    return character_class(language.letter.pattern)
