"""`tokext report`."""

from __future__ import annotations

from pathlib import Path

import click

from tokext import progress
from tokext.cli import options


@click.command("report")
@click.argument("results", nargs=-1, required=True, type=click.Path())
@options.output("Folder to write: report.html, report.md, report.json, charts as PNG and SVG.")
@click.option("--locale", default="en", show_default=True, help="Language of the report: en or ja.")
@click.option("--title", help="What stands at the head of the page.  [default: Tokenizer report]")
@click.option("--corpus", help="Corpus of the headline.  [default: the first whose tokens changed]")
@click.option("--force", is_flag=True, help="Replace an existing output.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="The numbers as JSON on standard output, and nothing else there.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress, no messages.")
def command(
    results: tuple[str, ...],
    output: str,
    locale: str,
    title: str | None,
    corpus: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Draw results as one HTML page that loads nothing, as Markdown, and as charts.

    RESULTS are folders and JSON files that tokext wrote, or folders that hold such. Among
    compression results the first tokenizer is the base of every comparison.

    \b
      tokext report tokenizer gain.json -o report
      tokext report run/ -o report-ja --locale ja
      tokext report gain.json -o report --corpus held-out.txt --title "My tokenizer"
    """
    if quiet:
        progress.shown.set(False)
    from tokext.report import report_numbers, write_report

    report = write_report(results, output, force=force, locale=locale, title=title, corpus=corpus)
    page = Path(output) / "report.html"
    options.emit(report_numbers(report), f"{report.headline.sentence}\n{page}", as_json=as_json)
