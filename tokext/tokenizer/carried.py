"""Which files beside a vocabulary belong to a base: its settings, chat templates, licences."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

#: What is carried from a base: its tokenizer, and the licence it comes under.
TOKENIZER_FILES = (
    "tokenizer.model",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "extension.json",
)
_TEMPLATE_FOLDER = "additional_chat_templates"
_LICENCE = re.compile(
    r"(LICEN[CS]ES/.+|(((MODEL|THIRD.?PARTY).?)?(LICEN[CS]E|NOTICE)S?|(ACCEPTABLE_)?USE_POLICY"
    r"|COPYING|COPYRIGHT|EULA|PATENTS)([.\-_][^/]*)?|[^/]*LICEN[CS]E[^/]*\.(txt|md))",
    re.IGNORECASE,
)
_LICENCE_NAME = re.compile(r"[\w.\-]{1,64}")
_LICENCE_FOLDERS = "[lL][iI][cC][eE][nN][cCsS][eE][sS]"
_LICENCE_STARTS = ("license", "licence", "notice", "model?licen", "third?party", "thirdparty",
                   "use_policy", "acceptable_use_policy", "copying", "copyright", "eula", "patents",
                   "*license*.txt", "*licence*.txt", "*license*.md", "*licence*.md")  # fmt: skip


def _in_any_case(start: str) -> str:
    """The hub's patterns heed the case of letters; the names that people give do not."""
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in start) + "*"


#: What is asked of a hub for the sake of a base's terms.
LICENCE_PATTERNS = tuple(map(_in_any_case, _LICENCE_STARTS))
#: The base's own card; it describes another model, so only what it says of the licence goes along.
CARD = "README.md"
HUB_PATTERNS = [*TOKENIZER_FILES, f"{_TEMPLATE_FOLDER}/*.jinja", *LICENCE_PATTERNS, CARD]


def is_licence(name: str) -> bool:
    """Whether a file of this name holds the terms that a base comes under.

    Example:
        >>> [is_licence(n) for n in ("Gemma-license.txt", "LICENSES/MIT", "licensed.py")]
        [True, True, False]
    """
    return _LICENCE.fullmatch(name) is not None


def licences(folder: Path) -> dict[str, Path]:
    """The terms that stand in a folder, and anywhere in its folder `LICENSES`, by name."""
    files = _by_name(folder, (*folder.glob("*"), *folder.glob(f"{_LICENCE_FOLDERS}/**/*")))
    return {name: path for name, path in files.items() if is_licence(name)}


def licence_of_card(folder: Path) -> str:
    """The hub's name of the licence that the front matter of a folder's README.md states.

    Most models on the hub have no licence file, only this. Empty where it says nothing.
    """
    if not (folder / CARD).is_file():
        return ""
    from huggingface_hub import metadata_load

    try:
        fields = metadata_load(folder / CARD) or {}
    except Exception:  # a card that cannot be read says nothing, whichever way it is broken
        return ""
    stated = fields.get("license")
    given = stated[0] if isinstance(stated, list) and stated else stated
    return given if isinstance(given, str) and _LICENCE_NAME.fullmatch(given) else ""


def chat_templates(folder: Path) -> dict[str, Path]:
    """The chat templates that transformers finds in a folder by a name of their own."""
    return _by_name(folder, folder.glob(f"{_TEMPLATE_FOLDER}/*.jinja"))


def _by_name(folder: Path, files: Iterable[Path]) -> dict[str, Path]:
    return {p.relative_to(folder).as_posix(): p for p in sorted(files) if p.is_file()}
