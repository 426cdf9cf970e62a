"""Every guarantee tried on a pair of tokenizers, on real and on generated text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tokext.errors import GuaranteeError
from tokext.languages import find_language
from tokext.merge import encodings, vocabulary
from tokext.merge.agreement import loaders_agree
from tokext.merge.loaders import Loaders
from tokext.merge.pair import Pair
from tokext.merge.surroundings import surroundings_kept
from tokext.merge.texts import generated_texts, real_texts
from tokext.merge.write import write_tokenizer
from tokext.output import scratch_folder
from tokext.progress import bar
from tokext.records import Guarantee
from tokext.tokenizer.load import Tokenizer, load_tokenizer
from tokext.tokenizer.sentencepiece import SentencePieceModel

_N_GENERATED = 2000


def verify(
    base: str | Path,
    extended: str | Path,
    texts: Iterable[str] = (),
    *,
    language: str = "ja",
    seed: int = 0,
) -> list[Guarantee]:
    """Try every guarantee on a pair of tokenizers.

    Args:
        base: A tokenizer folder, file or hub id.
        extended: A tokenizer folder.
        texts: More texts to try, beside the embedded corpora and generated text.
        language: The language that was added; text without its letters may not change.
        seed: For the generated text.

    Returns:
        One record a guarantee, kept or broken.

    Raises:
        TokenizerError: One of the two cannot be opened.
    """
    pair = Pair(load_tokenizer(base), load_tokenizer(extended), find_language(language))
    return verify_pair(pair, texts, seed=seed)


def verify_pair(pair: Pair, texts: Iterable[str] = (), *, seed: int = 0) -> list[Guarantee]:
    """Try every guarantee on a pair that is open already."""
    added = [text for _, text in pair.added]
    generated = generated_texts(pair.language, added, pair.special, n=_N_GENERATED, seed=seed)
    given = list(dict.fromkeys([*texts, *real_texts(), *generated]))
    pair.texts = [t for t in given if _is_encodable(t)]
    return prove(pair)


def prove(pair: Pair) -> list[Guarantee]:
    """Try every guarantee on the texts that the pair holds, and on no others."""
    with scratch_folder("tokext-verify") as folder:
        base = _on_disk(folder / "base", pair.base, pair.texts, _stands_for(pair))
        extended = _on_disk(
            folder / "extended", pair.extended, pair.texts, pair.extended.model_file
        )
        checks: list[Callable[[], Guarantee]] = [
            lambda: vocabulary.base_pieces_kept(pair, base, extended),
            lambda: encodings.other_text_unchanged(pair, base, extended),
            lambda: encodings.pieces_reachable(pair),
            lambda: encodings.never_longer(base, extended),
            lambda: encodings.base_tokens_respected(pair, base, extended),
            lambda: loaders_agree(pair, base, extended),
            lambda: surroundings_kept(pair, base, extended),
            lambda: encodings.round_trip(base, extended),
            lambda: vocabulary.ids_dense(pair, extended),
            lambda: encodings.padding_unreachable(pair, extended),
            lambda: vocabulary.merging_again_adds_nothing(pair),
            lambda: vocabulary.record_true(pair),
        ]
        found = []
        with bar("proving guarantees", len(checks), "guarantee") as progress:
            for check in checks:
                found.append(check())
                progress.update(1)
    return found


def require(guarantees: Iterable[Guarantee], *, waived: Sequence[str] = ()) -> None:
    """Refuse to go on where a guarantee is broken.

    Raises:
        GuaranteeError: One is, and it is not among the waived.
    """
    for guarantee in guarantees:
        if not guarantee.passed and guarantee.name not in waived:
            example = f" (for example {guarantee.examples[0]})" if guarantee.examples else ""
            raise GuaranteeError(
                f"broken: {guarantee.claim}: {guarantee.n_failed:,} of {guarantee.n_checked:,} "
                f"{guarantee.unit}{example}. Nothing was saved.",
                hint="tokext verify shows every guarantee; please report a base that breaks one.",
            )


def _is_encodable(text: str) -> bool:
    """Lone surrogates are no text; no loader takes them."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _stands_for(pair: Pair) -> SentencePieceModel | None:
    """What SentencePiece makes of the base: its model, or what its `tokenizer.json` stands for."""
    if pair.extended.model_file is None or not (
        pair.base.model_file or pair.base.fast.is_llama_type
    ):
        return pair.base.model_file
    return pair.base.model


def _on_disk(
    folder: Path, tokenizer: Tokenizer, texts: Sequence[str], model: SentencePieceModel | None
) -> Loaders:
    """A folder that transformers can open, whatever the tokenizer came from."""
    folder.mkdir()
    write_tokenizer(folder, tokenizer)
    return Loaders(folder, tokenizer, texts, model)
