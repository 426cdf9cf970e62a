"""From evidence to a report: which sections there are, and what stands at the head."""

from __future__ import annotations

from collections.abc import Iterable

from tokext.report import figures, tables
from tokext.report.comparison import Comparison
from tokext.report.evidence import Evidence
from tokext.report.method import method_tables
from tokext.report.parts import Fact, Headline, Part, Pieces, Report, Section
from tokext.report.segments import samples
from tokext.report.show import format_share, short_names, visible
from tokext.report.words import Words

_MOST_PIECES = 72


def outline(
    evidence: Evidence, words: Words, *, title: str | None = None, corpus: str | None = None
) -> Report:
    """Put the evidence in order: headline, facts, sections.

    Raises:
        InputError: Rows contradict each other, or `corpus` is none of theirs.
    """
    comparison = Comparison(evidence.rows, corpus) if evidence.rows else None
    sections: list[Section | None] = []
    if comparison:
        sections += _compression_sections(comparison, words)
    sections += [_vocabulary(evidence, words)]
    if comparison:
        sections += _effect_sections(comparison, words)
    sections += [_guarantees(evidence, words), _method(evidence, comparison, words)]
    return Report(
        title or words("title"),
        words.locale,
        _headline(evidence, comparison, words),
        tuple(_facts(evidence, comparison, words)),
        tuple(section for section in sections if section and section.parts),
        _card(evidence),
    )


def _compression_sections(comparison: Comparison, words: Words) -> list[Section | None]:
    curves = figures.gain_curves(comparison)
    gain: list[Part] = []
    if curves:
        gain = [figures.gain_chart(curves, words), tables.gain_table(curves, words)]
    measured = [tables.compression_table(comparison, words), tables.words_table(comparison, words)]
    return [
        _section("compression", words, [figures.compression_chart(comparison, words), *measured]),
        _section("sample", words, samples(comparison)),
        _section("gain", words, gain),
    ]


def _effect_sections(comparison: Comparison, words: Words) -> list[Section | None]:
    documents = figures.documents_chart(comparison, words)
    return [
        _section("documents", words, [documents, tables.documents_table(comparison, words)]),
        _section("unchanged", words, [figures.unchanged_chart(comparison, words)]),
    ]


def _vocabulary(evidence: Evidence, words: Words) -> Section:
    """One block a tokenizer; a learned vocabulary that is in none of them gets its own."""
    found: list[tuple[str, list[tuple[str, int]]]] = [
        (t.name, [(a.piece, a.count) for a in t.extension.added]) for t in evidence.tokenizers
    ]
    known = {piece for _, pieces in found for piece, _ in pieces}
    for vocabulary in evidence.vocabularies:
        share_known = sum(piece in known for piece, _ in vocabulary.pieces)
        if share_known * 2 < len(vocabulary.pieces):
            found.append((vocabulary.name, list(vocabulary.pieces)))
    short = short_names([name for name, _ in found])
    parts: list[Part | None] = []
    for number, (full_name, counted) in enumerate(found):
        name = short[full_name]
        key = f"_{number + 1}" if number else ""
        pieces = [piece for piece, _ in counted]
        if pieces:
            parts.append(figures.vocabulary_chart(visible(name), pieces, words, key=key))
            parts.append(_most_frequent(name, counted, words, key=key))
            parts.append(tables.vocabulary_table(visible(name), pieces, words, key=key))
        if number < len(evidence.tokenizers):
            dropped = tables.dropped_table(name, evidence.tokenizers[number], words, key=key)
            parts.append(dropped)
    return _section("vocabulary", words, parts)


def _most_frequent(
    name: str, counted: list[tuple[str, int]], words: Words, *, key: str
) -> Pieces | None:
    """The pieces of two characters and more that training met most often."""
    longer = [(piece, count) for piece, count in counted if len(piece) > 1 and count > 0]
    top = sorted(longer, key=lambda item: -item[1])[:_MOST_PIECES]
    title = words("vocabulary.top", name=visible(name))
    note = words("vocabulary.top.note")
    return Pieces(f"most_frequent{key}", title, tuple(top), note) if top else None


def _guarantees(evidence: Evidence, words: Words) -> Section:
    parts = [
        tables.guarantees_table(verified, words, key=f"_{n + 1}" if n else "")
        for n, verified in enumerate(evidence.verified)
        if verified.guarantees
    ]
    return _section("guarantees", words, parts)


def _method(evidence: Evidence, comparison: Comparison | None, words: Words) -> Section:
    return _section("method", words, method_tables(evidence, comparison, words))


def _section(name: str, words: Words, parts: Iterable[Part | None]) -> Section:
    whole = tuple(part for part in parts if part is not None)
    return Section(name, words(f"{name}.title"), words(f"{name}.lead"), whole)


def _headline(evidence: Evidence, comparison: Comparison | None, words: Words) -> Headline:
    if comparison:
        return _headline_of_rows(comparison, words)
    if evidence.tokenizers:
        extension = evidence.tokenizers[0].extension
        base, size = extension.base, extension.size
        said = {"n_added": f"{len(extension.added):,}", "base": visible(base.name)}
        said |= {"before": f"{base.size:,}", "after": f"{size:,}"}
        numbers = {"n_added": len(extension.added), "before": base.size, "after": size}
        return Headline(words("headline.tokenizer", **said), numbers)
    if evidence.verified:
        guarantees = [g for verified in evidence.verified for g in verified.guarantees]
        numbers = {"n": len(guarantees), "n_broken": sum(not g.passed for g in guarantees)}
        key = "headline.broken" if numbers["n_broken"] else "headline.holds"
        return Headline(words(key, **numbers), numbers)
    pieces = evidence.vocabularies[0].pieces
    first = words.join([visible(piece) for piece, _ in pieces[:3]])
    sentence = words("headline.vocabulary", n_added=f"{len(pieces):,}", pieces=first)
    return Headline(sentence, {"n_added": len(pieces)})


def _headline_of_rows(comparison: Comparison, words: Words) -> Headline:
    corpus = visible(comparison.short_corpus[comparison.main])
    after = comparison.row(comparison.extended or comparison.base, comparison.main)
    before = comparison.row(comparison.base, comparison.main)
    unit = words("unit.chars_per_token")
    row = after or before
    assert row is not None
    numbers = {"corpus": row["corpus"], "after": row["chars_per_token"], "source": row["source"]}
    said = {"corpus": corpus, "after": f"{row['chars_per_token']:.3f}"}
    times = comparison.times_base(row)
    if comparison.extended is None or before is None or after is None or times is None:
        name = visible(comparison.short[row["tokenizer"]])
        sentence = words("headline.compression", tokenizer=name, **said)
        return Headline(sentence, numbers, after=row["chars_per_token"], unit=unit)
    said |= {"before": f"{before['chars_per_token']:.3f}", "times": f"{times:.2f}"}
    numbers |= {"before": before["chars_per_token"], "times": times}
    numbers |= {"base": before["tokenizer"], "extended": after["tokenizer"]}
    sentence = words("headline.gain", **said)
    return Headline(sentence, numbers, before["chars_per_token"], after["chars_per_token"], unit)


def _facts(evidence: Evidence, comparison: Comparison | None, words: Words) -> Iterable[Fact]:
    if evidence.tokenizers:
        extension = evidence.tokenizers[0].extension
        n_added = len(extension.added)
        yield Fact(words("fact.added"), f"{n_added:,}", {"n_added": n_added})
        label = words("fact.size", padded=f"{extension.padded_size:,}")
        sizes = {"size": extension.size, "padded_size": extension.padded_size}
        yield Fact(label, f"{extension.size:,}", sizes)
    if comparison:
        yield from _facts_of_rows(comparison, words)
    guarantees = [g for verified in evidence.verified for g in verified.guarantees]
    if guarantees:
        numbers = {"n_held": sum(g.passed for g in guarantees), "n": len(guarantees)}
        value = words("fact.guarantees.value", **numbers)
        whole = numbers["n_held"] == numbers["n"]
        yield Fact(words("fact.guarantees"), value, numbers, good=whole)


def _facts_of_rows(comparison: Comparison, words: Words) -> Iterable[Fact]:
    after = comparison.row(comparison.extended or comparison.base, comparison.main)
    if after is not None and after.get("n_byte_tokens") is not None:
        label = words("fact.bytes", corpus=visible(comparison.short_corpus[comparison.main]))
        share = after["byte_fallback_share"]
        yield Fact(label, format_share(share), {"byte_fallback_share": share})
    kept = [
        row
        for row in comparison.rows()
        if row["tokenizer"] == comparison.extended and comparison.changed_share(row) == 0
    ]
    if kept:
        most = max(kept, key=lambda row: row["n_lines"])
        label = words("fact.unchanged", corpus=visible(comparison.short_corpus[most["corpus"]]))
        numbers = {"n_lines": most["n_lines"], "n_lines_changed": most["n_lines_changed"]}
        yield Fact(label, f"{most['n_lines']:,}", numbers, good=True)


def _card(evidence: Evidence) -> dict[str, str]:
    """What the front of a model card can say from the records alone."""
    card: dict[str, str] = {}
    if evidence.tokenizers:
        card["base_model"] = evidence.tokenizers[0].extension.base.name
    languages = [r.get("options", {}).get("language") for _, r in evidence.records]
    if known := [language for language in languages if isinstance(language, str)]:
        card["language"] = known[0]
    return card
