"""One HTML page to read hundreds of answers by, with every leak marked in its line."""

# ruff: noqa: E501 (style and markup are read as lines)
from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape as escape_marks
from pathlib import Path

from tokext.bench.leakage.floor import floor_of
from tokext.bench.leakage.measure import Leakage
from tokext.bench.leakage.rates import Measured
from tokext.bench.leakage.spans import Leak
from tokext.output import write_whole

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1a1a; --soft: #666; --line: #ddd; --high: #ffd6d6; --low: #fff0c2; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --ink: #e8e8e8; --soft: #a0a0a0; --line: #3a3d44; --high: #6b2a2a; --low: #594a14; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.7 system-ui, "Hiragino Sans", "Noto Sans JP", sans-serif; }
header { position: sticky; top: 0; background: var(--ground); border-bottom: 1px solid var(--line); padding: .6rem 1rem; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
h1 { font-size: 1rem; margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
article { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem 1rem; margin-bottom: .8rem; }
article:focus { outline: 3px solid #4a7dff; }
.about, .prompt, li { color: var(--soft); font-size: .85rem; overflow-wrap: anywhere; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; }
mark { color: inherit; border-radius: .2rem; padding: 0 .1em; background: var(--high); }
mark.low { background: var(--low); border-bottom: 2px dotted; }
ul { margin: 0; padding-left: 1.2rem; }
label { font-size: .85rem; }
select, input { font: inherit; font-size: .85rem; }
[hidden] { display: none; }
"""

_SCRIPT = """
"use strict";
const all = [...document.querySelectorAll("article")];
const fields = ["shown", "language", "level", "confidence", "find"].map(id => document.getElementById(id));
const shown = () => all.filter(article => !article.hidden);
let at = -1;
function filter() {
  const [which, language, level, confidence, find] = fields.map(field => field.value);
  const wanted = find.trim().toLocaleLowerCase();
  for (const article of all) {
    const kinds = article.dataset.kinds.split(" ").filter(Boolean).map(kind => kind.split(":"));
    const fits = kinds.some(([a, b, c]) => (!language || a === language) && (!level || b === level) && (!confidence || c === confidence));
    const narrowed = language || level || confidence;
    const kept = which === "all" ? (!narrowed || fits) : which === "clean" ? !kinds.length : fits;
    article.hidden = !(kept && (!wanted || article.textContent.toLocaleLowerCase().includes(wanted)));
  }
  document.getElementById("count").textContent = shown().length + " / " + all.length;
  at = -1;
}
function move(step) {
  const list = shown();
  if (!list.length) return;
  at = Math.min(list.length - 1, Math.max(0, at + step));
  list[at].focus({ preventScroll: true });
  list[at].scrollIntoView({ block: "center" });
}
fields.forEach(field => field.addEventListener("input", filter));
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = /^(INPUT|SELECT)$/.test(document.activeElement.tagName);
  if (event.key === "Escape") { document.activeElement.blur(); return; }
  if (typing) return;
  if (event.key === "j" || event.key === "n") move(1);
  else if (event.key === "k" || event.key === "p") move(-1);
  else if (event.key === "/") { event.preventDefault(); document.getElementById("find").focus(); }
});
filter();
"""

#: How bad a level is; the page shows the worst answer first.
_WORST = {"response": 3, "line": 2, "word": 1}


def write_html(path: str | Path, leakage: Leakage, *, force: bool = False) -> None:
    """Write the page; it needs no other file and no network.

    ``j`` and ``k`` go to the next and the last answer, ``/`` to the search field, ``Escape`` back.

    Raises:
        OutputError: The file exists and `force` is off, it is one of those that the answers were
            read from, or it cannot be written.
    """
    write_whole(path, html_page(leakage), force=force, inputs=leakage.sources)


#: Marks that turn the direction of the text behind them, and would turn the page's own.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def escape(text: str) -> str:
    r"""Text for a page, its marks of direction spelled out.

    Example:
        >>> escape("<b>\u202eabc")
        '&lt;b&gt;⟨U+202E⟩abc'
    """
    return escape_marks(_TURNS.sub(lambda turn: f"⟨U+{ord(turn[0]):04X}⟩", text))


def html_page(leakage: Leakage) -> str:
    """The page as text: answers with leaks first, the worst on top, clean ones after them."""
    answers = sorted(leakage.measured, key=_badness, reverse=True)
    languages = sorted({leak.language for one in answers for leak in one.scan.leaks})
    rate = leakage.total.response
    about = f"{rate.n} of {rate.total} answers without code leak"
    if rate.total:
        about += f": {rate.share:.2%} (95 % {rate.low:.2%} to {rate.high:.2%})"
    if floor := floor_of(leakage.language):
        about += (
            f"; of clean Japanese answers the rules flag {floor.share:.1%} ({floor.low:.1%} to "
            f"{floor.high:.1%})"
        )
    else:
        about += f"; how often they flag clean ones has not been measured for {leakage.language}"
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Leakage: {escape(leakage.language)}</title><style>{_STYLE}</style></head><body>",
            f"<header><h1>Leakage, expected {escape(leakage.language)}</h1>",
            _select("shown", "show", ("leaking", "clean", "all"), first=False),
            _select("language", "language", languages),
            _select("level", "level", ("word", "line", "response")),
            _select("confidence", "confidence", ("high", "low")),
            '<label>find <input id="find" type="search"></label><output id="count"></output>',
            '<span class="about">j next, k back, / find</span></header>',
            f'<main><p class="about">{escape(about)}</p>',
            *(_article(one, leakage.language) for one in answers),
            f"</main><script>{_SCRIPT}</script></body></html>\n",
        )
    )


def _badness(one: Measured) -> tuple[int, int]:
    worst = max((_WORST[leak.level] for leak in one.scan.leaks), default=0)
    return worst, sum(leak.end - leak.start for leak in one.scan.leaks)


def _select(name: str, label: str, values: Sequence[str], *, first: bool = True) -> str:
    options = "".join(f'<option value="{escape(v)}">{escape(v)}</option>' for v in values)
    every = '<option value="">any</option>' if first else ""
    return f'<label>{label} <select id="{name}">{every}{options}</select></label>'


def _article(one: Measured, language: str) -> str:
    leaks = one.scan.leaks
    kinds = " ".join(sorted({f"{k.language}:{k.level}:{k.confidence}" for k in leaks}))
    about = " · ".join(
        [
            one.sample.id,
            *(f"{k} {v}" for k, v in one.sample.fields.items() if isinstance(v, (str, int, float))),
        ]
    )
    prompt = f'<p class="prompt">{escape(one.sample.prompt)}</p>' if one.sample.prompt else ""
    reasons = "".join(f"<li>{escape(_reason(leak))}</li>" for leak in leaks[:50])
    return (
        f'<article tabindex="0" data-kinds="{escape(kinds)}"><p class="about">{escape(about)}</p>{prompt}'
        f'<div class="text" lang="{escape(language)}" dir="auto">{marked(one.sample.text, leaks)}</div>'
        f"<ul>{reasons}</ul></article>"
    )


def _reason(leak: Leak) -> str:
    shown = leak.text if len(leak.text) <= 60 else leak.text[:59] + "…"
    return f"{shown} — {leak.language}, {leak.level}, {leak.confidence}: {leak.reason}"


def marked(text: str, leaks: Sequence[Leak]) -> str:
    """The text as HTML with every leak in a ``mark``.

    Example:
        >>> from tokext.bench.leakage.find import find_leaks
        >>> marked("<b>この gap は", find_leaks("<b>この gap は"))
        '&lt;b&gt;この <mark class="high" title="en, word, high">gap</mark> は'
    """
    parts: list[str] = []
    at = 0
    for leak in leaks:
        title = f"{leak.language}, {leak.level}, {leak.confidence}"
        parts.append(escape(text[at : leak.start]))
        parts.append(
            f'<mark class="{leak.confidence}" title="{title}">{escape(text[leak.start : leak.end])}</mark>'
        )
        at = leak.end
    return "".join((*parts, escape(text[at:])))
