"""Text and numbers as a reader sees them: nothing invisible, nothing that reorders a line."""

from __future__ import annotations

from typing import Any

import regex

from tokext.report.parts import Form

#: Controls, formats (bidirectional overrides, zero widths), private use, surrogates, unassigned,
#: line separators, and every space but the plain and the ideographic one.
_INVISIBLE = regex.compile(r"[\p{C}\p{Zl}\p{Zp}]|(?![ \u3000])\p{Zs}")

#: Endings of text files say nothing about the text.
_SUFFIX = regex.compile(r"(?<=.)(\.(txt|jsonl?|csv|parquet))?(\.(gz|zst|xz|bz2))?$")
#: Last parts that name a kind of file, not a tokenizer.
GENERIC = {"tokenizer", "tokenizer.model", "tokenizer.json"}

EMPTY = "–"


def visible(text: str, *, keep: str = "") -> str:
    r"""Write every character that has no shape, or that moves its neighbours, as [U+XXXX].

    Args:
        text: Any text, lone surrogates included.
        keep: Characters to leave alone, such as a newline.

    Example:
        >>> visible("a\u202eb\x00")
        'a[U+202E]b[U+0000]'
    """
    return _INVISIBLE.sub(lambda m: m[0] if m[0] in keep else code_point(m[0]), text)


def code_point(character: str) -> str:
    """The name by number of a character: [U+0041]."""
    return f"[U+{ord(character):04X}]"


def format_value(value: Any, form: Form) -> str:
    """A value as its column writes it; what was not measured is a dash.

    Example:
        >>> format_value(12345, "count"), format_value(0.8581, "ratio"), format_value(None, "count")
        ('12,345', '0.858', '–')
        >>> format_value(0.12345, "share"), format_value("0f" * 32, "digest")
        ('12.3 %', '0f0f0f0f0f0f')
    """
    if value is None:
        return EMPTY
    if form == "count":
        return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}".removesuffix(".0")
    if form == "ratio":
        return f"{value:.3f}"
    if form == "share":
        return format_share(value)
    if form == "seconds":
        return f"{value:.1f} s"
    if form == "digest":
        return visible(str(value).removeprefix("sha256:"))[:12]
    return visible(str(value))


def format_share(value: float) -> str:
    """A share in percent; a share that is not zero is never written as zero.

    Example:
        >>> format_share(0.0), format_share(0.00001), format_share(0.25), format_share(1.0)
        ('0 %', '< 0.1 %', '25.0 %', '100 %')
    """
    if value in (0, 1):
        return f"{value:.0%}".replace("%", " %")
    if value < 0.001:
        return "< 0.1 %"
    return f"{min(value, 0.999):.1%}".replace("%", " %")


def format_rate(chars_per_second: float) -> str:
    """Whole characters, below a hundred with a tenth.

    Example:
        >>> format_rate(3.66), format_rate(250.0), format_rate(12345.6)
        ('3.7', '250', '12,346')
    """
    return f"{chars_per_second:,.{0 if chars_per_second >= 100 else 1}f}"


def short_names(names: list[str]) -> dict[str, str]:
    """Each name's last telling part, where that is enough to tell them apart.

    Example:
        >>> short_names(["mistralai/Mistral-7B-v0.1", "demo/tokenizer"])
        {'mistralai/Mistral-7B-v0.1': 'Mistral-7B-v0.1', 'demo/tokenizer': 'demo'}
        >>> short_names(["corpora/news.txt.gz"])
        {'corpora/news.txt.gz': 'news'}
        >>> short_names(["a/ja", "b/ja"])
        {'a/ja': 'a/ja', 'b/ja': 'b/ja'}
    """
    short = {name: _telling_part(name) for name in names}
    taken = list(short.values())
    return {name: part if taken.count(part) == 1 else name for name, part in short.items()}


def _telling_part(name: str) -> str:
    parts = [part for part in regex.split(r"[/\\]", name) if part] or [name]
    if parts[-1] in GENERIC and len(parts) > 1:
        parts.pop()
    return _SUFFIX.sub("", parts[-1])
