"""`tokext bench compression`."""

from __future__ import annotations

from typing import Any

import click

from tokext.cli import options
from tokext.cli.several import SeveralValues
from tokext.cli.tables import compression_table


@click.command("compression", cls=SeveralValues)
@click.argument("tokenizers", nargs=-1, required=True, metavar="TOKENIZER...")
@click.option(
    "--text",
    "texts",
    multiple=True,
    required=True,
    metavar="FILE...",
    help="Texts to count: files, folders, globs, - for standard input, hf:NAME.",
)
@click.option(
    "--document-lines",
    type=int,
    metavar="N",
    help="Join N lines to a document and count the newlines between them.",
)
@click.option(
    "--language",
    default="ja",
    show_default=True,
    help="ISO code of the language whose words are looked at.",
)
@click.option(
    "--word-sample-chars",
    default=100_000,
    show_default=True,
    help="Characters of each text that word metrics are taken on; 0 leaves them out.",
)
@click.option(
    "--curve/--no-curve",
    default=True,
    help="Count extended tokenizers also with their first added pieces alone.  [default: curve]",
)
@click.option("-o", "--output", type=click.Path(), help="Also write the rows as one JSON file.")
@options.engine
@options.corpus
@options.common
def command(
    tokenizers: tuple[str, ...],
    texts: tuple[str, ...],
    output: str | None,
    force: bool,
    as_json: bool,
    seed: int,  # nothing is drawn at random here
    **measuring: Any,
) -> None:
    """Count what tokenizers make of texts; lines are compared with the first tokenizer.

    TOKENIZER is a folder, a .model or tokenizer.json file of any kind, or a hub id.

    \b
      tokext bench compression mistralai/Mistral-7B-v0.1 tokenizer --text ja.txt en.txt -o gain.json
      tokext bench compression a.model b/tokenizer.json --text held-out/ --document-lines 20
      zcat big.txt.gz | tokext bench compression tokenizer --text - --json
      tokext bench compression tokenizer --text big/ --engine ray --address 10.0.0.1:6379
    """
    from tokext.bench.compression import measure_compression
    from tokext.output import json_text, write_whole

    inputs = options.refuse_output(output, force, texts, tokenizers)
    rows = measure_compression(tokenizers, texts, **measuring)
    fields = [row.as_dict() for row in rows]
    if output:
        write_whole(output, json_text(fields), force=force, inputs=inputs)
    options.emit(fields, compression_table(rows), as_json=as_json)
