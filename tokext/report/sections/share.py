"""How to give it away: the report as a model card, and the command that uploads the folder."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from tokext.report.parts import Commands, Section
from tokext.report.sections.build import Material, make_section
from tokext.report.show import GENERIC, short_names, visible


def section(material: Material) -> Section | None:
    """The commands for the first tokenizer of the results."""
    if not material.evidence.tokenizers:
        return None
    tokenizer = material.evidence.tokenizers[0]
    name = short_names([tokenizer.name])[tokenizer.name]
    folder, report = (quote(visible(path)) for path in _typed(tokenizer.folder, material.folder))
    lines = (
        f"cp {report}/report.md {folder}/README.md",
        f"cp {report}/*.png {folder}/",
        f"hf upload {quote(f'YOUR-NAME/{visible(name)}')} {folder}",
    )
    words = material.words
    commands = Commands("share", words("share.commands"), lines, words("share.note"))
    return make_section("share", words, [commands], kinds=("tokenizer",))


def _typed(tokenizer: Path, report: Path) -> tuple[str, str]:
    """Both folders as they are called where they lie; elsewhere `tokenizer` alone says too little.

    Example:
        >>> _typed(Path("/home/me/run/tokenizer"), Path("/home/me/run/report"))
        ('tokenizer', 'report')
        >>> _typed(Path("/home/me/out/tokenizer"), Path("/home/me/report"))
        ('out/tokenizer', 'report')
    """
    report = report.resolve()
    if tokenizer.parent != report.parent and tokenizer.name in GENERIC:
        return f"{tokenizer.parent.name}/{tokenizer.name}", report.name
    return tokenizer.name, report.name
