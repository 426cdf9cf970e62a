"""The numbers: those of the inputs, in every file, and what the report works out itself."""

from __future__ import annotations

import json
import random
import unicodedata

import pytest
from report_data import LEARNED, write_rows

from tokext.output import json_text
from tokext.records import InputFile, knee, read_record, write_record
from tokext.report import write_report
from tokext.report.numbers import by_script_and_length, piece_length, script_of
from tokext.report.words import Words, locales


def test_every_figure_of_the_inputs_is_in_report_json(report_folder, rows):
    shown = json.loads((report_folder / "report.json").read_text(encoding="utf-8"))
    table = shown["tables"]["compression"]["rows"]
    assert len(table) == len(rows)
    for given, found in zip(rows, table, strict=True):
        for key in set(given) & set(shown["tables"]["compression"]["columns"]):
            if key not in {"tokenizer", "corpus"}:
                assert found[key] == given[key], key
        assert found["source"] == "run/compression.json"
    assert table[1]["times_base"] == rows[1]["chars_per_token"] / rows[0]["chars_per_token"]
    points = shown["charts"]["gain"]["curves"][0]["points"]
    assert points == [[p["rows"], p["chars_per_token"]] for p in rows[1]["curve"]]
    layers = shown["charts"]["vocabulary"]["layers"]
    assert sum(sum(layer["counts"]) for layer in layers) == len(LEARNED)


def test_the_headline_speaks_of_the_first_corpus_whose_tokens_changed(report_folder, rows):
    headline = json.loads((report_folder / "report.json").read_text(encoding="utf-8"))["headline"]
    assert headline["before"] == rows[0]["chars_per_token"]
    assert headline["after"] == rows[1]["chars_per_token"]
    for part in (f"{rows[0]['chars_per_token']:.3f}", f"{rows[1]['chars_per_token']:.3f}", "森"):
        assert part in headline["sentence"]


def test_the_corpus_of_the_headline_can_be_chosen(run_folder, tmp_path, rows):
    report = write_report([run_folder], tmp_path / "report", corpus="english")
    assert report.headline.numbers["corpus"] == "english.txt"
    assert report.headline.before == report.headline.after == rows[2]["chars_per_token"]


def test_the_numbers_of_the_page_and_the_markdown_are_those_of_the_json(report_folder):
    shown = json.loads((report_folder / "report.json").read_text(encoding="utf-8"))
    markdown = (report_folder / "report.md").read_text(encoding="utf-8")
    html = (report_folder / "report.html").read_text(encoding="utf-8")
    for row in shown["tables"]["compression"]["rows"]:
        for text in (f"{row['chars_per_token']:.3f}", f"{row['n_tokens']:,}"):
            assert text in html
            assert text in markdown


def test_charts_stand_beside_the_page_and_the_folder_says_what_it_is(report_folder):
    names = {path.name for path in report_folder.iterdir()}
    charts = ("compression", "gain", "vocabulary", "context", "documents", "unchanged")
    pictures = {f"{chart}.{ending}" for chart in charts for ending in ("png", "svg")}
    assert names == pictures | {"report.html", "report.md", "report.json", "tokext.json"}
    for chart in charts:
        assert (report_folder / f"{chart}.png").read_bytes().startswith(b"\x89PNG")
        assert f"({chart}.png)" in (report_folder / "report.md").read_text(encoding="utf-8")
    record = read_record(report_folder)
    assert record["kind"] == "report"
    assert {i["name"] for i in record["inputs"]} == {
        "run/compression.json",
        "run/tokenizer/tokext.json",
    }


def test_the_same_results_give_the_same_bytes(report_folder, tmp_path):
    write_report([report_folder.parent / "run"], tmp_path / "report")
    for path in report_folder.iterdir():
        if path.name != "tokext.json":
            assert path.read_bytes() == (tmp_path / "report" / path.name).read_bytes(), path.name


def test_the_markdown_opens_as_a_model_card(report_folder):
    lines = (report_folder / "report.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "---"
    front = lines[1 : lines.index("---", 1)]
    assert 'base_model: "mistralai/Mistral-7B-v0.1"' in front
    assert 'language: "ja"' in front


def test_markdown_tables_keep_their_columns(report_folder):
    markdown = (report_folder / "report.md").read_text(encoding="utf-8")
    widths: list[int] = []
    for line in markdown.splitlines():
        if line.startswith("| "):
            widths.append(line.replace("\\|", "").count("|"))
        elif widths:
            assert len(set(widths)) == 1
            widths = []


def test_guarantees_say_what_failed_with_examples(report_folder):
    html = (report_folder / "report.html").read_text(encoding="utf-8")
    assert '<span class="no">broken</span>' in html
    assert "森の家: 3 -&gt; 4" in html
    assert "A note." in html
    facts = json.loads((report_folder / "report.json").read_text(encoding="utf-8"))["facts"]
    assert {"n_held": 1, "n": 2}.items() <= facts[-1].items()


def test_what_was_not_tried_is_said_and_counted_nowhere(report_folder):
    shown = json.loads((report_folder / "report.json").read_text(encoding="utf-8"))
    verdicts = {row["name"]: row["passed"] for row in shown["tables"]["guarantees"]["rows"]}
    assert verdicts == {"base ids": True, "shorter": False, "record": None}
    assert shown["facts"][-1]["value"] == "1 of 2"
    html = (report_folder / "report.html").read_text(encoding="utf-8")
    assert '<span class="untried">not tried</span></td><td>The record is true.' in html
    markdown = (report_folder / "report.md").read_text(encoding="utf-8")
    assert "| not tried | The record is true. |" in markdown


def test_lines_cut_as_before_are_counted_of_all_lines(report_folder, rows):
    shown = json.loads((report_folder / "report.json").read_text(encoding="utf-8"))
    n = rows[3]["n_lines"]
    [fact] = [fact for fact in shown["facts"] if fact["label"] == "lines of english cut as before"]
    assert (fact["value"], fact["n_lines"]) == (f"{n} of {n}", n)


def test_no_text_is_said_to_be_kept_beside_one_whose_english_changed(rows, tmp_path):
    harmed = [*rows[:3], rows[3] | {"n_foreign_lines_changed": 0}]
    harmed += [row | {"corpus": "second"} for row in (rows[2], rows[3])]
    for n_changed in (0, 1):
        harmed[-1] |= {"n_foreign_lines": 5, "n_foreign_lines_changed": n_changed}
        write_report([write_rows(tmp_path / "gain.json", harmed)], tmp_path / "r", force=True)
        shown = json.loads((tmp_path / "r" / "report.json").read_text(encoding="utf-8"))
        kept = [fact for fact in shown["facts"] if fact["label"].endswith("cut as before")]
        assert bool(kept) == (not n_changed)


def test_a_tokenizer_alone_a_verification_alone_and_a_vocabulary_alone(tokenizer_folder, tmp_path):
    alone = write_report([tokenizer_folder()], tmp_path / "one")
    assert "32,000 → 32,011" in alone.headline.sentence

    verified = tmp_path / "verified.json"
    folder = tmp_path / "verification"
    folder.mkdir()
    guarantee = {"name": "a", "claim": "Holds.", "passed": True, "n_checked": 3, "n_failed": 0}
    guarantee |= {"unit": "lines", "examples": [], "note": ""}
    write_record(folder, "verification", options={}, inputs=[], result={"guarantees": [guarantee]})
    verified.write_bytes((folder / "tokext.json").read_bytes())
    for given in (folder, verified):
        report = write_report([given], tmp_path / f"{given.name}-report")
        assert report.headline.sentence == "All 1 guarantees hold."

    added = tmp_path / "added"
    added.mkdir()
    inputs = [InputFile("ja.txt", "ef" * 32, 10)]
    write_record(added, "added vocabulary", options={}, inputs=inputs, result={})
    table = 'piece\tcount\n東京\t12\n"\t7\nです\t5\n'
    (added / "added.tsv").write_text(table, encoding="utf-8")
    report = write_report([added], tmp_path / "three")
    assert report.headline.numbers == {"n_added": 3}


def test_three_tokenizers_share_one_report(rows, tmp_path):
    third = [row | {"tokenizer": "other/model", "curve": []} for row in rows if not row["n_added"]]
    path = write_rows(tmp_path / "compression.json", [*rows, *third])
    report = write_report([path], tmp_path / "report")
    assert report.headline.numbers["extended"] == "ja/tokenizer"
    shown = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert shown["charts"]["compression"]["series"] == ["Mistral-7B-v0.1", "ja", "model"]
    assert all(len(sample["segmentations"]) == 3 for sample in shown["samples"])


def test_rows_that_lack_what_may_be_missing_still_make_a_report(rows, tmp_path):
    needed = ("tokenizer", "corpus", "n_documents", "n_chars", "n_bytes", "n_tokens")
    needed += ("chars_per_token", "bytes_per_token", "byte_fallback_share")
    bare = [{key: row[key] for key in needed} for row in rows]
    path = write_rows(tmp_path / "compression.json", bare)
    report = write_report([path], tmp_path / "report")
    assert report.headline.before == rows[0]["chars_per_token"]


def test_a_compression_record_reads_like_its_rows(rows, tmp_path):
    folder = tmp_path / "measured"
    folder.mkdir()
    write_record(folder, "compression", options={}, inputs=[], result=rows)
    report = write_report([folder], tmp_path / "report")
    assert report.headline.after == rows[1]["chars_per_token"]


@pytest.mark.parametrize("seed", range(20))
def test_the_knee_is_the_point_farthest_from_the_chord(seed):
    random_ = random.Random(seed)
    xs = sorted(random_.sample(range(1000), 8))
    ys = sorted(random_.uniform(0, 4) for _ in xs)
    points = list(zip(xs, ys, strict=True))
    (x0, y0), (x1, y1) = points[0], points[-1]
    # The distance of a point from the chord, by the area of a triangle.
    heights = [(y - y0) * (x1 - x0) - (x - x0) * (y1 - y0) for x, y in points]
    best = max(range(8), key=lambda n: heights[n])
    assert knee(points) == (points[best] if heights[best] > 0 else None)


def test_scripts_agree_with_the_names_of_the_characters(base):
    kinds = {"HIRAGANA": "hiragana", "KATAKANA": "katakana", "CJK": "kanji", "HANGUL": "hangul"}
    kinds |= {"LATIN": "latin", "CYRILLIC": "cyrillic", "GREEK": "greek"}
    checked = 0
    for piece in base.pieces[3:]:
        if len(piece.text) == 1 and piece.text.isalpha() and piece.text != "ー":
            first = unicodedata.name(piece.text, "").split()[0]
            if first in kinds and "FULLWIDTH" not in unicodedata.name(piece.text):
                assert script_of(piece.text) == kinds[first], piece.text
                checked += 1
    assert checked > 2000


def test_every_piece_is_counted_once(base):
    pieces = [piece.text for piece in base.pieces]
    counts = by_script_and_length(pieces)
    assert sum(lengths.total() for lengths in counts.values()) == len(pieces)
    assert max(max(lengths) for lengths in counts.values()) == max(map(piece_length, pieces))


def test_the_locales_say_the_same_with_the_same_fields():
    from string import Formatter

    def fields(sentence: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(sentence) if name}

    english = Words("en").sentences
    for locale in locales():
        other = Words(locale).sentences
        assert other.keys() == english.keys()
        for key, sentence in english.items():
            assert fields(other[key]) == fields(sentence), key


def test_report_json_is_json_that_reads_back_the_same(report_folder):
    text = (report_folder / "report.json").read_text(encoding="utf-8")
    assert json_text(json.loads(text)) == text


def test_byte_level_letters_are_those_of_the_tokenizers_library():
    from tokenizers import pre_tokenizers

    from tokext.report.segments import _BYTE_LETTERS

    assert set(_BYTE_LETTERS) == set(pre_tokenizers.ByteLevel.alphabet())
    for text in ("日本語", "a\n\x7f é"):
        [(letters, _)] = pre_tokenizers.ByteLevel(
            add_prefix_space=False, use_regex=False
        ).pre_tokenize_str(text)
        assert bytes(_BYTE_LETTERS[letter] for letter in letters) == text.encode()
