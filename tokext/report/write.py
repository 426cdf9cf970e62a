"""The door: results in, a folder with the report out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokext import progress
from tokext.output import json_text, whole_folder
from tokext.records import SCHEMA_VERSION, write_record
from tokext.report.outline import outline
from tokext.report.parts import Chart, Pieces, Report, Sample, Source, Table
from tokext.report.read import read_evidence
from tokext.report.words import Words


def write_report(
    results: Iterable[str | Path],
    output: str | Path,
    *,
    force: bool = False,
    locale: str = "en",
    title: str | None = None,
    corpus: str | None = None,
) -> Report:
    """Write what results say as a page, as Markdown, as JSON, and each chart as PNG and SVG.

    Args:
        results: Folders and JSON files that tokext wrote, or folders that hold such. In
            compression results the first tokenizer is the base of every comparison.
        output: The folder: `report.html`, `report.md`, `report.json`, charts, `tokext.json`.
        force: Replace an existing folder.
        locale: The language of the report: `en` or `ja`.
        title: Stands at the head of the page, "Tokenizer report" without it.
        corpus: The corpus of the headline; without it the first whose tokens changed.

    Returns:
        The report as data, its `headline` among it.

    Raises:
        InputError: A result is missing, damaged, contradicts another, or is of no kind that a
            report can draw; or there is no such locale or corpus.
        OutputError: The output exists, lies inside a result, or cannot be written.

    Example: `write_report(["tokenizer", "gain.json"], "report", locale="ja").headline.sentence`
    """
    results = [Path(result) for result in results]
    words = Words(locale)
    evidence = read_evidence(results)
    report = outline(evidence, words, title=title, corpus=corpus, folder=Path(output))
    with whole_folder(output, force=force, inputs=results) as folder:
        _write_files(report, words, folder)
        write_record(
            folder,
            "report",
            options={"force": force, "locale": locale, "title": title, "corpus": corpus},
            inputs=evidence.files,
            result={"headline": dict(report.headline.numbers)},
        )
    return report


def report_numbers(report: Report) -> dict[str, Any]:
    """Everything that the report shows, as plain values: the content of `report.json`."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "report",
        "title": report.title,
        "locale": report.locale,
        "headline": {"sentence": report.headline.sentence, **report.headline.numbers},
        "facts": [
            {"label": f.label, "value": f.value, **f.numbers, "sources": report.sources(f.kinds)}
            for f in report.facts
        ],
        "tables": {name: _table(table) | sources for name, table, sources in _found(report, Table)},
        "charts": {
            name: {"title": chart.title, "alt": chart.alt, "note": chart.note, **chart.data}
            | sources
            for name, chart, sources in _found(report, Chart)
        },
        "samples": [_sample(sample) for sample in report.parts(Sample)],
        "pieces": {
            name: [{"piece": piece, "count": count} for piece, count in shown.pieces]
            for name, shown, _ in _found(report, Pieces)
        },
        "pieces_about": {
            name: {"title": shown.title, "note": shown.note, **shown.numbers} | sources
            for name, shown, sources in _found(report, Pieces)
        },
        "sources": {source.file.name: _source(source) for source in report.files},
    }


def _found(report: Report, kind: type[Any]) -> Iterator[tuple[str, Any, dict[str, list[str]]]]:
    """The parts of a kind by name, and the files that their numbers are from."""
    for section in report.sections:
        for part in section.parts:
            if isinstance(part, kind):
                yield part.name, part, {"sources": report.sources(section.kinds)}


def _source(source: Source) -> dict[str, Any]:
    """Which file it is, and what its `tokext.json` says of how it was made."""
    return {
        "sha256": source.file.sha256,
        "n_bytes": source.file.n_bytes,
        "kind": source.kind,
        "created": source.created,
        "command": list(source.command),
        "options": dict(source.options),
        "inputs": [dict(given) for given in source.inputs],
    }


def _write_files(report: Report, words: Words, folder: Path) -> None:
    # matplotlib is loaded only once there is something to draw.
    from tokext.report.charts import png, svg
    from tokext.report.markdown import markdown
    from tokext.report.page import page

    charts = report.parts(Chart)
    drawings: dict[str, tuple[str, str]] = {}
    with progress.bar("drawing", total=len(charts), unit="chart") as bar:
        for chart in charts:
            (folder / f"{chart.name}.png").write_bytes(png(chart))
            drawings[chart.name] = svg(chart), svg(chart, narrow=True)
            _write(folder / f"{chart.name}.svg", drawings[chart.name][0])
            bar.update(1)
    _write(folder / "report.html", page(report, words, drawings))
    _write(folder / "report.md", markdown(report, words))
    _write(folder / "report.json", json_text(report_numbers(report)))


def _write(path: Path, text: str) -> None:
    # A lone surrogate is shown by number on the page; JSON alone holds it, as an escape.
    path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


def _table(table: Table) -> dict[str, Any]:
    columns = {column.key: column.title for column in table.columns}
    rows = [dict(row) for row in table.rows]
    return {"title": table.title, "columns": columns, "rows": rows, "note": table.note}


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "corpus": sample.corpus,
        "text": sample.text,
        "segmentations": [
            {
                "tokenizer": found.tokenizer,
                "n_tokens": found.n_tokens,
                "n_byte_tokens": found.n_byte_tokens,
                "n_chars": found.n_chars,
                "chars_per_token": found.chars_per_token,
                "tokens": [dataclasses.asdict(token) for token in found.tokens],
            }
            for found in sample.segmentations
        ],
    }
