"""A base and its extension, with what the guarantees look at, and what each of them answers."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any

from tokext.languages import Language
from tokext.records import EXTENSION_FILE, Extension, Guarantee
from tokext.tokenizer.load import Tokenizer
from tokext.tokenizer.sentencepiece import PieceType

#: How many failures a guarantee shows.
_N_EXAMPLES = 5


@dataclass
class Pair:
    """Two tokenizers, the texts to try, and what each makes of them."""

    base: Tokenizer
    extended: Tokenizer
    language: Language
    texts: list[str] = field(default_factory=list)

    @cached_property
    def n_kept(self) -> int:
        """How many ids the base uses."""
        return self.base.size

    @cached_property
    def special(self) -> list[str]:
        """The texts of control and user-defined pieces of the base."""
        kinds = (PieceType.CONTROL, PieceType.USER_DEFINED)
        return [p.text for p in self.base.pieces if p.type in kinds]

    @cached_property
    def record(self) -> Extension | None:
        """What ``extension.json`` says beside the extended tokenizer, where there is one."""
        path = self.extended.found.files.get(EXTENSION_FILE)
        return Extension.read(path.parent) if path else None

    @cached_property
    def padding(self) -> set[int]:
        """The ids of pieces that no text may produce: by their type, or by the record."""
        pieces = list(enumerate(self.extended.pieces))[self.n_kept :]
        unused = {i for i, p in pieces if p.type is PieceType.UNUSED and p.text}
        recorded = set(self.record.padding) if self.record else set()
        return unused | {i for i, _ in pieces if i in recorded}

    @cached_property
    def added(self) -> list[tuple[int, str]]:
        """Id and text of every added piece, padding and control pieces aside."""
        wanted = (PieceType.NORMAL, PieceType.USER_DEFINED)
        pieces = list(enumerate(self.extended.pieces))[self.n_kept :]
        return [(i, p.text) for i, p in pieces if p.type in wanted and i not in self.padding]

    @cached_property
    def constituents(self) -> dict[int, list[int]]:
        """The base ids that spell each added piece; none where the base cannot spell pieces."""
        if self.base.model_file is None and not self.base.fast.is_llama_type:
            return {}
        spelled = self.base.model.spell_all([text for _, text in self.added])
        return {id_: ids for (id_, _), ids in zip(self.added, spelled, strict=True)}

    def in_base_ids(self, ids: Sequence[Any]) -> list[Any]:
        """A sequence of extended ids with each added one put back into its constituents."""
        return [b for id_ in ids for b in self.constituents.get(id_, (id_,))]

    def added_in(self, ids: Sequence[Any]) -> list[Any]:
        """The added ones among a sequence of extended ids."""
        return [id_ for id_ in ids if id_ in self.constituents]

    def joined(self, ids: Sequence[int]) -> list[int]:
        """A sequence of base ids with neighbors joined to added pieces, the lowest id first.

        What an extension makes of a text, said from what its base makes of it. Bytes join where
        they spell a character that was added; control pieces join with nothing.
        """
        ranks = {text: id_ for id_, text in self.added}
        parts = list(self._parts(ids, ranks))
        while True:
            joins = (
                (ranks[joint], at)
                for at, ((_, a), (_, b)) in enumerate(pairwise(parts))
                if a and b and (joint := a + b) in ranks
            )
            first = min(joins, default=None)
            if first is None:
                return [id_ for id_, _ in parts]
            id_, at = first
            parts[at : at + 2] = [(id_, parts[at][1] + parts[at + 1][1])]

    def _parts(self, ids: Sequence[int], added: dict[str, int]) -> Iterator[tuple[int, str]]:
        """Each id and its text, empty where it joins with nothing; bytes of added characters."""
        pieces = self.base.pieces
        for is_byte, group in groupby(ids, lambda i: pieces[i].type is PieceType.BYTE):
            if not is_byte:
                kinds = (PieceType.NORMAL, PieceType.USER_DEFINED)
                yield from ((i, pieces[i].text if pieces[i].type in kinds else "") for i in group)
                continue
            run = list(group)
            data = bytes(int(pieces[i].text[1:-1], 16) for i in run)
            at = 0
            for char in data.decode("utf-8", "surrogateescape"):
                n_bytes = len(char.encode("utf-8", "surrogateescape"))
                if char in added:
                    yield added[char], char
                else:
                    yield from ((i, "") for i in run[at : at + n_bytes])
                at += n_bytes


def guarantee(
    name: str, claim: str, n_checked: int, unit: str, failed: list[str], note: str = ""
) -> Guarantee:
    """The answer of one guarantee: kept where nothing failed; the shortest failures are shown."""
    examples = tuple(sorted(failed, key=len)[:_N_EXAMPLES])
    return Guarantee(name, claim, not failed, n_checked, len(failed), unit, examples, note)


def guarantee_of_each(
    name: str,
    claim: str,
    n_checked: int,
    unit: str,
    failed: Iterable[tuple[Hashable, str]],
    note: str = "",
) -> Guarantee:
    """The same where one thing may fail in several ways: (which, how), each counted once."""
    found = list(failed)
    answer = guarantee(name, claim, n_checked, unit, [how for _, how in found], note)
    return replace(answer, n_failed=len({which for which, _ in found}))
