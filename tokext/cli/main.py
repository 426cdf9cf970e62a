"""The `tokext` command: finds a command's file when it is asked for, turns errors into one line."""

from __future__ import annotations

import contextvars
import importlib
import sys
import traceback
from typing import Any

import click

from tokext import output, progress, records
from tokext.errors import TokextError

#: Command -> (module, a line for the overview). A module is imported when its command is called.
_COMMANDS = {
    "train-vocab": ("train_vocab", "Learn the pieces to add from text."),
    "plan": ("plan", "Say how many pieces to add: what each size brings, and costs."),
    "merge": ("merge", "Put the pieces into a base tokenizer, and prove what it promises."),
    "verify": ("verify", "Try every guarantee on any two tokenizers."),
    "resize": ("resize", "Give a checkpoint the rows of an extended tokenizer."),
    "revert": ("revert", "Give back a checkpoint's base, byte for byte."),
    "explain": ("explain", "Say how a text is spelled, and where each row came from."),
    "sample": ("sample", "Sample answers to prompts from a checkpoint or a server."),
    "bench": ("bench", "Measure: compression, leakage, throughput."),
    "report": ("report", "Draw results as one HTML page, Markdown and charts."),
    "run": ("run", "Do the stages of a recipe in order, skipping what is done."),
    "demo": ("demo", "The whole line on what comes with tokext, offline."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, so that `--help` is quick."""

    def __init__(self, *args: Any, lazy: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._lazy:
            return None
        module = importlib.import_module(f"tokext.cli.{self._lazy[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._lazy.items()])


@click.command(
    cls=LazyGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command explains itself: tokext COMMAND --help.",
)
@click.version_option(package_name="tokext")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Extend a tokenizer for a language its model spells badly, and measure what it brings.

    \b
      tokext demo                                  # everything at once, offline
      tokext plan corpus/                          # how many pieces?
      tokext train-vocab corpus/ -o added --size 30000
      tokext merge --base mistralai/Mistral-7B-v0.1 --added added -o tokenizer
      tokext resize ./mistral-7b --tokenizer tokenizer -o mistral-7b-ja
      tokext bench compression mistralai/Mistral-7B-v0.1 tokenizer --text held-out.txt -o gain.json
      tokext report tokenizer gain.json -o report
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a stated failure, 2 wrong usage, 130 interrupted."""
    # In a context of its own, so that a program that calls it keeps its own settings.
    contextvars.copy_context().run(_main, sys.argv[1:] if arguments is None else arguments)


def _main(given: list[str]) -> None:
    records.command_line.set(tuple(given))
    progress.shown.set(True)
    try:
        # Without standalone mode click hands back the status of a command that ends by itself.
        sys.exit(cli.main(given, prog_name="tokext", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; nothing half-done was left.", err=True)
        sys.exit(130)
    except TokextError as error:
        _stop(error, str(error), error.hint)
    except OSError as error:
        if output.is_full(error):
            full = output.full_disk(error)
            _stop(error, str(full), full.hint)
        said = f"{error.filename}: {error.strerror}." if error.filename else f"{error}."
        _stop(error, said, "the same command with --debug shows where it happened.")
    except MemoryError as error:
        _stop(error, "there is not enough memory.", "close other programs, or give less at once.")
    except Exception as error:  # whatever nobody thought of: still one line, still status 1
        words = " ".join(str(error).split())[:200]
        said = f"{type(error).__name__}: {words}" if words else type(error).__name__
        _stop(
            error,
            f"tokext met something that it does not expect: {said}",
            "this is a fault of tokext; please report it with what --debug shows.",
        )


def _stop(error: Exception, message: str, hint: str) -> None:
    if "--debug" in records.command_line.get():
        traceback.print_exception(error)
    click.echo(f"Error: {message}", err=True)
    if hint:
        click.echo(f"Hint: {hint}", err=True)
    sys.exit(1)
