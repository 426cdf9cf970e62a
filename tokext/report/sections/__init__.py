"""The sections of a report, in reading order: a module each, with its charts and tables.

A new section is a module with a function `section`, a line in `SECTIONS`, and a file of sentences
in each of `locales/`; one that reads a new kind of result adds a line to `evidence.KINDS` too.
"""

from __future__ import annotations

from collections.abc import Callable

from tokext.report.parts import Section
from tokext.report.sections import (
    compression,
    context,
    documents,
    gain,
    guarantees,
    initialization,
    leakage,
    method,
    plan,
    sample,
    share,
    sweep,
    throughput,
    unchanged,
    use,
    vocabulary,
)
from tokext.report.sections.build import Material

#: What makes each section, None or a section without parts where there is nothing to say.
SECTIONS: tuple[Callable[[Material], Section | None], ...] = (
    compression.section,
    sample.section,
    gain.section,
    plan.section,
    leakage.section,
    sweep.section,
    throughput.section,
    vocabulary.section,
    use.section,
    context.section,
    initialization.section,
    documents.section,
    unchanged.section,
    guarantees.section,
    share.section,
    method.section,
)
