"""How to give it away: the report as a model card, and the command that uploads the folder."""

from __future__ import annotations

from shlex import quote

from tokext.report.parts import Commands, Section
from tokext.report.sections.build import Material, make_section
from tokext.report.show import short_names, visible


def section(material: Material) -> Section | None:
    """The commands for the first tokenizer of the results."""
    if not material.evidence.tokenizers:
        return None
    name = material.evidence.tokenizers[0].name
    folder, report = quote(visible(name)), quote(visible(material.folder))
    repository = quote(f"YOUR-NAME/{visible(short_names([name])[name])}")
    lines = (
        f"cp {report}/report.md {folder}/README.md",
        f"cp {report}/*.png {folder}/",
        f"hf upload {repository} {folder}",
    )
    words = material.words
    commands = Commands("share", words("share.commands"), lines, words("share.note"))
    return make_section("share", words, [commands], kinds=("tokenizer",))
