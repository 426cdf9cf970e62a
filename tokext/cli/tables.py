"""Tables for the terminal."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from tokext.records import CompressionRow, Guarantee, Plan, PlanRow


def guarantee_table(guarantees: Iterable[Guarantee]) -> str:
    """A line a guarantee: kept, broken or not tried, what it says, on how many, and examples.

    Example:
        >>> broken = Guarantee("g", "no text is longer", False, 9, 1, "texts", ("'x'",))
        >>> print(guarantee_table([broken]))
        BROKEN  no text is longer (1 of 9 texts fail)
                  'x'
    """
    found = [(g, _verdict(g)) for g in guarantees]
    width = max(len(verdict) for verdict in ("BROKEN", *(verdict for _, verdict in found)))
    lines = []
    for g, verdict in found:
        failed = f" ({g.n_failed:,} of {g.n_checked:,} {g.unit} fail)"
        tried = f" ({g.n_checked:,} {g.unit})" if g.passed else failed
        lines.append(f"{verdict:{width}}  {g.claim}{tried if g.was_tried else ''}")
        lines += [f"{'':{width + 4}}{said}" for said in (*g.examples, g.note) if said]
    return "\n".join(lines)


def _verdict(guarantee: Guarantee) -> str:
    if not guarantee.was_tried:
        return "not tried"
    return "kept" if guarantee.passed else "BROKEN"


def compression_table(rows: Sequence[CompressionRow]) -> str:
    """A block a corpus, and in it a line a tokenizer: ratios, and lines changed."""
    name_width = max(len(row.tokenizer) for row in rows)
    heads = ("chars/token", "bytes/token", "byte tokens", "words whole", "lines changed")
    lines = []
    for corpus, group in itertools.groupby(rows, key=lambda row: (row.corpus, row.corpus_sha256)):
        members = list(group)
        first = members[0]
        lines.append(
            f"{corpus[0]}: {first.n_chars:,} characters, {first.n_documents:,} documents, "
            f"{first.n_lines:,} lines"
        )
        named = [(row.tokenizer, _compression_cells(row)) for row in members]
        lines += block(heads, named, name_width)
    return "\n".join(lines)


def block(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]], width: int) -> list[str]:
    """The heads, and under them a line a name: `width` characters for that, and its cells."""
    return [
        f"  {'':{width}}  {'  '.join(heads)}",
        *(f"  {name:{width}}  {under(heads, cells)}" for name, cells in rows),
    ]


def under(heads: Sequence[str], cells: Sequence[str]) -> str:
    """Cells that end where their heads do."""
    return "  ".join(f"{cell:>{len(head)}}" for head, cell in zip(heads, cells, strict=True))


def _compression_cells(row: CompressionRow) -> list[str]:
    return [
        f"{row.chars_per_token:.3f}",
        f"{row.bytes_per_token:.3f}",
        f"{row.byte_fallback_share:.1%}",
        f"{row.words.single_token_retention:.1%}" if row.words else "-",
        "-" if row.n_lines_changed is None else f"{row.n_lines_changed:,}",
    ]


#: What is measured without --text.
_SAME_WORKS = (
    "that is text of the same works or sources, and gains more than other text: name some with "
    "--text"
)


def plan_table(plan: Plan) -> str:
    """A line a size, the knee and the fastest marked; above, what it all holds for."""
    heads = ("added", "chars/token", "per 1,000 more", "extra MB", "ms/step", "chars/s", "context",
             "eaten at batch")  # fmt: skip
    lines = [
        f"{plan.base} and {plan.corpus} ({plan.n_corpus_chars:,} characters), "
        f"measured on {plan.text} ({plan.n_chars:,})",
        *([_SAME_WORKS] if plan.text_of_corpus else []),
        f"{plan.shape} on {plan.machine} at {plan.bytes_per_second / 1e9:,.0f} GB/s, "
        f"batch {plan.batch_size}, at best",
        "  ".join(heads),
    ]
    for row in plan.rows:
        marks = [name for name in ("knee", "fastest") if row is getattr(plan, name)]
        line = under(heads, _plan_cells(plan, row))
        lines.append(f"{line}  {', '.join(marks)}".rstrip())
    if plan.rows[-1].n_added < plan.n_asked:
        lines.append(f"{plan.corpus} gives no more than {plan.rows[-1].n_added:,} pieces.")
    return "\n".join(lines)


def _plan_cells(plan: Plan, row: PlanRow) -> list[str]:
    gain = plan.gain_per_1000_rows(row)
    return [
        f"{row.n_added:,}",
        f"{plan.chars_per_token(row):.3f}",
        "-" if gain is None else f"{gain:+.4f}",
        f"{row.extra_bytes / 1e6:,.0f}",
        f"{row.step_seconds * 1000:.2f}",
        f"{row.decode_chars_per_second:,.0f}",
        f"{row.context_chars:,.0f}",
        "-" if row.break_even_batch is None else f"{row.break_even_batch:,}",
    ]
