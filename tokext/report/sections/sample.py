"""The same text by each tokenizer, token by token."""

from __future__ import annotations

from tokext.report.parts import Section
from tokext.report.sections.build import Material, make_section
from tokext.report.segments import samples


def section(material: Material) -> Section | None:
    """The texts that were segmented when compression was measured."""
    if material.comparison is None:
        return None
    return make_section("sample", material.words, samples(material.comparison))
