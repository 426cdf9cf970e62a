"""Japanese runs cut where words end, by fugashi and a UniDic dictionary."""

from __future__ import annotations

import importlib
import os
import shlex
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import regex

from tokext.errors import InputError

#: The language whose words UniDic knows.
WORDS_OF = "ja"

#: UniDic's parts of speech that go with what stands before them: particle, auxiliary, suffix,
#: punctuation.
_ENCLITICS = ("助詞", "助動詞", "接尾辞", "補助記号")

#: Prefix, which goes with what stands behind it.
_PREFIX = "接頭辞"

#: What a full name is written with; only these few pieces are looked up.
_NAME = regex.compile(r"\p{Han}{3,8}")

#: Dictionaries that are packages, and know their own folder.
_PACKAGES = {"unidic-lite": "unidic_lite", "unidic": "unidic"}


def word_cutter(boundary: str, dictionary: str = "unidic-lite") -> Callable[[str], list[str]]:
    """A function from a run to its words; put together again they are the run.

    - ``morpheme``: the short units of UniDic.
    - ``phrase``: content words, each with the prefixes before it and the particles, auxiliaries,
      suffixes and punctuation behind it.

    Nothing is cut before a combining mark.

    Args:
        boundary: `morpheme` or `phrase`.
        dictionary: `unidic-lite`, `unidic`, or a folder that holds another UniDic.

    Raises:
        InputError: fugashi or the dictionary is not installed, or cannot be opened.

    Example:
        >>> for boundary in ("morpheme", "phrase"):
        ...     print(word_cutter(boundary)("お茶を飲みました。"))
        ['お', '茶', 'を', '飲み', 'まし', 'た', '。']
        ['お茶を', '飲みました。']
    """
    parse = tagger_of(dictionary).parse

    def words(run: str) -> list[str]:
        fields = parse(run).split("\t")
        cut: list[str] = []
        before = ""
        for word, tag in zip(fields[:-1:2], fields[1::2], strict=True):
            joins = boundary == "phrase" and (tag in _ENCLITICS or before == _PREFIX)
            if cut and (joins or unicodedata.category(word[0])[0] == "M"):
                cut[-1] += word
            else:
                cut.append(word)
            before = tag
        return cut

    return words


def full_names(dictionary: str) -> Callable[[str], bool]:
    """Whether a text is a full name: a family name and a given name side by side, in kanji.

    Raises:
        InputError: fugashi or the dictionary is not installed, or cannot be opened.

    Example:
        >>> is_name = full_names("unidic-lite")
        >>> is_name("夏目漱石"), is_name("漱石")
        (True, False)
    """
    tagger = tagger_of(dictionary)

    def is_name(text: str) -> bool:
        if not _NAME.fullmatch(text):
            return False
        features = [node.feature for node in tagger.parseToNodeList(text)]
        return [f[3] for f in features if f[2] == "人名"][:2] == ["姓", "名"]

    return is_name


_HINT = (
    "pip install fugashi unidic-lite, or name a folder that holds another UniDic with "
    "--dictionary; --boundary punctuation needs neither."
)


@cache
def tagger_of(dictionary: str) -> Any:
    """A tagger that writes a word, a tab, its part of speech, a tab: strings, and no objects."""
    form = ["-O", "", "-F", r"%m\t%f[0]\t", "-U", r"%m\t%f[0]\t", "-E", ""]
    arguments = shlex.join(["-r", os.devnull, "-d", str(_folder(dictionary)), *form])
    try:
        import fugashi

        return fugashi.GenericTagger(arguments)
    except (ImportError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"words cannot be told apart: {reason}.", hint=_HINT) from error


def identity_of(dictionary: str) -> str:
    """What tells a dictionary from others, also from an older one in the same place."""
    stats = [(path.name, path.stat()) for path in sorted(_folder(dictionary).glob("*.dic"))]
    return " ".join(f"{name} {stat.st_size} {stat.st_mtime_ns}" for name, stat in stats)


def _folder(dictionary: str) -> Path:
    """Where a dictionary lies."""
    folder = Path(dictionary)
    if package := _PACKAGES.get(dictionary):
        try:
            folder = Path(importlib.import_module(package).DICDIR)
        except ImportError as error:
            raise InputError(f"{dictionary} is not installed.", hint=_HINT) from error
    if not (folder / "dicrc").is_file():
        raise InputError(f"{folder} holds no dictionary.", hint=_HINT)
    return folder
