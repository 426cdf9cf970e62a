"""Japanese and English to train a tiny model on, and to measure it on."""

from __future__ import annotations

import gzip
import pydoc_data.topics
from collections.abc import Iterable
from pathlib import Path

from tokext.corpus.read import read_corpus

#: Of each corpus: lines of Japanese to train on, characters of each language to measure on.
TRAIN_LINES, HELD_OUT_CHARS = 12_000, 6_000

#: How often the lines of a language stand in the text that is trained on.
TIMES = {"ja": 1, "en": 4}

#: What a result says of its texts.
ORIGINS = {
    "japanese": "ja_train.txt.gz, every n-th line; held out: ja_heldout_literature.txt",
    "english": "Python's manual (pydoc topics) and tokext's corpus; held out: every tenth "
    "paragraph of the manual; four times in the text that is trained on",
}

Texts = dict[str, list[str]]


def texts(data: Path) -> tuple[Texts, Texts]:
    """Text to train on and text held out, by language, as lists of lines."""
    with gzip.open(data / "corpora" / "ja_train.txt.gz", "rt", encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip()]
    step = max(1, len(lines) // TRAIN_LINES)
    held_ja = read_corpus(data / "corpora" / "ja_heldout_literature.txt")
    manual = [
        " ".join(paragraph.split())
        for _, topic in sorted(pydoc_data.topics.topics.items())
        for paragraph in topic.split("\n\n")
        if len(paragraph) > 80
    ]
    corpora = Path(__file__).parents[1] / "corpora" / "en"
    own = read_corpus([p for p in sorted(corpora.glob("*.txt")) if "heldout" not in p.name])
    held_manual = manual[::10]
    del manual[::10]
    train_texts = {"ja": lines[::step], "en": [*manual, *own]}
    return train_texts, {"ja": first_chars(held_ja), "en": first_chars(held_manual)}


def first_chars(lines: Iterable[str]) -> list[str]:
    """Lines from the first on, until they hold as many characters as are measured."""
    found: list[str] = []
    n_chars = 0
    for line in lines:
        if n_chars >= HELD_OUT_CHARS:
            break
        found.append(line)
        n_chars += len(line)
    return found


def mixed(train_texts: Texts) -> list[str]:
    """The lines of all languages; windows are drawn at random, so their order does not matter.

    Those of English stand there several times: a character of it takes a quarter of the tokens
    that one of Japanese takes, and there is less text.
    """
    return [line for language, lines in train_texts.items() for line in lines * TIMES[language]]
