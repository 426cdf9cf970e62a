"""A folder's licence by the name that the hub gives it: by its file, else by the base's card."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: A name on the hub, and what its text holds, the more special first.
_TELLING = (
    ("apache-2.0", ("Apache License", "Version 2.0")),
    ("llama2", ("LLAMA 2 COMMUNITY LICENSE",)),
    ("llama3", ("META LLAMA 3 COMMUNITY LICENSE",)),
    ("gemma", ("Gemma Terms of Use",)),
    ("cc-by-nc-4.0", ("Attribution-NonCommercial 4.0",)),
    ("cc-by-sa-4.0", ("Attribution-ShareAlike 4.0",)),
    ("cc-by-4.0", ("Attribution 4.0",)),
    ("bsd-3-clause", ("Redistribution and use in source", "endorse or promote")),
    ("mit", ("Permission is hereby granted, free of charge",)),
)


@dataclass(frozen=True)
class License:
    """A licence as the hub names it, and the file of its text; empty where there is none."""

    name: str
    file: str = ""


def license_of(folder: Path, stated: str = "") -> License | None:
    """The licence that lies in a folder; `other` where it is none of the known.

    Args:
        folder: Of a tokenizer.
        stated: What the base's own card said; it counts where no file tells.

    Returns:
        None where there is no licence file and nothing was stated.
    """
    files = sorted(
        p for p in folder.iterdir() if p.name.upper().startswith("LICEN") and p.is_file()
    )
    if not files:
        return License(stated) if stated else None
    text = files[0].read_text(encoding="utf-8", errors="replace")
    words = " ".join(text.split()).lower()
    for name, telling in _TELLING:
        if all(phrase.lower() in words for phrase in telling):
            return License(name, files[0].name)
    return License(stated or "other", files[0].name)
