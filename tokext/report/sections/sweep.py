"""Which sampler settings cut leakage, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tokext.records import PROXIES, Estimate, Sweep, SweepCell, Which
from tokext.report.parts import Chart, Section, Table
from tokext.report.sections.build import Material, alt_text, make_columns, make_section
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """For each sweep its heat maps, what can be said of the settings, and every cell in a table."""
    found = [(one.name, Sweep.from_dict(one.result)) for one in material.evidence.of("sweep")]
    if not found:
        return None
    parts: list[Chart | Table] = []
    for n, (name, sweep) in enumerate(found):
        key = f"_{n + 1}" if n else ""
        parts += [
            _chart(f"sweep_leakage{key}", "leakage", sweep, _leakage, material.words),
            _chart(f"sweep_bits{key}", "bits", sweep, _bits, material.words),
            _table(f"sweep{key}", name, sweep, material.words),
        ]
    return make_section("sweep", material.words, parts, ("sweep",))


#: What a map shows of a cell: the value that colors it, and the text in it.
Shown = Callable[[SweepCell], tuple[float | None, str]]


def _leakage(cell: SweepCell) -> tuple[float | None, str]:
    if not cell.n:
        return None, "–"
    return cell.share, f"{cell.share:.1%}\n{cell.low * 100:.0f}–{cell.high:.0%}"


def _bits(cell: SweepCell) -> tuple[float | None, str]:
    bits = cell.proxies["bits_per_char"]
    return bits.value, f"{bits.value:.2f}\n{bits.low:.2f}–{bits.high:.2f}"


def _chart(name: str, key: str, sweep: Sweep, shown: Shown, words: Words) -> Chart:
    """A map of temperature by min-p for each model and each of the other settings."""
    panels = [
        _panel(sweep, which, rest, shown, words)
        for rest in dict.fromkeys(map(_rest, sweep.cells))
        for which in ("before", "after")
        if sweep.of(which)
    ]
    data = {
        "panels": panels,
        "columns": 2 if sweep.after else 1,
        "x": words("sweep.min_p"),
        "y": words("sweep.temperature"),
    }
    spoken = [
        words(
            "sweep.alt.cell",
            model=words(f"sweep.{cell.which}"),
            setting=_label(cell, words),
            value=shown(cell)[1].partition("\n")[0],
        )
        for cell in (_most(sweep, shown), _least(sweep, shown))
    ]
    note = _verdict(sweep, words) if key == "leakage" else words("sweep.bits.note")
    title = words(f"sweep.{key}.chart", n=f"{sweep.cells[0].n:,}")
    return Chart(name, "heatmap", title, alt_text(words, "sweep.alt", spoken), data, note)


def _most(sweep: Sweep, shown: Shown) -> SweepCell:
    return max(sweep.cells, key=lambda cell: shown(cell)[0] or 0)


def _least(sweep: Sweep, shown: Shown) -> SweepCell:
    measured = [cell for cell in sweep.cells if shown(cell)[0] is not None] or sweep.cells
    return min(measured, key=lambda cell: shown(cell)[0] or 0)


#: What a map of two axes leaves over; neither changes anything at 1.
_REST = ("top_p", "repetition_penalty")


def _rest(cell: SweepCell) -> tuple[float, ...]:
    return tuple(cell.setting[name] for name in _REST)


def _told(rest: tuple[float, ...], words: Words) -> list[str]:
    """Those of the other settings that change anything."""
    pairs = zip(_REST, rest, strict=True)
    return [f"{words(f'sweep.{name}')} {value:g}" for name, value in pairs if value != 1]


def _panel(
    sweep: Sweep, which: Which, rest: tuple[float, ...], shown: Shown, words: Words
) -> dict[str, Any]:
    cells = {
        (cell.setting["temperature"], cell.setting["min_p"]): cell
        for cell in sweep.of(which)
        if _rest(cell) == rest
    }
    rows = list(dict.fromkeys(temperature for temperature, _ in cells))
    columns = list(dict.fromkeys(min_p for _, min_p in cells))
    table = [[cells.get((row, column)) for column in columns] for row in rows]
    return {
        "title": ", ".join([words(f"sweep.{which}"), *_told(rest, words)]),
        "rows": [f"{row:g}" for row in rows],
        "columns": [f"{column:g}" for column in columns],
        "values": [[cell and shown(cell)[0] for cell in row] for row in table],
        "texts": [[shown(cell)[1] if cell else "" for cell in row] for row in table],
        "marked": [[bool(cell and cell.is_recommended) for cell in row] for row in table],
    }  # fmt: skip


def _verdict(sweep: Sweep, words: Words) -> str:
    """Which settings cut leakage without a worse proxy, or that none can be told from noise."""
    told = [
        _verdict_of(sweep.of(which), words) + _raised(sweep.of(which), words)
        for which in ("before", "after")
        if sweep.of(which)
    ]
    if sweep.language != "ja":
        return " ".join([*told, words("leakage.floor.none", language=sweep.language)])
    floor = f"{sweep.false_positive_low:.1%}–{sweep.false_positive_high:.1%}"
    return " ".join([*told, words("sweep.floor", share=floor)])


def _verdict_of(cells: Sequence[SweepCell], words: Words) -> str:
    model = words(f"sweep.{cells[0].which}")
    reference = _label(cells[0], words)
    good = sorted((cell for cell in cells if cell.is_recommended), key=lambda cell: cell.share)
    if good:
        settings = words.join([f"{_label(cell, words)} ({cell.share:.1%})" for cell in good[:3]])
        share = f"{cells[0].share:.1%}"
        return words("sweep.good", model=model, settings=settings, reference=reference, share=share)
    costly = [cell for cell in cells if cell.cuts]
    if costly:
        best = min(costly, key=lambda cell: cell.share)
        worse = words.join([words(f"sweep.proxy.{name}") for name in best.harms])
        return words("sweep.costly", model=model, settings=_label(best, words), worse=worse)
    less = [c for c in cells if c.n and c.share < cells[0].share and c.pairs_needed]
    needed = min(less, key=lambda cell: cell.share).pairs_needed if less else None
    more = words("sweep.needed", n=f"{needed:,}") if needed else ""
    return words("sweep.noise", model=model, reference=reference, more=more)


def _raised(cells: Sequence[SweepCell], words: Words) -> str:
    """Which settings leak more by more than noise."""
    settings = [_label(cell, words) for cell in cells if cell.raises]
    return words("sweep.raised", settings=words.join(settings)) if settings else ""


def _label(cell: SweepCell, words: Words) -> str:
    shown = [
        f"{words(f'sweep.{name}')} {cell.setting[name]:g}" for name in ("temperature", "min_p")
    ]
    return " / ".join([*shown, *_told(_rest(cell), words)])


def _table(name: str, source: str, sweep: Sweep, words: Words) -> Table:
    """Every cell with its proxies, as a mean and its interval."""
    columns = make_columns(
        words,
        ("model", "sweep_model", "text"),
        ("setting", "sweep_setting", "text"),
        ("n", "sweep_n", "count"),
        ("leaked", "sweep_leaked", "count"),
        ("share", "sweep_share", "share"),
        ("interval", "sweep_interval", "text"),
        ("p_value", "sweep_p", "ratio"),
        ("p_extension", "sweep_p_extension", "ratio"),
        *((proxy, f"sweep_{proxy}", "text") for proxy in PROXIES),
        ("verdict", "sweep_verdict", "text"),
    )
    rows = tuple(_cells(cell, words) | {"source": source} for cell in sweep.cells)
    title = words("sweep.table", n_prompts=f"{sweep.n_prompts:,}", n=f"{sweep.n_per_prompt:,}")
    return Table(name, title, columns, rows, words("sweep.table.note"), folded=True)


def _cells(cell: SweepCell, words: Words) -> dict[str, Any]:
    return {
        "model": words(f"sweep.{cell.which}"),
        "setting": _label(cell, words),
        "n": cell.n,
        "leaked": cell.leaked,
        "share": cell.share if cell.n else None,
        "interval": f"{cell.low:.1%}–{cell.high:.1%}" if cell.n else "–",
        "p_value": cell.p_value,
        "p_extension": cell.p_extension,
        **{name: _estimate(cell.proxies[name]) for name in PROXIES},
        "verdict": _outcome(cell, words),
    }


def _estimate(found: Estimate) -> str:
    return f"{found.value:.3g} ({found.low:.3g}–{found.high:.3g})"


def _outcome(cell: SweepCell, words: Words) -> str:
    if cell.p_value is None:
        return words("sweep.reference")
    harms = words.join([words(f"sweep.proxy.{name}") for name in cell.harms])
    kind = "cuts" if cell.cuts else "raises" if cell.raises else "same"
    told = [words(f"sweep.{kind}")]
    return "; ".join([*told, *([words("sweep.worse", worse=harms)] if harms else [])])
