"""From evidence to a report: what stands at the head, and which sections follow."""

from __future__ import annotations

from pathlib import Path

from tokext.records import InputFile
from tokext.report.comparison import Comparison
from tokext.report.evidence import Evidence
from tokext.report.facts import facts
from tokext.report.head import card, headline
from tokext.report.names import public_argument
from tokext.report.parts import Report, Source
from tokext.report.sections import SECTIONS
from tokext.report.sections.build import Material
from tokext.report.words import Words


def outline(
    evidence: Evidence,
    words: Words,
    *,
    title: str | None = None,
    corpus: str | None = None,
    folder: Path = Path("report"),
) -> Report:
    """Put the evidence in order: headline, facts, sections.

    Raises:
        InputError: Rows contradict each other, or `corpus` is none of theirs.
    """
    comparison = Comparison(evidence.rows, corpus) if evidence.rows else None
    material = Material(evidence, comparison, words, folder)
    sections = [section(material) for section in SECTIONS]
    return Report(
        title or words("title"),
        words.locale,
        headline(evidence, comparison, words),
        tuple(facts(evidence, comparison, words)),
        tuple(section for section in sections if section and section.parts),
        card(evidence),
        tuple(_source(evidence, file) for file in evidence.files),
    )


def _source(evidence: Evidence, file: InputFile) -> Source:
    ways = [way for way in evidence.ways if file.name in (way.file, way.result)]
    kind = evidence.kinds[file.name]
    if len(ways) != 1:  # rows of several runs in one file: the table of commands has them all
        return Source(file, kind)
    [way] = ways
    command = tuple(map(public_argument, way.command))
    return Source(file, kind, way.created, command, way.options, way.inputs)
