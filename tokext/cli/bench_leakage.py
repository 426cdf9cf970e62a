"""`tokext bench leakage`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from tokext.cli import options

if TYPE_CHECKING:
    from tokext.bench.leakage import Comparison, GroupRates, Leakage, Rate

_LANGUAGES = ["ja", "zh", "ko", "ru", "ar", "hi", "th", "en"]


@click.command("leakage")
@click.argument("samples", metavar="FILE.jsonl", type=click.Path())
@click.option(
    "--language",
    type=click.Choice(_LANGUAGES),
    default="ja",
    show_default=True,
    help="The language that was asked for.",
)
@click.option(
    "--by",
    default="",
    metavar="KEY,...",
    help="Keys to group by, as temperature,min_p,model; those of sampling by their own name.",
)
@click.option(
    "--before",
    type=click.Path(),
    metavar="FILE.jsonl",
    help="Answers to the same prompts before a change, to compare with.",
)
@click.option(
    "--details",
    type=click.Path(),
    metavar="FILE.jsonl",
    help="Write every leak's place, one line an answer; show the worst, marked.",
)
@click.option(
    "--html",
    type=click.Path(),
    metavar="FILE.html",
    help="Write a page to read the answers by, every leak marked.",
)
@click.option(
    "--max-bad-share",
    default=0.01,
    show_default=True,
    help="Share of lines that may be unusable before the file is refused.",
)
@click.option("-o", "--output", type=click.Path(), help="Also write the rates as one JSON file.")
@options.common
def command(
    samples: str,
    language: str,
    by: str,
    before: str | None,
    details: str | None,
    html: str | None,
    max_bad_share: float,
    output: str | None,
    force: bool,
    as_json: bool,
    seed: int,  # nothing is drawn at random here
) -> None:
    """Find where answers leave the language they were asked in, and count how often.

    FILE.jsonl holds an object a line; "text" is all it needs.

    \b
      tokext bench leakage outputs.jsonl --by temperature,min_p -o rates.json
      tokext bench leakage outputs.jsonl --details leaks.jsonl --html leaks.html
      tokext bench leakage after.jsonl --before before.jsonl --json
    """
    from tokext import progress
    from tokext.bench.leakage import (
        compare_leakage,
        examples,
        measure_leakage,
        models_of,
        read_samples,
        write_details,
        write_html,
    )
    from tokext.output import json_text, write_whole
    from tokext.records import file_record, run_record

    options.refuse_twice({"-o": output, "--details": details, "--html": html})
    for path in (output, details, html):
        inputs = options.refuse_output(path, force, filter(None, (samples, before)))
    file = read_samples(samples, max_bad_share=max_bad_share)
    for line, reason in file.problems:
        progress.say(f"{samples}, line {line} left out: {reason}")
    leakage = measure_leakage(file.samples, language, by=by)
    keys = [name for name, _ in leakage.groups[0].key] if leakage.groups else []
    comparison, models = None, {"after": models_of(file.samples)}
    if before:
        old = read_samples(before, max_bad_share=max_bad_share)
        models["before"] = models_of(old.samples)
        comparison = compare_leakage(measure_leakage(old.samples, language), leakage)
    if details:
        write_details(details, leakage, force=force)
    if html:
        write_html(html, leakage, force=force)
    result: dict[str, Any] = leakage.as_json()
    result |= {"n_lines_left_out": len(file.problems), "examples": examples(leakage)}
    result["models"] = models
    if comparison:
        result["comparison"] = comparison.as_json()
    if output:
        record = run_record(
            "leakage",
            options={"language": language, "by": keys},
            inputs=[file_record(path) for path in (samples, before) if path],
            result=result,
        )
        write_whole(output, json_text(record), force=force, inputs=inputs)
    table = leakage_table(leakage, comparison)
    if details:
        table = "\n".join([table, *map(_marked, result["examples"])])
    options.emit(result, table, as_json=as_json)


def leakage_table(leakage: Leakage, comparison: Comparison | None = None) -> str:
    """Rates for a person: a line a group, the floor under them, the comparison last.

    Example:
        >>> from tokext.bench.leakage import measure_leakage
        >>> print(leakage_table(measure_leakage(["はい。"])).splitlines()[1])
        all  1  0 0.00% (0.00-79.35%)  0 0.00%  0 0.00% (0.00-79.35%)  0 0.00% (0.00-79.35%)  -
    """
    from tokext.bench.leakage.fieldmetric import differences

    rows = [*leakage.groups, leakage.total]
    header = ("", "n", "answers (95 %)", "sure", "lines", "words", "languages")
    lines = _aligned([header, *map(_row, rows)])
    if leakage.code:
        lines.append(f"with code, apart: {_percent(leakage.code.response)}")
    lines.append(_floor_line(leakage.language))
    lines.append(_by_confidence(leakage.total))
    field = leakage.total.field
    word_pass = "not defined" if leakage.language == "en" else _share(field.word_pass)
    lines.append(
        f"As the field counts: line pass rate {_share(field.line_pass)}, word pass rate "
        f"{word_pass} ({'; '.join(differences(leakage.language))})."
    )
    if leakage.limits:
        lines.append(f"Not seen for {leakage.language}: {leakage.limits}.")
    if comparison:
        lines.append(_comparison_line(comparison))
    return "\n".join(lines)


def _floor_line(language: str) -> str:
    """How often clean answers are flagged, where that was measured."""
    from tokext.bench.leakage.floor import FIRST_LOOKS, floor_of

    floor = floor_of(language)
    if floor is None:
        return (
            f"No floor has been measured for {language}: how often the rules flag clean answers "
            f"is not known, so that a low rate may be nothing but mistakes."
        )
    *hard, ordinary = (f"{rate.n} of {rate.total}" for rate in FIRST_LOOKS.values())
    return (
        f"Of clean Japanese answers of real models the rules flag {floor.share:.2%} "
        f"({floor.low * 100:.2f}-{floor.high:.2%}; {floor.wrong.n} of {floor.wrong.total} flagged "
        f"answers that were read was wrong): a rate that reaches below may be nothing but "
        f"mistakes. At first looks they flagged {ordinary} clean answers written to try them, and "
        f"{', '.join(hard)} clean lines written to mislead them."
    )


def _marked(example: Mapping[str, Any]) -> str:
    """One leak in its line, with what it is and why; control characters become visible."""
    kind = f"{example['language']}, {example['level']}, {example['confidence']}"
    line = f"{example['before']}⟦{example['leak']}⟧{example['after']}"
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in line)
    return f"{example['id']} ({kind}): {shown} - {example['reason']}"


def _row(group: GroupRates) -> tuple[str, ...]:
    languages = ", ".join(f"{code} {rate.n}" for code, rate in group.by_language.items())
    high = group.answers.high
    sure = f"{high.n:,} {_share(high)}"
    rates = [_percent(rate) for rate in (group.response, group.line, group.word)]
    return group.name, f"{group.response.total:,}", rates[0], sure, *rates[1:], languages or "-"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _by_confidence(group: GroupRates) -> str:
    """Lines and words by confidence and language, of all answers without code."""
    parts = []
    for name, split in (("lines", group.lines), ("words", group.words)):
        counts = ", ".join(f"{code} {_share(rate)}" for code, rate in split.by_language.items())
        parts.append(f"{name} {_share(split.high)} sure" + (f" (all: {counts})" if counts else ""))
    return f"Sure are leaks of high confidence: {'; '.join(parts)}."


def _share(rate: Rate | None) -> str:
    return f"{rate.share:.2%}" if rate and rate.total else "-"


def _percent(rate: Rate) -> str:
    if not rate.total:
        return "-"
    return f"{rate.n:,} {rate.share:.2%} ({rate.low * 100:.2f}-{rate.high:.2%})"


def _comparison_line(comparison: Comparison) -> str:
    needed = comparison.pairs_needed
    verdict = "differs" if comparison.differs else "cannot be told from noise"
    more = "" if needed is None else f"; {needed:,} pairs would show a difference of this size"
    return (
        f"Against before, {comparison.before.total:,} pairs: {comparison.before.share:.2%} -> "
        f"{comparison.after.share:.2%}, {verdict} (p = {comparison.p_value:.3f}{more})."
    )
