"""What a file that is not UTF-8 text really is, so that an error can say how to convert it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tokext.languages import USAGES, Usage

#: The first bytes of files that are often given a text file's name.
_MAGIC = {
    b"\x1f\x8b": ("gzip data", ".gz"),
    b"\x28\xb5\x2f\xfd": ("zstd data", ".zst"),
    b"\xfd7zXZ\x00": ("xz data", ".xz"),
    b"BZh": ("bzip2 data", ".bz2"),
    b"PAR1": ("a Parquet file", ".parquet"),
    b"PK\x03\x04": ("a ZIP archive (or an office document)", ""),
    b"%PDF": ("a PDF", ""),
}
_BOMS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
#: Python's codec, the name that people know, and the one that iconv knows; languages have more.
_CANDIDATES = (
    ("utf-16-le", "UTF-16", "UTF-16LE"),
    ("utf-16-be", "UTF-16", "UTF-16BE"),
)
_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
_SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True)
class Recognized:
    """What the bytes are, and the command or step that makes them readable."""

    what: str
    hint: str


def recognize(data: bytes, label: str) -> Recognized | None:
    """Say what the first bytes of a file are when they are not UTF-8; None where it is unclear.

    Example:
        >>> recognize("吾輩は猫である。名前はまだ無い。".encode("cp932"), "neko.txt").hint
        'iconv -f CP932 -t UTF-8 neko.txt > new.txt (or nkf -w).'
    """
    for magic, (what, suffix) in _MAGIC.items():
        if data.startswith(magic):
            way = f"rename it to end in {suffix}." if suffix else "extract its text first."
            return Recognized(what, way)
    found = _encoding(data[:_SAMPLE_BYTES])
    if found is None:
        return None
    name, iconv_name = found
    hint = f"iconv -f {iconv_name} -t UTF-8 {label} > new.txt (or nkf -w)."
    return Recognized(f"{name} text", hint)


def is_foreign(data: bytes) -> bool:
    """Whether more than 1 % of a file's first bytes are not UTF-8 text, so that a look is worth it.

    Example:
        >>> is_foreign("Zürich".encode()), is_foreign("Zürich".encode("latin-1"))
        (False, True)
    """
    sample = data[:_SAMPLE_BYTES]
    if _ISO_2022_JP.search(sample):  # all of it ASCII bytes
        return True
    # Up to three bytes of a character that the sample cuts through are no trouble.
    n_whole = len(sample.decode("utf-8", "ignore").encode())
    n_bad = len(sample) - n_whole - (3 if len(data) > _SAMPLE_BYTES else 0)
    return n_bad + sample.count(0) > 0.01 * len(sample)


def _encoding(sample: bytes) -> tuple[str, str] | None:
    for bom, name in _BOMS.items():
        if sample.startswith(bom):
            return name, name
    if _ISO_2022_JP.search(sample):
        return "ISO-2022-JP", "ISO-2022-JP"
    found = [
        (_likeness(sample, codec, usage), name, iconv)
        for usage in USAGES.values()
        if usage.telltale
        for codec, name, iconv in (*_CANDIDATES, *usage.encodings)
    ]
    likeness, name, iconv_name = max(found)
    return (name, iconv_name) if likeness > 0.8 else None


def _likeness(sample: bytes, codec: str, usage: Usage) -> float:
    """How much a decoding looks like text of a language, or English: above 0.8 it surely is."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:  # the sample may end inside a character
            return 0.0
        text = sample[: error.start].decode(codec)
    n_telling = len(re.findall(f"[{usage.telltale}]", text))
    # Any two bytes make a Chinese character in UTF-16, and many in the others: ask for a sign of
    # a writer, letters that tell or (where it costs two bytes) ASCII.
    n_ascii = sum(map(str.isascii, text)) if codec.startswith("utf-16") else 0
    if n_telling <= 0.05 * len(text) and n_ascii <= 0.6 * len(text):
        return 0.0
    return len(re.findall(rf"[\t\r\n -~{usage.ordinary}]", text)) / max(1, len(text))


def compression_of(path: Path) -> str:
    """The compression that a file's first bytes tell, as its suffix; empty for none."""
    with path.open("rb") as file:
        first = file.read(8)
    suffix = next((suffix for magic, (_, suffix) in _MAGIC.items() if first.startswith(magic)), "")
    return "" if suffix == ".parquet" else suffix
