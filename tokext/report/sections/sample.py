"""The same text by each tokenizer, token by token; and a box for a text of the reader's own."""

from __future__ import annotations

from dataclasses import replace

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
    return make_section("sample", material.words, parts, kinds=("compression", "tokenizer"))


def _segmenter(material: Material, given: list[Sample]) -> Segmenter | None:
    """A box for the first tokenizer whose vocabulary the page can hold."""
    found = next((t for t in material.evidence.tokenizers if t.packed), None)
    if found is None or found.packed is None:
        return None
    base = found.extension.base.name
    short = short_names([base, found.name])
    own = (material.words("segmenter.own"), material.words("segmenter.example"))
    texts = (*((sample.corpus, sample.text) for sample in given), own)
    return Segmenter("segmenter", short[base], short[found.name], found.packed, texts)
