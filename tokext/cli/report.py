"""`tokext report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tokext import progress
from tokext.cli import options

if TYPE_CHECKING:
    from tokext.report.gate import Verdict


@click.command("report")
@click.argument("results", nargs=-1, type=click.Path())
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    help="Folder to write: report.html, report.md, report.json, charts as PNG and SVG.",
)
@click.option("--locale", default="en", show_default=True, help="Language of the report: en or ja.")
@click.option("--title", help="What stands at the head of the page.  [default: Tokenizer report]")
@click.option("--corpus", help="Corpus of the headline.  [default: the first whose tokens changed]")
@click.option(
    "--compare",
    nargs=2,
    type=click.Path(),
    metavar="OLD NEW",
    help="Write nothing: hold two compression results against each other, and exit 1 if NEW falls "
    "short of what the next two options ask.",
)
@click.option(
    "--max-english-change",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="With --compare: the share of lines without a letter of the added language that NEW may "
    "cut otherwise than its base, of each text.",
)
@click.option(
    "--min-gain",
    type=click.FloatRange(0),
    metavar="TIMES",
    help="With --compare: how many times the characters per token of OLD's first tokenizer NEW "
    "has to reach on the corpus of the headline.",
)
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
    output: str | None,
    locale: str,
    title: str | None,
    corpus: str | None,
    compare: tuple[str, str] | None,
    max_english_change: float | None,
    min_gain: float | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Draw results as one HTML page that loads nothing, as Markdown, and as charts.

    RESULTS are folders and JSON files that tokext wrote, or folders that hold such. Among
    compression results the first tokenizer is the base of every comparison.

    \b
      tokext report tokenizer gain.json -o report
      tokext report run/ -o report-ja --locale ja
      tokext report gain.json -o report --corpus held-out.txt --title "My tokenizer"
      tokext report --compare old.json new.json --max-english-change 0 --min-gain 1.8
    """
    if quiet:
        progress.shown.set(False)
    demands = {"max_english_change": max_english_change, "min_gain": min_gain}
    if compare:
        _refuse({"RESULTS": results, "--output": output, "--title": title}, "--compare")
        _compare(*compare, corpus, demands, as_json)
        return
    _refuse({f"--{name.replace('_', '-')}": demands[name] for name in demands})
    if not results or output is None:
        raise click.UsageError("give RESULTS and -o DIR, or --compare OLD NEW.")
    from tokext.report import report_numbers, write_report

    report = write_report(results, output, force=force, locale=locale, title=title, corpus=corpus)
    page = Path(output) / "report.html"
    options.emit(report_numbers(report), f"{report.headline.sentence}\n{page}", as_json=as_json)


def _compare(
    old: str, new: str, corpus: str | None, demands: dict[str, float | None], as_json: bool
) -> None:
    from tokext.report.gate import compare_results

    verdict = compare_results(old, new, corpus=corpus, **demands)
    options.emit(verdict.as_dict(), _verdict_table(verdict), as_json=as_json)
    if not verdict.passed:
        raise click.exceptions.Exit(1)


def _verdict_table(verdict: Verdict) -> str:
    """A line a corpus, then which of them were judged, and what was demanded in vain."""
    width = max(len(change.corpus) for change in verdict.changes)
    lines = [f"{'':{width}}   base    old    new   times base  lines changed"]
    for c in verdict.changes:
        changed = "-" if c.n_lines_changed is None else f"{c.n_lines_changed:,} of {c.n_lines:,}"
        numbers = f"{c.base:6.3f} {c.old:6.3f} {c.new:6.3f} {c.gain:12.3f}  {changed:>13}"
        lines.append(f"{c.corpus:{width}} {numbers}")
    lines += [
        f"{'judged as English' if one.is_english else 'not judged'}: {one.sentence}"
        for one in verdict.english
    ]
    return "\n".join([*lines, *(f"FAILED  {failure}" for failure in verdict.failures)])


def _refuse(given: dict[str, object], beside: str | None = None) -> None:
    """Refuse by name what says nothing here."""
    for name, value in given.items():
        if value not in (None, ()):
            why = f"cannot stand beside {beside}" if beside else "needs --compare OLD NEW"
            raise click.UsageError(f"{name} {why}.")
