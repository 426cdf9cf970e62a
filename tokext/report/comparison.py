"""Compression rows put in order: tokenizers against corpora, the first tokenizer the base."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokext.errors import InputError
from tokext.report.show import short_names

Row = dict[str, Any]


class Comparison:
    """Compression rows by tokenizer and corpus, in the order they were measured in.

    Args:
        rows: Rows as `bench compression` writes them; at least one.
        corpus: The corpus to speak of first; None takes the first one whose tokens changed.

    Raises:
        InputError: Two rows measure the same pair differently, or `corpus` is none of theirs.
    """

    def __init__(self, rows: Sequence[Row], corpus: str | None = None) -> None:
        self._rows: dict[tuple[str, str], Row] = {}
        for row in rows:
            self._add(row)
        self.tokenizers: list[str] = list(dict.fromkeys(row["tokenizer"] for row in rows))
        self.corpora: list[str] = list(dict.fromkeys(row["corpus"] for row in rows))
        self.short = short_names(self.tokenizers)
        self.short_corpus = short_names(self.corpora)
        self.base = self.tokenizers[0]
        self.extended = self._find_extended()
        self.main = self._find_main(corpus)

    def _add(self, row: Row) -> None:
        key = row["tokenizer"], row["corpus"]
        known = self._rows.setdefault(key, row)
        if known["n_tokens"] != row["n_tokens"] or known["n_chars"] != row["n_chars"]:
            raise InputError(
                f"{key[0]} on {key[1]} has {known['n_tokens']:,} tokens in {known['source']} and "
                f"{row['n_tokens']:,} in {row['source']}: not the same tokenizer or text.",
                hint="report on one of the two.",
            )

    def row(self, tokenizer: str, corpus: str) -> Row | None:
        """The row of a pair, None where it was not measured."""
        return self._rows.get((tokenizer, corpus))

    def rows(self) -> list[Row]:
        """Every row, corpus by corpus, the base first in each."""
        pairs = ((t, c) for c in self.corpora for t in self.tokenizers)
        return [self._rows[pair] for pair in pairs if pair in self._rows]

    def times_base(self, row: Row) -> float | None:
        """Characters per token of a row, in multiples of the base's on the same corpus."""
        base = self.row(self.base, row["corpus"])
        if base is None or not base["chars_per_token"]:
            return None
        return float(row["chars_per_token"] / base["chars_per_token"])

    def changed_share(self, row: Row) -> float | None:
        """The share of lines cut otherwise than by the base; None for the base itself."""
        if row["tokenizer"] == self.base or row.get("n_lines_changed") is None:
            return None
        return float(row["n_lines_changed"] / row["n_lines"]) if row.get("n_lines") else None

    def _find_extended(self) -> str | None:
        others = self.tokenizers[1:]
        added = [t for t in others if any((self._get(t, c, "n_added") or 0) for c in self.corpora)]
        return next(iter(added or others), None)

    def _find_main(self, corpus: str | None) -> str:
        if corpus is None:
            changed = [
                c
                for c in self.corpora
                if self._get(self.base, c, "n_tokens") != self._get(self.extended, c, "n_tokens")
            ]
            return (changed or self.corpora)[0]
        found = [c for c in self.corpora if corpus in (c, self.short_corpus[c])]
        if not found:
            raise InputError(
                f"no result is about the corpus {corpus!r}.",
                hint=f"one of {', '.join(self.short_corpus.values())}.",
            )
        return found[0]

    def _get(self, tokenizer: str | None, corpus: str, key: str) -> Any:
        row = self._rows.get((tokenizer or self.base, corpus))
        return row.get(key) if row else None
