"""How fast models read and write: measured, beside what the machine allows at best."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tokext.records import ServedRow, ThroughputRow
from tokext.report.parts import Chart, Headline, Section, Table
from tokext.report.sections.build import Material, alt_text, make_columns, make_section
from tokext.report.show import format_rate, visible
from tokext.report.words import Words


def section(material: Material) -> Section | None:
    """For each result bars, the ratio by batch size, and every row in a table.

    The lead says what was read and written, by the modes that there are.
    """
    words, evidence = material.words, material.evidence
    parts: list[Chart | Table | None] = []
    leads: list[str] = []
    for n, found in enumerate(evidence.of("throughput")):
        key = f"_{n + 1}" if n else ""
        rows = [ThroughputRow.from_dict(row) for row in found.result]
        leads += ["throughput.lead." + ("free" if r.mode == "free" else "replay") for r in rows]
        parts += [
            speed_chart(f"throughput{key}", found.result, words),
            *_ratio_charts(f"throughput_ratio{key}", rows, words),
            _table(f"throughput{key}", found.name, rows, words),
        ]
    for n, found in enumerate(evidence.of("served")):
        served = [ServedRow.from_dict(row) for row in found.result]
        leads.append("throughput.lead.served")
        parts.append(_served_table(f"served_{n + 1}" if n else "served", found.name, served, words))
    if not parts:
        return None
    made = make_section("throughput", words, parts)
    return replace(made, lead="".join(map(words, dict.fromkeys(leads))) + made.lead)


def speed_chart(name: str, result: Iterable[Mapping[str, Any]], words: Words) -> Chart:
    """Characters per second of decoding, by batch and model, each beside its limit."""
    rows = [ThroughputRow.from_dict(row) for row in result]
    batches = [
        [row for row in rows if row.batch_size == size]
        for size in dict.fromkeys(row.batch_size for row in rows)
    ]
    names = short_names(rows)
    data = {
        "series": [names[row.model] for row in batches[0]],
        "groups": [_group(batch, words) for batch in batches],
        "unit": words("throughput.axis"),
        "limit": words("throughput.limit", machine=rows[0].prediction.machine),
        "repeats": rows[0].repeats,
        "bytes_per_second": rows[0].prediction.bytes_per_second,
    }
    spoken = [
        words(
            "throughput.alt.row",
            model=names[row.model],
            batch_size=f"{row.batch_size:,}",
            value=format_rate(_median(row.decode_chars_per_second)),
            share=f"{row.bandwidth_share:.0%}",
        )
        for row in rows
    ]
    title, note = words("throughput.chart"), words("throughput.note", **_settings(rows[0]))
    return Chart(name, "speed", title, alt_text(words, "throughput.alt", spoken), data, note)


def headline_of_speed(result: Sequence[Mapping[str, Any]], words: Words) -> Headline:
    """The last model beside the first, at the first batch size."""
    rows = [ThroughputRow.from_dict(row) for row in result]
    batch = [row for row in rows if row.batch_size == rows[0].batch_size]
    names = {model: visible(name) for model, name in short_names(rows).items()}
    first, last = batch[0], batch[-1]
    before, after = (_median(row.decode_chars_per_second) for row in (first, last))
    numbers = {"batch_size": first.batch_size, "before": before, "after": after}
    said = {"batch_size": f"{first.batch_size:,}", "before": format_rate(before)}
    said |= {"after": format_rate(after), "base": names[first.model], "model": names[last.model]}
    unit = words("unit.chars_per_second")
    if not last.decode_ratios:
        return Headline(words("headline.throughput_one", **said), numbers, after=after, unit=unit)
    numbers["times"] = _median(last.decode_ratios)
    sentence = words("headline.throughput", times=f"{numbers['times']:.2f}", **said)
    return Headline(sentence, numbers, before, after, unit)


def headline_of_server(result: Sequence[Mapping[str, Any]], words: Words) -> Headline:
    """The first model at its highest concurrency."""
    rows = [ServedRow.from_dict(row) for row in result]
    most = max((r for r in rows if r.model == rows[0].model), key=lambda row: row.concurrency)
    numbers = {"concurrency": most.concurrency, "after": most.chars_per_second}
    said = {"model": visible(most.model), "concurrency": f"{most.concurrency:,}"}
    sentence = words("headline.served", after=format_rate(most.chars_per_second), **said)
    unit = words("unit.chars_per_second")
    return Headline(sentence, numbers, after=most.chars_per_second, unit=unit)


def _group(batch: Sequence[ThroughputRow], words: Words) -> dict[str, Any]:
    rates = [_median(row.decode_chars_per_second) for row in batch]
    limits = [row.prediction.decode_chars_per_second for row in batch]
    said = [
        words("throughput.label", value=format_rate(rate), share=f"{row.bandwidth_share:.0%}")
        for rate, row in zip(rates, batch, strict=True)
    ]
    name = words("throughput.batch", batch_size=f"{batch[0].batch_size:,}")
    return {"name": name, "values": rates, "limits": limits, "labels": said}


def _ratio_charts(name: str, rows: Sequence[ThroughputRow], words: Words) -> list[Chart]:
    """For each model but the first, its ratio to the first by batch size."""
    names = short_names(rows)
    compared = {row.model: row for row in rows if row.decode_ratios and row.predicted_curve}
    charts = []
    for n, (model, last) in enumerate(compared.items()):
        own = [row for row in rows if row.model == model]
        eaten = last.break_even_batch
        key = "throughput.ratio.eaten" if eaten else "throughput.ratio.kept"
        note = words(key, batch_size=f"{eaten or 0:,}", machine=last.prediction.machine)
        spoken = [
            words("throughput.ratio.row", batch_size=f"{row.batch_size:,}",
                  value=f"{_median(row.decode_ratios):.2f}",
                  predicted=f"{row.predicted_ratio or 0:.2f}")
            for row in own
        ]  # fmt: skip
        data = {
            "predicted": last.predicted_curve,
            "measured": [
                (r.batch_size, _median(r.decode_ratios), min(r.decode_ratios), max(r.decode_ratios))
                for r in own
            ],
            "break_even": eaten,
            "x": words("throughput.ratio.x"),
            "y": words("throughput.ratio.y"),
            "line": words("throughput.ratio.line"),
            "points": words("throughput.ratio.points"),
        }
        title = words("throughput.ratio.chart", model=names[model])
        alt = alt_text(words, "throughput.alt", [*spoken, note])
        charts.append(Chart(f"{name}_{n + 1}" if n else name, "ratio", title, alt, data, note))
    return charts


def _table(name: str, source: str, rows: Sequence[ThroughputRow], words: Words) -> Table:
    names = short_names(rows)
    columns = make_columns(
        words,
        ("model", "speed_model", "text"),
        ("batch_size", "speed_batch", "count"),
        ("decode_chars_per_second", "speed_decode", "ratio"),
        ("prefill_chars_per_second", "speed_prefill", "count"),
        ("time_to_first_token_seconds", "speed_first", "ratio"),
        ("milliseconds_per_step", "speed_step", "ratio"),
        ("decode_ratio", "speed_ratio", "ratio"),
        ("predicted_ratio", "speed_predicted", "ratio"),
        ("bandwidth_share", "speed_share", "share"),
        ("kv_bytes_per_char", "speed_kv", "count"),
        ("context_chars", "speed_context", "count"),
        ("peak_gigabytes", "speed_peak", "ratio"),
    )
    cells = tuple(_cells(row, names[row.model]) | {"source": source} for row in rows)
    title = words("throughput.table", **_settings(rows[0]))
    return Table(name, title, columns, cells, words("throughput.table.note"))


def _cells(row: ThroughputRow, name: str) -> dict[str, Any]:
    peak = row.peak_memory_bytes
    return {
        "model": name,
        "batch_size": row.batch_size,
        "decode_chars_per_second": _median(row.decode_chars_per_second),
        "prefill_chars_per_second": round(_median(row.prefill_chars_per_second)),
        "time_to_first_token_seconds": _median(row.time_to_first_token_seconds),
        "milliseconds_per_step": _median(row.milliseconds_per_step),
        "decode_ratio": _median(row.decode_ratios) if row.decode_ratios else None,
        "predicted_ratio": row.predicted_ratio,
        "bandwidth_share": row.bandwidth_share,
        "kv_bytes_per_char": round(row.kv_bytes_per_char),
        "context_chars": None if row.context_chars is None else round(row.context_chars),
        "peak_gigabytes": None if peak is None else peak / 1e9,
    }


def _served_table(name: str, source: str, rows: Sequence[ServedRow], words: Words) -> Table:
    columns = make_columns(
        words,
        ("model", "speed_model", "text"),
        ("concurrency", "served_concurrency", "count"),
        ("n_requests", "served_requests", "count"),
        ("chars_per_second", "speed_decode", "ratio"),
        ("request_chars_per_second", "served_one", "ratio"),
        ("first_chunk_seconds", "served_first", "ratio"),
        ("request_seconds", "served_whole", "ratio"),
        ("n_retries", "served_retries", "count"),
        ("ratio", "speed_ratio", "ratio"),
    )
    cells = tuple(
        {column.key: _served_cell(row, column.key) for column in columns} | {"source": source}
        for row in rows
    )
    return Table(name, words("served.table", url=rows[0].url), columns, cells)


def _served_cell(row: ServedRow, key: str) -> Any:
    value = getattr(row, key)
    return _median(value) if isinstance(value, tuple) else value


def short_names(rows: Sequence[ThroughputRow]) -> dict[str, str]:
    """Models by the last part of their names, whole where two would be the same.

    Two folders of the same name are told apart by what they stand in.
    """
    models = list(dict.fromkeys(row.model for row in rows))
    last = {model: model.rstrip("/").rpartition("/")[2] or model for model in models}
    return last if len(set(last.values())) == len(models) else {m: m for m in models}


def _settings(row: ThroughputRow) -> dict[str, str]:
    return {
        "device": row.device_name,
        "dtype": row.dtype,
        "mode": row.mode,
        "corpus": row.corpus,
        "repeats": f"{row.repeats:,}",
        "bandwidth": f"{row.prediction.bytes_per_second / 1e9:,.0f}",
    }


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)
