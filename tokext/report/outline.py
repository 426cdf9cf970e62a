"""From evidence to a report: what stands at the head, and which sections follow."""

from __future__ import annotations

from pathlib import Path

from tokext.records import RECORD_FILE, InputFile
from tokext.report.comparison import Comparison
from tokext.report.evidence import Evidence
from tokext.report.facts import facts
from tokext.report.head import card, headline
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
    record = dict(evidence.records).get(file.name.removesuffix(f"/{RECORD_FILE}"), {})
    return Source(
        file,
        evidence.kinds[file.name],
        record.get("created"),
        tuple(map(str, record.get("command") or ())),
        tuple(record.get("inputs") or ()),
    )
