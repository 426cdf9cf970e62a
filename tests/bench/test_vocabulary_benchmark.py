"""What the benchmark of vocabularies is built from, against loops that anyone can read."""

import sys
from itertools import combinations, pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import limits
import recipe
import vocabulary

from tokext.tokenizer.load import load_tokenizer

MISTRAL = limits.Cut.of_model(load_tokenizer(recipe.BASE).model)


def every_spelling(text):
    places = range(1, len(text))
    for n in range(len(text)):
        for cuts in combinations(places, n):
            edges = (0, *cuts, len(text))
            yield [text[a:b] for a, b in pairwise(edges)]


@given(st.text("abé", min_size=1, max_size=7), st.sets(st.text("ab", min_size=2, max_size=3)))
def test_fewest_tokens_are_the_fewest_of_all_spellings(text, longer):
    pieces = {"a", "b"} | longer
    sizes = [
        sum(1 if part in pieces else len(part.encode()) for part in spelling)
        for spelling in every_spelling(text)
        if all(part in pieces or len(part) == 1 for part in spelling)
    ]
    assert limits.fewest_with(pieces, 3, text) == min(sizes)


def test_tokens_begin_where_their_text_stands():
    document = "猫がab\n彅さん"
    begins = MISTRAL.begins(MISTRAL.encode([document])[0])
    assert {0, 1, 4, 5, 6}.issubset(begins)
    assert max(begins) < len(document)


def test_morphemes_begin_within_lines_only():
    within, begins = limits.morpheme_borders("猫が\n鳴いた")
    assert within == {1, 4, 5}
    assert begins == {1, 5}


def test_the_recipe_splits_every_token_both_ways():
    ids = {"a": 0, "b": 1, "ab": 2, "ba": 3, "aba": 4}
    splits = list(recipe.splits(ids))
    assert splits == [("a", "b"), ("b", "a"), ("a", "ba"), ("ab", "a")]


def test_the_recipe_leaves_numbers_out():
    numeric = [recipe.is_numeric(t) for t in ("12", "1.", "v2", "第1", "--")]
    assert numeric == [True, True, False, False, False]


def test_the_table_has_a_row_for_each_run():
    row = {
        "n_added": 9, "chars_per_token": {"literature": 2, "technical": 2, "prose": 2},
        "borders": {"precision": 1, "recall": 1, "f1": 1}, "n_unreachable": 0,
        "n_english_lines_changed": 0, "n_english_lines": 5, "seconds": 2.0, "peak_bytes": 4,
    }  # fmt: skip
    slow = row | {"run": "recipe", "seconds": 8.0}
    lines = vocabulary.table({"rows": [slow, row | {"run": "ours"}]}).splitlines()
    assert len(lines) == 4
    assert lines[3].startswith("| ours | 9 | 2.000 |")
    assert lines[3].endswith("| 0.25 | 1.00 |")


def test_a_cost_is_kept_of_the_command_that_was_run_and_of_no_other(tmp_path):
    def cost(number):
        return vocabulary.measured("run", ["-c", f"x = {number}"], tmp_path, again=False)

    first = cost(1)
    assert first.keys() >= {"seconds", "peak_bytes", "started", "load_average"}
    assert cost(1) == first
    (tmp_path / "run" / "added").touch()
    cost(2)
    assert not (tmp_path / "run" / "added").exists()
