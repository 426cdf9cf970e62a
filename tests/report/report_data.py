"""Small results as the stages leave them, from Mistral's real vocabulary."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tokext.records import AddedPiece, Extension, Guarantee, InputFile, write_record
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import Piece, PieceType, SentencePieceModel

JAPANESE = (
    "鬱蒼とした森の奥に、東京から来た研究者の小さな家があった。\n"
    "彼は毎朝コーヒーを淹れて、鳥の声を聞いていた。\n"
)
ENGLISH = "The cat sat on the mat.\nIt costs $5 and $6, <b>no more</b> & no less.\n"
LEARNED = ("鬱", "蒼", "淹", "東京", "研究", "から", "った", "コー", "ヒー", "コーヒー", "研究者")

#: What a hostile corpus may hold: markup, closing tags, controls, a bidirectional override, math.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></script><!--",
    "森\u202e\u2066reversed",
    "\x00\x1b[31m\x7f鳥",
    r"$\frac{1}{0}$ ${x}",
    "]]>&lt;森|`*_#",
)


def extended_model(base: Tokenizer, n_added: int) -> SentencePieceModel:
    low = base.model.lowest_learned_score
    pieces = [Piece(p, low - 4 * (n + 1), PieceType.NORMAL) for n, p in enumerate(LEARNED)]
    return base.model.extended(pieces[:n_added])


def row(base: Tokenizer, model: SentencePieceModel, name: str, corpus: str, text: str) -> Any:
    """A compression row, counted with SentencePiece itself."""
    documents = [line + "\n" for line in text.splitlines()] * 3
    ids = [model.encode(document) for document in documents]
    n_tokens, n_chars = sum(map(len, ids)), sum(map(len, documents))
    n_added = model.size - base.size
    used = {i for document in ids for i in document if i >= base.size}
    lengths = sorted(map(len, ids))
    curve = []
    for rows in range(n_added + 1 if n_added else 0):
        n = sum(len(extended_model(base, rows).encode(document)) for document in documents)
        curve.append({"rows": rows, "n_tokens": n, "chars_per_token": n_chars / n})
    n_byte_tokens = sum(model.processor.is_byte(i) for document in ids for i in document)
    n_bytes = sum(len(document.encode()) for document in documents)
    return {
        "tokenizer": name,
        "tokenizer_kind": "sentencepiece bpe",
        "tokenizer_size": model.size,
        "tokenizer_digest": "ab" * 32,
        "corpus": corpus,
        "corpus_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "n_documents": len(documents),
        "n_chars": n_chars,
        "n_bytes": n_bytes,
        "n_tokens": n_tokens,
        "chars_per_token": n_chars / n_tokens,
        "bytes_per_token": n_bytes / n_tokens,
        "n_byte_tokens": n_byte_tokens,
        "byte_fallback_share": n_byte_tokens / n_tokens,
        "tokens_per_document": {
            **{f"p{p}": lengths[len(lengths) * p // 100] for p in (5, 25, 50, 75, 95)},
            "max": lengths[-1],
        },
        "renyi_efficiency": 0.5,
        "n_added": n_added,
        "n_added_used": len(used),
        "added_used_share": len(used) / n_added if n_added else None,
        **counted_lines(base, model, documents),
        "words": None,
        "curve": curve,
        "segmentation": segmentation(base, model, text),
        "tokext_version": "0.1.0",
        "created": "2026-01-02T03:04:05+00:00",
        "seconds": 0.1,
        "command": ["bench", "compression", "mistralai/Mistral-7B-v0.1", "ja/tokenizer"],
        "options": {"language": "ja", "document_lines": None, "text_field": "text"},
    }


def counted_lines(
    base: Tokenizer, model: SentencePieceModel, documents: Sequence[str]
) -> dict[str, Any]:
    """How many lines there are, of which letters, and how many the model cuts otherwise."""
    lines = [document.rstrip("\n") for document in documents]
    foreign = [line for line in lines if not is_japanese(line) and any(map(str.isalpha, line))]
    return {
        "n_lines": len(lines),
        "n_lines_changed": sum(base.encode(x) != model.encode(x) for x in lines),
        "language": "Japanese",
        "language_is_latin": False,
        "n_own_lines": sum(map(is_japanese, lines)),
        "n_foreign_lines": len(foreign),
        "n_foreign_lines_changed": sum(base.encode(x) != model.encode(x) for x in foreign),
    }


def is_japanese(line: str) -> bool:
    names = ("HIRAGANA", "KATAKANA", "CJK UNIFIED")
    return any(unicodedata.name(c, "").startswith(names) for c in line)


def segmentation(base: Tokenizer, model: SentencePieceModel, text: str) -> dict[str, Any]:
    """The text's tokens as in the middle of a document; their texts make the text again."""
    tokens, rest = [], text
    ids = model.encode("\n" + text)[2:]
    for n, i in enumerate(ids):
        piece, is_byte = model.pieces[i].text, model.processor.is_byte(i)
        after_byte = n > 0 and model.processor.is_byte(ids[n - 1])
        if is_byte:
            # The first byte of a character carries it; those after it have no text.
            first = int(piece[3:5], 16) & 0xC0 != 0x80 or not after_byte
            shown = rest[0] if first else ""
        else:
            shown = piece.replace("▁", " ")
        assert rest.startswith(shown), (rest, shown)
        rest = rest.removeprefix(shown)
        tokens.append({"id": i, "piece": piece, "text": shown, "is_byte": is_byte})
        tokens[-1]["is_added"] = i >= base.size
    assert not rest
    return {"text": text, "tokens": tokens}


GUARANTEES = (
    Guarantee("base ids", "Every base id has the same piece.", True, 32000, 0, "ids"),
    Guarantee(
        "shorter", "No text gets longer.", False, 12, 1, "lines", ("森の家: 3 -> 4",), "A note."
    ),
    Guarantee("record", "The record is true.", True, 0, 0, "entries", (), "There is none."),
)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def write_tokenizer(folder: Path, base: Tokenizer, more: Sequence[str] = ()) -> Path:
    """A tokenizer folder as a merge leaves it, as far as a report reads it."""
    folder.mkdir(parents=True)
    pieces = (*LEARNED, *more)
    added = tuple(
        AddedPiece(piece, 100 - n, base.size + n, (1, 2)) for n, piece in enumerate(pieces)
    )
    size = base.size + len(added)
    Extension(base.info(), size, 32064, added, tuple(range(size, 32064))).write(folder)
    result = {
        "n_added": len(added),
        "size": size,
        "padded_size": 32064,
        "dropped": {"unreachable": 3},
        "guarantees": [dataclasses.asdict(guarantee) for guarantee in GUARANTEES],
    }
    inputs = [InputFile("added.model", "cd" * 32, 4321)]
    write_record(folder, "tokenizer", options={"language": "ja"}, inputs=inputs, result=result)
    return folder


def write_run(folder: Path, base: Tokenizer, rows: list[dict[str, Any]]) -> Path:
    """A run's folder: a tokenizer, a compression result, and a file that is no result."""
    write_tokenizer(folder / "tokenizer", base)
    write_rows(folder / "compression.json", rows)
    (folder / "settings.json").write_text('{"a": 1}')
    return folder
