"""The licence of a folder by the name that the hub gives it, from the licence file itself."""

from __future__ import annotations

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


def license_of(folder: Path) -> str | None:
    """The hub's name of the licence that lies in a folder; `other` where it is none of the known.

    Returns:
        None where there is no licence file.
    """
    files = sorted(path for path in folder.iterdir() if path.name.upper().startswith("LICEN"))
    if not files:
        return None
    text = files[0].read_text(encoding="utf-8", errors="replace")
    words = " ".join(text.split()).lower()
    for name, telling in _TELLING:
        if all(phrase.lower() in words for phrase in telling):
            return name
    return "other"
