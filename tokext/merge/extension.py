"""The merge from folder to folder: read, extend, write, prove, and only then put in place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from tokext.errors import InputError
from tokext.languages import find_language
from tokext.merge.merge import Merged, extend
from tokext.merge.pair import Pair
from tokext.merge.verify import require, verify_pair
from tokext.merge.write import require_carried, write_tokenizer
from tokext.output import whole_folder
from tokext.progress import say
from tokext.records import Extension, Guarantee, InputFile, file_record, write_record
from tokext.tokenizer.base import DEFAULT_BASE
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.rules import merge_rules
from tokext.tokenizer.sentencepiece import SentencePieceModel
from tokext.vocab.folder import read_added


@dataclasses.dataclass(frozen=True)
class MergeResult:
    """What a merge made, and what it proved."""

    extension: Extension
    dropped: dict[str, int]
    guarantees: list[Guarantee]


def merge_vocab(
    added: str | Path,
    output: str | Path,
    *,
    base: str = DEFAULT_BASE,
    size: int | None = None,
    pad_to: int = 64,
    language: str = "ja",
    keep_all: bool = False,
    texts: Iterable[str] = (),
    seed: int = 0,
    force: bool = False,
) -> MergeResult:
    """Put an added vocabulary into a base tokenizer and write the extended tokenizer's folder.

    Args:
        added: A folder that `train_vocab` wrote, or any SentencePiece `.model`.
        output: The folder to write.
        base: The tokenizer to extend.
        size: Take the first so many pieces; all by default.
        pad_to: Fill the vocabulary up to a multiple of this.
        language: Only pieces with a letter of it enter.
        keep_all: Let other pieces enter too; other text is then cut differently, which is counted.
        texts: More texts to prove the guarantees on.
        seed: For generated text.
        force: Replace an existing folder.

    Raises:
        GuaranteeError: A guarantee does not hold; nothing is saved.
        InputError: The added vocabulary cannot be used.
        TokenizerError: The base cannot be opened or extended.
        OutputError: The folder cannot be written.
    """
    opened = load_tokenizer(base)
    if opened.found.note:
        say(opened.found.note)
    pieces, added_model = read_added(added)
    _refuse_other_normalization(added, added_model, base, opened.model)
    if not added_model.is_bpe:
        say(
            f"{added} is a {added_model.kind} model: its pieces enter by likelihood, and are "
            "merged as BPE merges; the likelihoods are lost."
        )
    asked = find_language(language)
    merged = extend(opened, pieces, language=asked, size=size, pad_to=pad_to, keep_all=keep_all)
    if not merged.extension.added:
        say(f"{base} has every piece of {added} already; nothing was added.")
    used = [added, *opened.found.files.values(), *([base] if Path(base).is_dir() else [])]
    with whole_folder(output, force=force, inputs=used) as folder:
        write_tokenizer(folder, opened, model=merged.model, fast=merged.fast)
        merged.extension.write(folder)
        require_carried(folder, opened)
        pair = Pair(opened, load_tokenizer(folder), asked)
        guarantees = verify_pair(pair, texts, seed=seed)
        require(guarantees, waived=("other_text_unchanged",) if keep_all else ())
        options = {
            "base": base,
            "base_revision": opened.found.revision,
            "added": Path(added).name,
            "size": size,
            "pad_to": pad_to,
            "language": language,
            "keep_all": keep_all,
            "seed": seed,
        }
        _write_result(folder, merged, guarantees, options, _inputs(opened, added))
    return MergeResult(merged.extension, merged.dropped, guarantees)


def _write_result(
    folder: Path,
    merged: Merged,
    guarantees: list[Guarantee],
    options: Mapping[str, object],
    inputs: list[InputFile],
) -> None:
    extension, rules = merged.extension, merge_rules(merged.model)
    result = {
        "n_added": len(extension.added),
        "size": extension.size,
        "padded_size": extension.padded_size,
        "dropped": merged.dropped,
        "rules": dataclasses.asdict(rules) if rules else None,
        "guarantees": [dataclasses.asdict(g) for g in guarantees],
    }
    write_record(folder, "tokenizer", options=options, inputs=inputs, result=result)


def _inputs(base: Tokenizer, added: str | Path) -> list[InputFile]:
    path = Path(added)
    model = path / "added.model" if path.is_dir() else path
    return [*(file_record(p, n) for n, p in base.found.files.items()), file_record(model)]


def _refuse_other_normalization(
    added: str | Path, added_model: SentencePieceModel, base: str, base_model: SentencePieceModel
) -> None:
    one, other = added_model.normalization, base_model.normalization
    if one != other:
        raise InputError(
            f"{added} and {base} normalize text differently: {one!r} against {other!r}. "
            "Pieces learned from one kind of text would miss the other.",
            hint=f"train again with --base {base}.",
        )
