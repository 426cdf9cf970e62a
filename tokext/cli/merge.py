"""`tokext merge`."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from tokext.cli import options
from tokext.cli.tables import guarantee_table


@click.command("merge")
@options.base
@click.option(
    "--added",
    required=True,
    type=click.Path(),
    help="Folder from train-vocab, or any SentencePiece .model.",
)
@options.output("Folder to write: the extended tokenizer.")
@click.option("--size", type=int, help="Take the first so many pieces.  [default: all]")
@click.option(
    "--pad-to",
    default=64,
    show_default=True,
    help="Fill up to a multiple of this with pieces that no text can produce.",
)
@options.language
@click.option(
    "--keep-all",
    is_flag=True,
    help="Let pieces without a letter of the language enter too. Other text, English among it, "
    "is then cut differently; how much of it is counted.",
)
@options.common
def command(as_json: bool, **given: Any) -> None:
    """Put added pieces into a base tokenizer without moving an id or changing other text.

    Every guarantee is tried on real and on generated text before anything is saved; a merge that
    breaks one saves nothing.

    \b
      tokext merge --base mistralai/Mistral-7B-v0.1 --added added -o tokenizer
      tokext merge --base ./zephyr-7b --added added --size 20000 -o zephyr-ja
      tokext merge --added llm-jp.model -o mistral-llm-jp
    """
    from tokext.merge.extension import merge_vocab

    output = given["output"]
    result = merge_vocab(given.pop("added"), given.pop("output"), **given)
    extension = result.extension
    left_out = "".join(f"; {n:,} {reason}" for reason, n in result.dropped.items())
    summary = (
        f"{output}: {extension.base.size:,} + {len(extension.added):,} pieces, padded to "
        f"{extension.padded_size:,}{left_out}"
    )
    options.emit(
        {
            "output": output,
            "n_added": len(extension.added),
            "size": extension.size,
            "padded_size": extension.padded_size,
            "dropped": result.dropped,
            "guarantees": [dataclasses.asdict(g) for g in result.guarantees],
        },
        f"{guarantee_table(result.guarantees)}\n\n{summary}",
        as_json=as_json,
    )
