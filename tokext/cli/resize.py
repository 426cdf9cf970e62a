"""`tokext resize`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tokext.cli import options

if TYPE_CHECKING:
    from tokext.model.check import LogitCheck


@click.command("resize")
@click.argument("model")
@click.option(
    "--tokenizer", required=True, type=click.Path(), help="Folder from merge: the new tokenizer."
)
@options.output("Folder to write: the extended checkpoint.")
@click.option(
    "--init",
    type=click.Choice(["subword-mean", "weighted-mean", "align", "global-mean", "normal", "zero"]),
    default="subword-mean",
    show_default=True,
    help="Where new rows come from.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where rows are calculated.",
)
@click.option(
    "--dtype",
    type=click.Choice(["keep", "bfloat16", "float16", "float32"]),
    default="keep",
    show_default=True,
    help="Convert all float tensors; there is then no way back.",
)
@click.option("--rescale", is_flag=True, help="Bring new rows to the median norm of the base's.")
@click.option(
    "--sample",
    multiple=True,
    type=click.Path(),
    help="Text for --init align, which reads 100,000 lines.",
)
@click.option("--copy", is_flag=True, help="Copy weight files that could be hard-linked.")
@click.option(
    "--check-logits/--no-check-logits",
    default=None,
    help="Run the model before and after.  [default: below 200 million parameters]",
)
@options.common
def command(model: str, output: str, as_json: bool, sample: tuple[str, ...], **given: Any) -> None:
    """Give a checkpoint the rows of an extended tokenizer, in its files.

    MODEL is a folder or a hub id. Weight files without embeddings are hard-linked, so changing them
    in place later would change the base too: --copy avoids that.

    \b
      tokext resize ./mistral-7b --tokenizer tokenizer -o mistral-7b-ja
      tokext resize HuggingFaceH4/zephyr-7b-alpha --tokenizer zephyr-ja -o zephyr-7b-ja
      tokext resize ./base --tokenizer tokenizer -o out --init align --sample japanese.txt
    """
    from tokext.corpus.read import read_corpus
    from tokext.model.resize import resize_checkpoint

    lines = read_corpus(sample) if sample else None
    result = resize_checkpoint(model, output=output, sample=lines, **given)
    degrees = ", ".join(map(str, result.tensor_parallel))
    text = [
        f"{output}: {result.n_rows_before:,} -> {result.n_rows:,} rows "
        f"({result.n_added:,} added, {result.n_padding:,} padding; {', '.join(result.tensors)})",
        f"tensor parallel degrees that divide the rows: {degrees}",
    ]
    if result.check is not None:
        check = result.check
        text.append(
            f"logits of base ids {_kept(check)} at {check.n_positions} positions; "
            f"{check.new_share:.2%} of probability on added ids, {check.padding_share:.2%} on "
            f"padding; KL on English {check.kl_english:.4f} bits a token"
        )
        for language, before in check.bits_per_char_before.items():
            after = check.bits_per_char_after[language]
            text.append(f"bits per character, {language}: {before:.3f} -> {after:.3f}")
    options.emit({"output": output} | result.fields(), "\n".join(text), as_json=as_json)


def _kept(check: LogitCheck) -> str:
    """Which of the two proofs there is; see `LogitCheck`."""
    if check.base_logits_equal:
        return "unchanged, bit by bit,"
    return (
        "the same numbers (hidden states and head rows unchanged, bit by bit), by another size of "
        f"head rounded otherwise by up to {check.max_difference:.2g},"
    )
