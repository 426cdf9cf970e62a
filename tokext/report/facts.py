"""The few numbers that stand under the headline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tokext.report.comparison import Comparison
from tokext.report.evidence import Evidence, TokenizerResult
from tokext.report.parts import Fact
from tokext.report.show import format_rate, format_share, visible
from tokext.report.words import Words


def facts(evidence: Evidence, comparison: Comparison | None, words: Words) -> Iterable[Fact]:
    """What was added, what it brings on the main corpus, what stays, what was proved."""
    if tokenizer := _spoken_of(evidence, comparison):
        extension = tokenizer.extension
        n_added = len(extension.added)
        added = {"n_added": n_added}
        yield Fact(words("fact.added"), f"{n_added:,}", added, kinds=("tokenizer",))
        label = words("fact.size", padded=f"{extension.padded_size:,}")
        sizes = {"size": extension.size, "padded_size": extension.padded_size}
        yield Fact(label, f"{extension.size:,}", sizes, kinds=("tokenizer",))
    if comparison:
        yield from _facts_of_rows(comparison, words)
    speed = speed_fact(evidence, comparison, words)
    measured = (speed, leakage_fact(evidence, comparison, words))
    yield from (fact for fact in measured if fact)
    if guarantees := evidence.guarantees_tried:
        numbers = {"n_held": sum(g.passed for g in guarantees), "n": len(guarantees)}
        value = words("fact.guarantees.value", **numbers)
        whole = numbers["n_held"] == numbers["n"]
        yield Fact(words("fact.guarantees"), value, numbers, whole, ("tokenizer", "verification"))


def leakage_fact(evidence: Evidence, comparison: Comparison | None, words: Words) -> Fact | None:
    """The share of answers that leak, before and after where compared; None of no answers.

    Beside tokenizers that were compared only what is of the two of them: of a result that does not
    say which models answered, or names others, its own section speaks.
    """
    leakages = evidence.of("leakage")
    if comparison:
        leakages = [found for found in leakages if _is_of_the_pair(found.result, comparison)]
    found = next(iter(leakages), None)
    if found is None:
        return None
    compared = found.result.get("comparison") or {}
    after = compared.get("after") or found.result["total"]["response"]
    if not after["total"]:
        return None
    value, numbers = format_share(after["share"]), {"leaking_share": after["share"]}
    if compared:
        value = f"{format_share(compared['before']['share'])} → {value}"
        numbers["leaking_share_before"] = compared["before"]["share"]
    return Fact(words("fact.leakage"), value, numbers, kinds=("leakage",))


def _is_of_the_pair(result: Mapping[str, Any], comparison: Comparison) -> bool:
    """Whether the base answered before, and the extended tokenizer's model after."""
    models, extended = result.get("models") or {}, comparison.extended or ""
    made = extended.removesuffix("/tokenizer")  # what a run makes is named after its recipe
    in_run = made != extended
    own = {
        "before": {comparison.base, *([f"{made}/model-base"] if in_run else ())},
        "after": {extended, *([f"{made}/model"] if in_run else ())},
    }
    answered = {side: models.get(side) or [{}] for side in own}
    return bool(result.get("comparison")) and all(
        own[side] & set(one.values()) for side in own for one in answered[side]
    )


def speed_fact(evidence: Evidence, comparison: Comparison | None, words: Words) -> Fact | None:
    """Characters per second that the first model and the extended one write, at one batch size.

    Of the others the one whose tokenizer the report speaks of; where there is none the last, and
    the label says how many ids it has.
    """
    found = next(iter(evidence.of("throughput")), None)
    if found is None:
        return None
    size = found.result[0]["batch_size"]
    batch = [row for row in found.result if row["batch_size"] == size]
    wanted = size_spoken_of(evidence, comparison)
    last = next((row for row in batch if row["tokenizer_size"] == wanted), batch[-1])
    before, after = (float(row["decode_chars_per_second"]) for row in (batch[0], last))
    value = format_rate(after)
    value = f"{format_rate(before)} → {value}" if len(batch) > 1 else value
    numbers = {"batch_size": size, "decode_chars_per_second": after}
    numbers |= {"decode_chars_per_second_before": before} if len(batch) > 1 else {}
    numbers["tokenizer_size"] = n_ids = last["tokenizer_size"]
    key = "fact.speed" if wanted in (None, n_ids) else "fact.speed.other"
    label = words(key, size=f"{size:,}", n_ids=f"{n_ids:,}")
    return Fact(label, value, numbers, kinds=("throughput",))


def size_spoken_of(evidence: Evidence, comparison: Comparison | None) -> int | None:
    """How many ids the tokenizer has that the headline is about; None where no result says it."""
    if comparison:
        row = comparison.row(comparison.extended or comparison.base, comparison.main)
        size: int | None = row.get("tokenizer_size") if row else None
        return size
    return evidence.tokenizers[0].extension.padded_size if evidence.tokenizers else None


def _spoken_of(evidence: Evidence, comparison: Comparison | None) -> TokenizerResult | None:
    """The first tokenizer that may be the one of the headline."""
    wanted = size_spoken_of(evidence, comparison)
    for tokenizer in evidence.tokenizers:
        if wanted in (None, tokenizer.extension.size, tokenizer.extension.padded_size):
            return tokenizer
    return None


def _facts_of_rows(comparison: Comparison, words: Words) -> Iterable[Fact]:
    after = comparison.row(comparison.extended or comparison.base, comparison.main)
    if after is not None and after.get("n_byte_tokens") is not None:
        label = words("fact.bytes", corpus=visible(comparison.short_corpus[comparison.main]))
        share = after["byte_fallback_share"]
        numbers = {"byte_fallback_share": share}
        yield Fact(label, format_share(share), numbers, kinds=("compression",))
    own = [row for row in comparison.rows() if row["tokenizer"] == comparison.extended]
    kept = [row for row in own if comparison.changed_share(row) == 0]
    # Beside a text that was harmed, one that was not is no fact to be proud of.
    if kept and not any(row.get("n_foreign_lines_changed") for row in own):
        most = max(kept, key=lambda row: row["n_lines"])
        label = words("fact.unchanged", corpus=visible(comparison.short_corpus[most["corpus"]]))
        numbers = {"n_lines": most["n_lines"], "n_lines_changed": most["n_lines_changed"]}
        value = words("unchanged.of", n=f"{most['n_lines']:,}", total=f"{most['n_lines']:,}")
        yield Fact(label, value, numbers, True, ("compression",))
