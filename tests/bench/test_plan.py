"""The plan says what merging so many pieces really gives, and what a roofline by hand says."""

import dataclasses

import pytest

from tokext.bench import plan as plan_module
from tokext.bench.counting.evenly import EvenSample
from tokext.bench.plan import hold_out, plan_sizes
from tokext.bench.price import find_price
from tokext.cli.tables import plan_table
from tokext.corpus.embedded import embedded_lines
from tokext.errors import InputError, TokextError
from tokext.merge.extension import merge_vocab
from tokext.output import json_text, write_whole
from tokext.records import Extension, Plan, PlanRow, read_plan
from tokext.tokenizer.load import load_tokenizer
from tokext.vocab.added import train_vocab

LINES = embedded_lines("ja")
SMALL = {"sizes": [100, 300], "workers": 1}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A file to learn from, and one to measure on."""
    place = tmp_path_factory.mktemp("texts")
    (place / "ja.txt").write_text("\n".join(LINES[:250]), encoding="utf-8")
    (place / "held-out.txt").write_text("\n".join(LINES[250:270]), encoding="utf-8")
    return place / "ja.txt", place / "held-out.txt"


@pytest.fixture(scope="module")
def plan(texts):
    return plan_sizes(texts[0], texts=[texts[1]], **SMALL)


def made_plan(cpt_by_size):
    """A plan of a text of a million characters with these characters per token."""
    rows = tuple(
        PlanRow(size, 32_000 + size, round(1e6 / cpt), 0, 1.0, 1.0, cpt, 1.0, None)
        for size, cpt in cpt_by_size.items()
    )
    return dataclasses.replace(PLAN, n_chars=1_000_000, rows=rows)


PLAN = Plan(
    "base", 32_000, "ja", "continue", "script", "a", 9, "b", 1, 1, "s", 1, 2.0, 9, "m", 1.0, 1.0,
    9, 9, (), (),
)  # fmt: skip


@pytest.mark.slow
def test_each_size_takes_the_tokens_that_its_own_merge_takes(plan, texts, tmp_path):
    document = texts[1].read_text(encoding="utf-8")
    assert plan.rows[0].n_tokens == len(load_tokenizer(plan.base).encode(document))
    for row in plan.rows[1:]:
        added, merged = tmp_path / f"added-{row.n_added}", tmp_path / f"merged-{row.n_added}"
        train_vocab(texts[0], added, size=row.n_added, workers=1)
        merge_vocab(added=added, output=merged)
        assert row.n_tokens == len(load_tokenizer(merged).encode(document))
        assert row.n_rows == Extension.read(merged).padded_size


def test_no_text_is_longer_with_more_pieces(plan):
    tokens = [row.n_tokens for row in plan.rows]
    assert tokens == sorted(tokens, reverse=True)
    assert tokens[0] > tokens[-1]


def test_the_price_is_the_roofline_by_hand(plan):
    """Batch 1 is bound by bandwidth: all weights, and the keys and values before a step."""
    for row in plan.rows:
        cpt = plan.chars_per_token(row)
        context = 1000 / cpt + 500 / cpt / 2
        weights = 6_979_588_096 + (row.n_rows + 1) * 4096
        seconds = (2 * weights + (context + 1) * 2 * 2 * 32 * 8 * 128) / 1.555e12
        assert row.step_seconds == pytest.approx(seconds)
        assert row.decode_chars_per_second == pytest.approx(cpt / seconds)
        assert row.extra_bytes == 2 * 2 * 4096 * (row.n_rows - 32_000)
        assert row.context_chars == pytest.approx(32768 * cpt)


def test_half_the_bandwidth_takes_twice_as_long():
    steps = []
    for bandwidth in (1000, 500):
        (row,) = find_price(bandwidth=bandwidth).rows(32_000, [0], [100], 90)
        steps.append(row.step_seconds)
    assert steps[1] == pytest.approx(2 * steps[0])


def test_the_marginal_gain_is_that_of_a_thousand_more_pieces():
    plan = made_plan({0: 0.8, 1000: 1.0, 3000: 1.25})
    gains = [plan.gain_per_1000_rows(row) for row in plan.rows]
    assert gains == [None, pytest.approx(0.2), pytest.approx(0.125)]


def test_the_knee_is_where_a_broken_line_breaks():
    plan = made_plan({0: 0.8, 2000: 1.2, 4000: 1.6, 16_000: 1.65, 64_000: 1.8})
    assert plan.knee.n_added == 4000


def test_a_flat_curve_has_no_knee():
    assert made_plan({0: 0.8, 1000: 0.8, 2000: 0.8}).knee is None


def test_the_fastest_size_is_not_always_the_largest(texts):
    """A body so small that the head is nearly all the work."""
    tiny = plan_sizes(texts[0], texts=[texts[1]], shape="mistral-tiny", **SMALL)
    speeds = [row.decode_chars_per_second for row in tiny.rows]
    assert tiny.fastest.decode_chars_per_second == max(speeds)


DOCUMENTS = [f"文書{n:04}" for n in range(1000)]


@pytest.mark.parametrize("n_blocks", [1, 4])
def test_what_is_held_out_is_the_end_of_each_block_and_not_single_lines(monkeypatch, n_blocks):
    monkeypatch.setattr(plan_module, "_BLOCK_CHARS", 6 * 1000 // n_blocks)
    kept = EvenSample(1 << 20)
    batches = [DOCUMENTS[at : at + 50] for at in range(0, 1000, 50)]
    learned = [d for batch in hold_out(batches, kept) for d in batch]
    length = 1000 // n_blocks
    ends = [list(range(at - length // 50, at)) for at in range(length, 1001, length)]
    assert kept.documents == [DOCUMENTS[n] for end in ends for n in end]
    assert sorted(learned + kept.documents) == DOCUMENTS


@pytest.mark.parametrize("documents", [[], ["一"], ["一", "二"], ["一" * 99, "二", "三" * 99]])
def test_however_few_documents_there_are_one_is_learned_from(documents):
    kept = EvenSample(1 << 20)
    learned = [d for batch in hold_out([documents], kept) for d in batch]
    assert learned + kept.documents == documents
    assert learned[:1] == documents[:1]
    assert len(kept.documents) == (len(documents) > 1)


def test_a_plan_says_whether_it_was_measured_on_text_of_the_same_works(texts, plan):
    own = plan_sizes(texts[0], **SMALL)
    assert [own.text_of_corpus, plan.text_of_corpus] == [True, False]
    said = "gains more than other text: name some with --text"
    assert [said in plan_table(of) for of in (own, plan)] == [True, False]


def test_a_text_that_gives_fewer_pieces_is_measured_up_to_what_it_gives(texts):
    plan = plan_sizes(texts[0], texts=[texts[1]], sizes=[200, 100_000], workers=1)
    sizes = [row.n_added for row in plan.rows]
    assert sizes[:2] == [0, 200]
    assert len(sizes) == 3
    assert 200 < sizes[2] < 100_000 == plan.n_asked


def test_a_plan_is_read_back_as_it_was_written(plan, tmp_path):
    write_whole(tmp_path / "plan.json", json_text(plan.record()))
    assert read_plan(tmp_path / "plan.json") == plan


def test_a_plan_from_before_training_was_recorded_is_read_too(plan, tmp_path):
    record = plan.record()
    assert record["result"].pop("training")["min_count"] == 2
    assert record["result"].pop("text_of_corpus") is False
    write_whole(tmp_path / "plan.json", json_text(record))
    assert read_plan(tmp_path / "plan.json") == dataclasses.replace(plan, training={})


BROKEN = '{"kind": "plan", "schema_version": 1, "result": {"rows": []}}'
OTHER = '{"kind": "run", "schema_version": 1}'


@pytest.mark.parametrize("content", [BROKEN, OTHER])
def test_another_file_is_no_plan(tmp_path, content):
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(InputError, match="not a plan"):
        read_plan(tmp_path / "other.json")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"sizes": [0, 100]}, "--sizes 0 adds nothing"),
        ({"sizes": [-5]}, "--sizes -5 adds nothing"),
        ({"sizes": []}, "no size to look at"),
        ({"shape": "mistral-8b"}, "no shape 'mistral-8b'"),
        ({"pricing": {"machine": "abacus"}}, "no machine 'abacus'"),
        ({"pricing": {"bandwidth": 0}}, "bandwidth is 0"),
        ({"pricing": {"batch_size": 0}}, "batch_size is 0"),
    ],
)
def test_options_out_of_range_are_refused_by_their_value(texts, options, said):
    with pytest.raises(TokextError, match=said):
        plan_sizes(texts[0], **({"texts": [texts[1]], "workers": 1} | options))


def test_too_few_documents_to_hold_some_out_say_what_to_do(tmp_path):
    (tmp_path / "one.txt").write_text("日本語の文が一つだけある。日本語の文。", encoding="utf-8")
    with pytest.raises(InputError, match="too few documents") as caught:
        plan_sizes(tmp_path / "one.txt", **SMALL)
    assert "--text" in caught.value.hint
