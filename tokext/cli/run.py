"""`tokext run`."""

from __future__ import annotations

from typing import Any

import click

from tokext.cli import options


@click.command("run")
@click.argument("recipe")
@click.option("-o", "--output", type=click.Path(), help="Folder of the run.  [default: its name]")
@click.option("--input", "inputs", multiple=True, help="Text to learn from instead; repeatable.")
@click.option("--size", type=int, help="Pieces to learn instead.")
@options.corpus
@options.common
def command(
    recipe: str,
    output: str | None,
    inputs: tuple[str, ...],
    size: int | None,
    force: bool,
    as_json: bool,
    seed: int,
    **reading: Any,
) -> None:
    """Do the stages of a recipe in order; what is done and unchanged is skipped.

    RECIPE is a TOML file, or mistral-ja, which comes with tokext. Options of reading are for the
    text to learn from; they and --seed go before what the recipe says, and without them it holds.

    \b
      tokext run mistral-ja --input corpus.txt.gz --size 30000 -o mistral-ja
      tokext run my-recipe.toml
      zcat dump.jsonl.gz | tokext run mistral-ja --input - --format jsonl -o mistral-ja
    """
    from tokext.recipe import read_recipe, run_recipe

    folder = output or read_recipe(recipe).name
    done = run_recipe(
        recipe,
        folder,
        inputs=list(inputs) or None,
        size=size,
        reading={name: value for name, value in reading.items() if options.is_typed(name)},
        seed=seed if options.is_typed("seed") else None,
        force=force,
    )
    lines = [f"{stage}: {outcome}" for stage, outcome in done.items()]
    if "report" in done:
        lines.append(f"{folder}/report/report.html")
    options.emit(done, "\n".join(lines), as_json=as_json)
