"""`tokext explain`."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from tokext.cli import options


@click.command("explain")
@click.argument("text")
@click.option("--tokenizer", type=click.Path(), help="Folder from merge.")
@click.option("--model", type=click.Path(), help="Folder from resize: rows are explained too.")
@options.common
def command(
    text: str, tokenizer: str | None, model: str | None, as_json: bool, force: bool, seed: int
) -> None:
    """Say how a text is spelled: pieces, ids, what spelled them before, where their rows came from.

    \b
      tokext explain 東京 --tokenizer tokenizer
      tokext explain 東京 --model mistral-7b-ja
    """
    if (tokenizer is None) == (model is None):
        raise click.UsageError("give one of --tokenizer and --model.")
    if model is not None:
        from tokext.model.explain import explain_text

        rows = [dataclasses.asdict(piece) for piece in explain_text(text, model)]
    else:
        from tokext.merge.explain import explain_pieces

        rows = [dataclasses.asdict(piece) for piece in explain_pieces(text, str(tokenizer))]
    options.emit(rows, "\n".join(map(_line, rows)), as_json=as_json)


def _line(row: dict[str, Any]) -> str:
    spelled = " ".join(f"{piece} ({id_})" for id_, piece in row["constituents"])
    count = "" if row["count"] is None else f", seen {row['count']:,} times"
    line = f"{row['piece']} ({row['id']}){count}" + (
        f" = {spelled}" if spelled else ", of the base"
    )
    if "origin" not in row:
        return line
    head = "tied" if row["head_norm"] is None else f"{row['head_norm']:.4f}"
    return f"{line}; row: {row['origin']}, norm {row['input_norm']:.4f} in, {head} out"
