"""The tables that say how the figures came about: tokenizers, texts, inputs, environment."""

from __future__ import annotations

from dataclasses import replace

from tokext.report.comparison import Comparison
from tokext.report.evidence import Evidence, Way
from tokext.report.names import public_argument
from tokext.report.parts import Section, Table
from tokext.report.sections.build import Material, make_columns, make_section
from tokext.report.words import Words


def section(material: Material) -> Section:
    """All of them, as far as they have rows."""
    evidence, words = material.evidence, material.words
    made = make_section("method", words, _method_tables(evidence, material.comparison, words))
    untold = [way.result for way in evidence.ways if not (way.command or way.options)]
    if not untold:
        return made
    return replace(made, lead=words("method.lead.untold", names=words.join(untold)))


def _method_tables(evidence: Evidence, comparison: Comparison | None, words: Words) -> list[Table]:
    tables = [*_measured_tables(comparison, words)] if comparison else []
    tables += [_inputs_table(evidence, words), _environment_table(evidence, words)]
    tables += [_commands_table(evidence, words), _files_table(evidence, words)]
    skipped = tuple({"name": name, "kind": kind} for name, kind in evidence.not_drawn)
    columns = make_columns(words, ("name", "name", "text"), ("kind", "kind", "text"))
    tables.append(Table("not_drawn", words("method.not_drawn"), columns, skipped))
    return [table for table in tables if table.rows]


def _measured_tables(comparison: Comparison, words: Words) -> tuple[Table, Table]:
    tokenizers, corpora = {}, {}
    for row in comparison.rows():
        tokenizers[row["tokenizer"]] = {
            "tokenizer": row["tokenizer"],
            "kind": row.get("tokenizer_kind"),
            "size": row.get("tokenizer_size"),
            "digest": row.get("tokenizer_digest"),
        }
        corpora[row["corpus"]] = {
            "corpus": row["corpus"],
            "n_documents": row["n_documents"],
            "n_chars": row["n_chars"],
            "n_bytes": row["n_bytes"],
            "digest": row.get("corpus_sha256"),
            "created": row.get("created"),
            "version": row.get("tokext_version"),
        }
    of_tokenizers = make_columns(
        words,
        ("tokenizer", "tokenizer", "text"),
        ("kind", "kind", "text"),
        ("size", "size", "count"),
        ("digest", "digest", "digest"),
    )
    of_corpora = make_columns(
        words,
        ("corpus", "corpus", "text"),
        ("n_documents", "documents", "count"),
        ("n_chars", "chars", "count"),
        ("n_bytes", "bytes", "count"),
        ("digest", "digest", "digest"),
        ("created", "created", "text"),
        ("version", "version", "text"),
    )
    return (
        Table("tokenizers", words("method.tokenizers"), of_tokenizers, tuple(tokenizers.values())),
        Table("corpora", words("method.corpora"), of_corpora, tuple(corpora.values())),
    )


def _inputs_table(evidence: Evidence, words: Words) -> Table:
    rows = [
        {"result": name, "name": given.get("name"), "bytes": given.get("n_bytes")}
        | {"digest": given.get("sha256")}
        for name, record in evidence.records
        for given in record.get("inputs", [])
    ]
    columns = make_columns(
        words,
        ("result", "result", "text"),
        ("name", "name", "text"),
        ("bytes", "bytes", "count"),
        ("digest", "digest", "digest"),
    )
    return Table("inputs", words("method.inputs"), columns, tuple(rows), folded=len(rows) > 12)


def _environment_table(evidence: Evidence, words: Words) -> Table:
    found: dict[tuple[str, str], None] = {}
    for _, record in evidence.records:
        found |= dict.fromkeys([("tokext", record.get("tokext_version", ""))])
        found |= dict.fromkeys(record.get("environment", {}).items())
    rows = tuple({"name": name, "version": version} for name, version in found)
    columns = make_columns(words, ("name", "name", "text"), ("version", "version", "text"))
    return Table("environment", words("method.environment"), columns, rows)


def _commands_table(evidence: Evidence, words: Words) -> Table:
    rows = tuple(
        {"result": way.result, "created": way.created, "command": _command(way)}
        | {"options": _options(way)}
        for way in evidence.ways
    )
    columns = make_columns(
        words,
        ("result", "result", "text"),
        ("created", "created", "text"),
        ("command", "command", "text"),
        ("options", "options", "text"),
    )
    return Table("commands", words("method.commands"), columns, rows)


def _command(way: Way) -> str | None:
    return " ".join(["tokext", *map(public_argument, way.command)]) if way.command else None


def _options(way: Way) -> str | None:
    """What decides the numbers of a result that has no record of its own; None was not set."""
    given = {key: value for key, value in way.options.items() if value is not None}
    return ", ".join(f"{key}={public_argument(str(value))}" for key, value in given.items()) or None


def _files_table(evidence: Evidence, words: Words) -> Table:
    rows = tuple(
        {"file": file.name, "bytes": file.n_bytes, "digest": file.sha256} for file in evidence.files
    )
    columns = make_columns(
        words, ("file", "file", "text"), ("bytes", "bytes", "count"), ("digest", "digest", "digest")
    )
    return Table("files", words("method.files"), columns, rows)
