"""The same text by each tokenizer, token by token; and a box for a text of the reader's own."""

from __future__ import annotations

from dataclasses import replace

from tokext.report.evidence import TokenizerResult
from tokext.report.parts import Part, Sample, Section, Segmenter
from tokext.report.sections.build import Material, make_section
from tokext.report.segments import samples
from tokext.report.show import short_names


def section(material: Material) -> Section | None:
    """The box, and the texts that were segmented when compression was measured."""
    given = samples(material.comparison) if material.comparison else []
    box = _segmenter(material, given)
    # The box shows the first of them already; on paper all are unfolded.
    shown = [replace(sample, folded=True) for sample in given] if box else given
    parts: list[Part | None] = [box, *shown]
    made = make_section("sample", material.words, parts, kinds=("compression", "tokenizer"))
    return replace(made, plain_lead=material.words("sample.lead.plain"))


def _names_in_charts(material: Material, found: TokenizerResult) -> dict[str, str]:
    """What the charts call the base and the tokenizer of the box, where both were measured."""
    comparison, base = material.comparison, found.extension.base
    if comparison is None or comparison.extended is None:
        return {}
    before, after = (
        (comparison.row(tokenizer, comparison.main) or {}).get("tokenizer_size")
        for tokenizer in (comparison.base, comparison.extended)
    )
    sizes = (found.extension.size, found.extension.padded_size)
    if before != base.size or after not in sizes:
        return {}
    return {
        base.name: comparison.short[comparison.base],
        found.name: comparison.short[comparison.extended],
    }


def _segmenter(material: Material, given: list[Sample]) -> Segmenter | None:
    """A box for the first tokenizer whose vocabulary the page can hold."""
    found = next((t for t in material.evidence.tokenizers if t.packed), None)
    if found is None or found.packed is None:
        return None
    base = found.extension.base.name
    short = short_names([base, found.name]) | _names_in_charts(material, found)
    own = (material.words("segmenter.own"), material.words("segmenter.example"))
    texts = (*((sample.corpus, sample.text) for sample in given), own)
    return Segmenter("segmenter", short[base], short[found.name], found.packed, texts)
