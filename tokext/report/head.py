"""What stands at the head of a report: one sentence with its numbers, the front of a card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tokext.records import Plan, Sweep
from tokext.report.comparison import Comparison
from tokext.report.evidence import Evidence
from tokext.report.facts import leakage_fact, size_spoken_of, speed_fact
from tokext.report.licenses import License
from tokext.report.parts import Fact, Headline
from tokext.report.sections.throughput import headline_of_server, headline_of_speed
from tokext.report.show import visible
from tokext.report.words import Words

_HUB_ID = re.compile(r"[\w.\-]+/[\w.\-]+")


def headline(evidence: Evidence, comparison: Comparison | None, words: Words) -> Headline:
    """The report in one sentence: the gain where it was measured, else what there is."""
    if comparison:
        return _headline_of_rows(comparison, evidence, words)
    if evidence.tokenizers:
        extension = evidence.tokenizers[0].extension
        base, size = extension.base, extension.size
        said = {"n_added": f"{len(extension.added):,}", "base": visible(base.name)}
        said |= {"before": f"{base.size:,}", "after": f"{size:,}"}
        numbers = {"n_added": len(extension.added), "before": base.size, "after": size}
        return Headline(words("headline.tokenizer", **said), numbers)
    if evidence.verified:
        guarantees = evidence.guarantees_tried
        numbers = {"n": len(guarantees), "n_broken": sum(not g.passed for g in guarantees)}
        key = "headline.broken" if numbers["n_broken"] else "headline.holds"
        return Headline(words(key, **numbers), numbers)
    if plans := evidence.of("plan"):
        return _headline_of_plan(Plan.from_dict(plans[0].result), words)
    if leakages := evidence.of("leakage"):
        return _headline_of_leakage(leakages[0].result, words)
    if sweeps := evidence.of("sweep"):
        return _headline_of_sweep(Sweep.from_dict(sweeps[0].result), words)
    if speeds := evidence.of("throughput"):
        return headline_of_speed(speeds[0].result, words)
    if served := evidence.of("served"):
        return headline_of_server(served[0].result, words)
    if not evidence.vocabularies:
        return _headline_of_kinds(evidence, words)
    pieces = evidence.vocabularies[0].pieces
    first = words.join([visible(piece) for piece, _ in pieces[:3]])
    sentence = words("headline.vocabulary", n_added=f"{len(pieces):,}", pieces=first)
    return Headline(sentence, {"n_added": len(pieces)})


def _headline_of_leakage(result: Mapping[str, Any], words: Words) -> Headline:
    rate = result["total"]["response"]
    if not rate["total"]:
        code = result["code_answers"]
        numbers = {"total": 0, "n_code": code["response"]["total"] if code else 0}
        return Headline(words("headline.leakage.none", n_code=numbers["n_code"]), numbers)
    said = {
        "n": f"{rate['n']:,}",
        "total": f"{rate['total']:,}",
        "share": f"{rate['share']:.2%}",
        "interval": f"{rate['low'] * 100:.2f}–{rate['high']:.2%}",
    }
    return Headline(words("headline.leakage", **said), dict(rate))


def _headline_of_sweep(sweep: Sweep, words: Words) -> Headline:
    shares = [cell.share for cell in sweep.cells if cell.n]
    if not shares:
        none = {"total": 0, "n": len(sweep.of("before"))}
        return Headline(words("headline.sweep.none", n=none["n"]), none)
    numbers = {"n": len(sweep.of("before")), "low": min(shares), "high": max(shares)}
    said = {"n": f"{numbers['n']:,}", "low": f"{min(shares):.1%}", "high": f"{max(shares):.1%}"}
    return Headline(words("headline.sweep", **said), numbers)


def _headline_of_kinds(evidence: Evidence, words: Words) -> Headline:
    """Of a report on results that have no sentence of their own."""
    kinds = words.join(sorted(evidence.others))
    return Headline(words("headline.kinds", kinds=kinds), {"n_files": len(evidence.files)})


def _headline_of_plan(plan: Plan, words: Words) -> Headline:
    size = plan.knee or plan.rows[-1]
    before, after = (plan.chars_per_token(row) for row in (plan.rows[0], size))
    said = {"n_added": f"{size.n_added:,}", "before": f"{before:.3f}", "after": f"{after:.3f}"}
    numbers = {"n_added": size.n_added, "before": before, "after": after}
    sentence = words("headline.plan", **said)
    return Headline(sentence, numbers, before, after, words("unit.chars_per_token"))


def _headline_of_rows(comparison: Comparison, evidence: Evidence, words: Words) -> Headline:
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
    more = _more_of(evidence, comparison, words)
    clauses = [f"{fact.label}: {fact.value}" for fact in more]
    numbers |= {key: value for fact in more for key, value in fact.numbers.items()}
    key = "headline.gain.more" if clauses else "headline.gain"
    sentence = words(key, more=words.join(clauses), **said)
    return Headline(sentence, numbers, before["chars_per_token"], after["chars_per_token"], unit)


def _more_of(evidence: Evidence, comparison: Comparison, words: Words) -> list[Fact]:
    """Speed and leakage, as far as they are not of another tokenizer than the gain is."""
    wanted = size_spoken_of(evidence, comparison)
    found = speed_fact(evidence, comparison, words), leakage_fact(evidence, comparison, words)
    sizes = [(fact, fact.numbers.get("tokenizer_size")) for fact in found if fact]
    return [fact for fact, size in sizes if None in (size, wanted) or size == wanted]


def card(evidence: Evidence) -> dict[str, str | None]:
    """What the front of a model card can say from the records alone.

    A base that is no id of the hub is None: only a person can say which model it is.
    """
    card: dict[str, str | None] = {}
    if evidence.tokenizers:
        tokenizer = evidence.tokenizers[0]
        base = tokenizer.extension.base
        card["base_model"] = base.name if base.revision and _HUB_ID.fullmatch(base.name) else None
        card |= _license(tokenizer.license)
    languages = [r.get("options", {}).get("language") for _, r in evidence.records]
    if known := [language for language in languages if isinstance(language, str)]:
        card["language"] = known[0]
    return card


def _license(found: License | None) -> dict[str, str | None]:
    """What the hub wants to know of a licence; of one that it does not know, where it stands.

    A licence that neither a file nor the base states is None: only a person can say it.
    """
    if found is None:
        return {"license": None}
    if found.name != "other":
        return {"license": found.name}
    said: dict[str, str | None] = {"license": found.name, "license_name": "license-of-the-base"}
    return said | ({"license_link": found.file} if found.file else {})
