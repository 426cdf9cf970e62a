"""`tokext bench throughput`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import click

from tokext import progress
from tokext.cli import options, sources
from tokext.cli.several import SeveralValues
from tokext.cli.throughput_tables import served_table, throughput_table


@click.command("throughput", cls=SeveralValues)
@click.argument("models", nargs=-1, required=True, metavar="MODEL|URL...")
@click.option(
    "--text",
    "texts",
    multiple=True,
    required=True,
    metavar="FILE...",
    help="Held-out text: files, folders, globs, - for standard input, hf:NAME.",
)
@click.option(
    "--mode",
    type=click.Choice(["replay", "free"]),
    default="replay",
    show_default=True,
    help="Write the text that is given, or what the model says.",
)
@click.option(
    "--shape",
    help="Measure random weights of this shape (mistral-7b, llama-2-7b, mistral-1b, ...); MODEL is "
    "then a tokenizer.",
)
@click.option(
    "--batch-size",
    multiple=True,
    type=int,
    default=(1,),
    show_default=True,
    metavar="N...",
    help="Sequences at a time.",
)
@sources.device
@sources.dtype("auto is that of the files; of a shape bfloat16, on the CPU float32.")
@click.option(
    "--new-tokens",
    default=128,
    show_default=True,
    help="Tokens that the first model writes; the others write the same characters.",
)
@click.option(
    "--prefill-chars", default=512, show_default=True, help="Characters read before that."
)
@click.option("--repeats", default=5, show_default=True, help="Passes, in turns between models.")
@click.option("--warmup", default=1, show_default=True, help="Passes before them.")
@click.option("--compile", "compiled", is_flag=True, help="Compile the step of decoding.")
@sources.max_memory
@click.option(
    "--machine",
    default="auto",
    show_default=True,
    help="Predict for this one (h200, a100-80gb, rtx-4090, ...); auto looks the device up.",
)
@click.option(
    "--model", multiple=True, metavar="NAME...", help="What a server calls the model, or several."
)
@click.option(
    "--concurrency",
    multiple=True,
    type=int,
    default=(1, 4),
    show_default=True,
    metavar="N...",
    help="Requests to a server at a time.",
)
@click.option("--requests", "n_requests", default=0, help="In all.  [default: 4 times as many]")
@click.option(
    "--api",
    type=click.Choice(["completions", "chat"]),
    default="completions",
    show_default=True,
    help="Have a server continue the text, or answer it.",
)
@sources.timeout
@sources.tries
@click.option("-o", "--output", type=click.Path(), help="Also write the rows as one JSON file.")
@options.common
def command(
    models: tuple[str, ...],
    texts: tuple[str, ...],
    output: str | None,
    force: bool,
    as_json: bool,
    **measuring: Any,
) -> None:
    """Measure characters per second, prefill and decode apart; the first MODEL is the base.

    Every model reads and writes the same text, so the figures compare across vocabularies. Beside
    them stands what the machine allows at best. An OpenAI-compatible server is measured as its
    clients see it: time to the first chunk, characters per second at several concurrencies.

    \b
      tokext bench throughput ./mistral-7b ./mistral-7b-ja --text held-out.txt --batch-size 1 8 32
      tokext bench throughput mistralai/Mistral-7B-v0.1 tokenizer --shape mistral-7b --text ja.txt
      tokext bench throughput ./base ./extended --mode free --text ja.txt -o speed.json
      tokext bench throughput http://localhost:8000/v1 --model mistral-7b-ja --text ja.txt
      accelerate launch --num_processes 2 -m tokext bench throughput ./base ./ja --text ja.txt
    """
    from tokext.output import json_text, refuse_taken, write_whole

    if output:
        refuse_taken(output, force)  # before the measuring, not after it
    is_server = _is_server(models)
    given = _own_flags(measuring, is_server)
    is_first = os.environ.get("RANK", "0") == "0"  # of the processes of accelerate launch
    if not is_first:
        progress.shown.set(False)
    fields, told = (_ask if is_server else _run)(models, texts, given)
    if is_first:
        if output:
            write_whole(output, json_text(fields), force=force)
        options.emit(fields, told, as_json=as_json)


#: Flags that mean something for a server alone, and those that do for both.
_SERVER = {"model", "concurrency", "n_requests", "api", "timeout_seconds", "n_tries"}
_BOTH = {"new_tokens", "prefill_chars"}


def _is_server(models: Sequence[str]) -> bool:
    are_urls = {sources.is_url(name) for name in models}
    if len(are_urls) > 1:
        raise click.UsageError("checkpoints and servers are not measured together.")
    return are_urls.pop()


def _own_flags(measuring: dict[str, Any], is_server: bool) -> dict[str, Any]:
    if not is_server:
        return sources.own_flags(measuring, _SERVER, is_server)
    # Every command takes a seed; a server is asked for the likeliest tokens, and draws nothing.
    given = {name: value for name, value in measuring.items() if name != "seed"}
    return sources.own_flags(given, given.keys() - _SERVER - _BOTH, is_server)


def _run(
    models: Sequence[str], texts: Sequence[str], given: dict[str, Any]
) -> tuple[list[dict[str, Any]], str]:
    from tokext.bench.speed.throughput import measure_throughput

    rows = measure_throughput(models, texts, **given)
    return [row.as_dict() for row in rows], throughput_table(rows)


def _ask(
    urls: Sequence[str], texts: Sequence[str], given: dict[str, Any]
) -> tuple[list[dict[str, Any]], str]:
    from tokext.bench.server.throughput import measure_server

    rows = measure_server(urls, texts, **given)
    return [row.as_dict() for row in rows], served_table(rows)
