"""`tokext verify`."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from tokext.cli import options
from tokext.cli.tables import guarantee_table


@click.command("verify")
@options.base
@click.option("--extended", required=True, help="The tokenizer to examine.")
@click.argument("texts", nargs=-1)
@options.language
@click.option("-o", "--output", type=click.Path(), help="Also write the result as one JSON file.")
@options.corpus
@options.common
def command(
    base: str,
    extended: str,
    texts: tuple[str, ...],
    language: str,
    output: str | None,
    force: bool,
    as_json: bool,
    seed: int,
    **reading: Any,
) -> None:
    """Try every guarantee on two tokenizers, whoever made the second.

    TEXTS are more files to try, beside the embedded corpora and generated text; one whose suffix
    says nothing is plain text. The exit status is 1 if a guarantee is broken.

    \b
      tokext verify --extended tokenizer
      tokext verify --base ./base --extended ./somebody-elses english.txt code/*.py
    """
    from tokext.corpus.read import read_corpus
    from tokext.merge.verify import verify
    from tokext.output import json_text, write_whole
    from tokext.progress import say
    from tokext.records import run_record

    inputs = options.refuse_output(output, force, texts, (base, extended))
    reading["format"] = reading["format"] or "txt"
    corpus = read_corpus(texts, **reading) if texts else None
    guarantees = verify(base, extended, corpus or (), language=language, seed=seed)
    for line in corpus.stats.lines() if corpus else ():
        say(line)
    rows = [dataclasses.asdict(g) for g in guarantees]
    if output:
        record = run_record(
            "verification",
            options={
                "base": base,
                "extended": extended,
                "language": language,
                "seed": seed,
                **reading,
            },
            inputs=corpus.files if corpus else (),
            result={"guarantees": rows, "corpus": corpus.stats.as_dict() if corpus else None},
        )
        write_whole(output, json_text(record), force=force, inputs=inputs)
    options.emit(rows, guarantee_table(guarantees), as_json=as_json)
    if not all(g.passed for g in guarantees):
        raise click.exceptions.Exit(1)
