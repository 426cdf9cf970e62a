"""Options that several commands share, and how their results reach standard output."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from tokext import progress
from tokext.corpus.engines import ENGINES
from tokext.corpus.inputs import FORMATS, places
from tokext.errors import OutputError
from tokext.output import json_text, refuse_inputs, refuse_taken
from tokext.tokenizer.base import DEFAULT_BASE

Function = TypeVar("Function", bound=Callable[..., Any])


def output(help: str) -> Callable[[Function], Function]:  # noqa: A002
    """`-o/--output`, required."""
    return click.option("-o", "--output", required=True, type=click.Path(), help=help)


def base(function: Function) -> Function:
    """`--base`."""
    return click.option(
        "--base",
        default=DEFAULT_BASE,
        show_default=True,
        help="Tokenizer to extend: a hub id (with @REVISION if wanted), a folder, or a "
        "tokenizer.model / tokenizer.json file.",
    )(function)


def language(function: Function) -> Function:
    """`--language`."""
    return click.option(
        "--language", default="ja", show_default=True, help="ISO code of the language to add."
    )(function)


def common(function: Function) -> Function:
    """`--force`, `--json`, `-q/--quiet`, `--seed`, `--debug`; quiet is acted on here already.

    Whoever shows an error looks for `--debug` among the arguments.
    """

    @functools.wraps(function)
    def wrapped(*args: Any, quiet: bool, debug: bool, **kwargs: Any) -> Any:
        if quiet:
            progress.shown.set(False)
        return function(*args, **kwargs)

    for option in (
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
        click.option("--seed", default=0, show_default=True, help="Seed of whatever is drawn."),
        click.option("-q", "--quiet", is_flag=True, help="No progress, no messages."),
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="The result as JSON on standard output, and nothing else there.",
        ),
        click.option("--force", is_flag=True, help="Replace an existing output."),
    ):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def is_typed(name: str) -> bool:
    """Whether an option of the command that runs was typed, and is not just its default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not ParameterSource.DEFAULT


def corpus(function: Function) -> Function:
    """The options of reading text: `--text-field`, `--document`, `--format`, `--split`, ..."""
    for option in (
        click.option(
            "--split",
            default="train",
            show_default=True,
            help="Which split of a data set of the hub.",
        ),
        click.option(
            "--max-bad-share",
            default=0.01,
            show_default=True,
            help="Share of an input's bytes that may be unusable before the run stops.",
        ),
        click.option(
            "--format",
            type=click.Choice(FORMATS),
            help="What standard input is, and files whose suffix says nothing.  [default: txt for "
            "standard input]",
        ),
        click.option(
            "--document",
            type=click.Choice(["line", "file"]),
            default="line",
            show_default=True,
            help="What a document of a .txt is.",
        ),
        click.option(
            "--text-field",
            default="text",
            show_default=True,
            help="Field of objects, column of tables, that holds the text.",
        ),
    ):
        function = option(function)
    return function


def engine(function: Function) -> Function:
    """`--workers`, `--engine`, `--address`."""
    for option in (
        click.option(
            "--address",
            help="Of the Ray cluster: host:port or auto.  [default: RAY_ADDRESS, or a cluster of "
            "this machine alone]",
        ),
        click.option(
            "--engine",
            type=click.Choice(ENGINES),
            default="local",
            show_default=True,
            help="Where to count: on this machine, or on a Ray cluster.",
        ),
        click.option(
            "--workers", default=0, help="How many count at a time.  [default: one each core]"
        ),
    ):
        function = option(function)
    return function


def refuse_twice(outputs: Mapping[str, str | None]) -> None:
    """Refuse several outputs in one place, of which only the last would be left.

    Args:
        outputs: The name of each by its option; None is an option not given.

    Raises:
        OutputError: Two are the same.
    """
    met: dict[str, str] = {}
    for option, name in outputs.items():
        if name and (other := met.setdefault(os.path.realpath(name), option)) != option:
            raise OutputError(
                f"{other} and {option} are both {name}.", hint="give each a name of its own."
            )


def refuse_output(
    output: str | None, force: bool, texts: Iterable[str], tokenizers: Iterable[str] = ()
) -> list[Path]:
    """Refuse an output file before the work, not after it; without an output there is nothing to.

    Args:
        output: The file to write.
        force: Whether it may replace an existing one.
        texts: Inputs as a person names them: files, folders, globs, pipes, hub names.
        tokenizers: Tokenizers that are read. A result may lie in the folder of one, but not in
            the place of its files.

    Returns:
        What may not be overwritten.

    Raises:
        OutputError: The name is taken, or the output would change an input.
    """
    kept = places(texts)
    for place in places(tokenizers):
        kept += [p for p in place.iterdir() if p.is_file()] if place.is_dir() else [place]
    if output:
        refuse_taken(output, force)
        refuse_inputs(output, kept)
    return kept


def emit(value: Any, text: str, *, as_json: bool) -> None:
    """The answer on standard output: as JSON, or as text for a person."""
    click.echo(json_text(value) if as_json else text, nl=not as_json)
