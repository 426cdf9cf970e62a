"""`tokext sample`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tokext.cli import options, sources
from tokext.cli.several import SeveralValues

if TYPE_CHECKING:
    from tokext.bench.sampling.jobs import SampleSummary

#: Flags that mean something for one of the two sources alone.
_LOCAL = ("tokenizer", "batch_size", "device", "dtype", "load_in_4bit", "max_memory")
_SERVER = ("model", "concurrency", "timeout_seconds", "n_tries")
#: Settings that a server decides where nobody types them.
_LEFT_OPEN = ("top_p", "top_k", "min_p", "repetition_penalty")


@click.command("sample", cls=SeveralValues)
@click.argument("source", metavar="MODEL|URL")
@click.option(
    "--prompts",
    multiple=True,
    default=("ja",),
    show_default=True,
    metavar="FILE...",
    help="TOML or JSONL files, or those that come with tokext: ja, en.",
)
@click.option("-o", "--output", required=True, type=click.Path(), help="JSONL file to write.")
@click.option(
    "--template",
    default="own",
    show_default=True,
    help="Prompt format: own (the tokenizer's chat template), zephyr, llama-2, vicuna, synthia, "
    "chatml, plain, or a file with {user} and {system}.",
)
@click.option(
    "--temperature",
    multiple=True,
    type=float,
    default=(0.7,),
    show_default=True,
    help="Logits are divided by it; 0 takes the likeliest token.",
)
@click.option(
    "--top-p",
    multiple=True,
    type=float,
    default=(1.0,),
    show_default=True,
    help="Keep the likeliest tokens up to this share.",
)
@click.option(
    "--top-k",
    multiple=True,
    type=int,
    default=(0,),
    show_default=True,
    help="Keep so many of the likeliest tokens; 0 for all.",
)
@click.option(
    "--min-p",
    multiple=True,
    type=float,
    default=(0.0,),
    show_default=True,
    help="Keep tokens with at least this share of the likeliest one's.",
)
@click.option(
    "--repetition-penalty",
    multiple=True,
    type=float,
    default=(1.0,),
    show_default=True,
    help="Divide the logits of what was said by it.",
)
@click.option("--n", default=1, show_default=True, help="Samples of each prompt and setting.")
@click.option("--max-new-tokens", default=512, show_default=True, help="Of each answer.")
@click.option("--tokenizer", help="Another tokenizer's folder.")
@click.option("--batch-size", default=8, show_default=True, help="Samples at a time.")
@sources.device
@sources.dtype("auto is that of the files.")
@click.option("--load-in-4bit", is_flag=True, help="Quantize with bitsandbytes while loading.")
@sources.max_memory
@click.option("--model", help="What the server calls the model.")
@click.option("--concurrency", default=8, show_default=True, help="Requests at a time.")
@sources.timeout
@sources.tries
@options.common
def command(
    source: str, output: str, as_json: bool, prompts: tuple[str, ...], **given: Any
) -> None:
    """Sample answers to prompts from a checkpoint, or from an OpenAI-compatible server.

    Several values of a sampling flag make a sweep. Samples are on the disk as they come; the same
    command again makes what is missing. A server decides about top-p, top-k, min-p and repetition
    penalty where they are not typed, and samples say null for them. A server's key is read from the
    environment variable TOKEXT_API_KEY or OPENAI_API_KEY.

    \b
      tokext sample ./mistral-7b-ja -o out.jsonl --temperature 0.2 0.7 1.0 --min-p 0 0.1
      tokext sample ./zephyr-7b --prompts ja en my.toml --template zephyr --n 4 -o out.jsonl
      tokext sample http://localhost:8000/v1 --model mistral-7b-ja -o out.jsonl
    """
    from tokext.bench.sampling.prompts import read_prompts

    is_server = sources.is_url(source)
    given = sources.own_flags(given, _LOCAL if is_server else _SERVER, is_server)
    asked = read_prompts(*prompts)
    if is_server:
        from tokext.bench.server.sample import sample_server

        given = {k: v for k, v in given.items() if k not in _LEFT_OPEN or options.is_typed(k)}
        sample: Callable[..., SampleSummary] = sample_server
    else:
        from tokext.bench.sampling.sample import sample_model

        sample = sample_model
    try:
        done = sample(source, asked, output, **given)
    except KeyboardInterrupt:
        if not Path(output).exists():
            raise
        click.echo(
            f"Interrupted; all samples that came are in {output}, and the same command goes on.",
            err=True,
        )
        click.get_current_context().exit(130)
    options.emit(dataclasses.asdict(done), _told(done), as_json=as_json)


def _told(done: SampleSummary) -> str:
    lines = [
        f"{done.output}: {done.n_samples:,} samples, {done.n_made:,} of them new in "
        f"{done.seconds:,.0f} s ({done.n_chars:,} characters)"
    ]
    if done.n_empty:
        lines.append(f"{done.n_empty:,} answers are empty.")
    if done.n_cut_off:
        lines.append(f"{done.n_cut_off:,} answers end at the limit of tokens.")
    return "\n".join(lines)
