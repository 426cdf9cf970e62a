"""The text box of the page: its HTML, its data, and the scripts it needs."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from tokext.report.parts import Segmenter
from tokext.report.show import visible
from tokext.report.words import Words

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("inflate.js", "bpe.js", "segmenter.js")


def segmenter_html(part: Segmenter, words: Words) -> str:
    """A choice of texts, a box to type into, and two sides; hidden until the script is ready."""
    options = "".join(
        f'<option value="{n}">{_text(name)}</option>' for n, (name, _) in enumerate(part.texts)
    )
    sides = "".join(
        f'<div class="side"><h3>{_text(name)}</h3><p class="count"></p><p class="tokens"></p></div>'
        for name in (part.before, part.after)
    )
    said = {"count": "sample.count", "byte": "sample.byte", "gain": "segmenter.gain"}
    told = " ".join(f'data-{n}="{_text(words.sentences[key])}"' for n, key in said.items())
    data = part.vocabulary.as_dict() | {"texts": [text for _, text in part.texts]}
    # Only ASCII, and no "<": nothing in it can end the script or move what stands around it.
    packed = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<div class="sample segmenter" {told} hidden>
<p class="choose"><label>{_text(words("segmenter.choose"))} <select>{options}</select></label>
<output class="gain"></output></p>
<textarea rows="4" spellcheck="false" aria-label="{_text(words("segmenter.text"))}"></textarea>
<div class="sides">{sides}</div>
<p class="note">{_text(words("segmenter.note"))}</p>
<p class="note"><label class="ids" hidden><input type="checkbox">
{_text(words("sample.ids"))}</label> <span>{_text(words("sample.added"))}</span></p>
<script type="application/json">{packed}</script>
</div>"""


def segmenter_scripts() -> str:
    """The encoder and what draws with it."""
    return "\n".join((_ASSETS / name).read_text(encoding="utf-8") for name in _SCRIPTS)


def _text(text: str) -> str:
    return escape(visible(text), quote=True)
