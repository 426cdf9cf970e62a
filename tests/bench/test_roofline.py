"""The model of the cost, against arithmetic by hand."""

from __future__ import annotations

import dataclasses
import random

import pytest

from tokext.bench.machines import MACHINES, Machine
from tokext.bench.roofline import (
    Experts,
    ModelCost,
    TextLoad,
    break_even_batch,
    predict,
    predicted_ratio,
)

MISTRAL = ModelCost(6_979_588_096, 32_000, 4096, 32, 32, 8, 128)
EXTENDED = dataclasses.replace(MISTRAL, n_rows=120_000)
BEFORE, AFTER = TextLoad(512, 128, 0.858), TextLoad(512, 128, 2.335)


def test_a_step_reads_body_head_one_row_and_the_cache():
    small = ModelCost(1000, 50, 8, 2, 4, 2, 2, bytes_per_number=4)
    by_hand = 4 * (1000 + 50 * 8 + 3 * 8) + 3 * (10 + 1) * (2 * 2 * 2 * 2 * 4)
    assert small.step_bytes(3, context=10) == by_hand


def test_a_step_multiplies_every_weight_once_a_sequence():
    small = ModelCost(1000, 50, 8, 2, 4, 2, 2)
    assert small.step_operations(3, context=10) == 3 * (2 * 1400 + 4 * 10 * 4 * 2 * 2)


def test_a_step_reads_the_experts_that_its_tokens_meet_and_multiplies_with_those_of_one():
    experts = Experts(32, 2, n_parameters=640, n_bytes=2560)
    mixture = ModelCost(1000, 50, 8, 2, 4, 2, 2, bytes_per_number=4, experts=experts)
    dense = dataclasses.replace(mixture, experts=None)
    # One token meets 2 of 32: 30 of 32 stay where they are.
    assert dense.step_bytes(1, 10) - mixture.step_bytes(1, 10) == 2560 * 30 / 32
    assert dense.step_operations(3, 10) - mixture.step_operations(3, 10) == 3 * 2 * 640 * 30 / 32
    assert mixture.prefill_bytes(4, 1000) == pytest.approx(dense.prefill_bytes(4, 1000))
    lost = dense.prefill_operations(4, 100) - mixture.prefill_operations(4, 100)
    assert lost == 4 * 100 * 2 * 640 * 30 / 32


def test_the_experts_that_are_met_are_those_of_even_draws():
    draw = random.Random(0)
    met = [len({e for _ in range(8) for e in draw.sample(range(32), 2)}) for _ in range(4000)]
    assert Experts(32, 2, 1, 1).share_met(8) == pytest.approx(sum(met) / 4000 / 32, rel=0.01)


def test_mistrals_cache_is_128_kibibytes_a_token():
    assert MISTRAL.kv_bytes_per_token == 128 * 1024


def test_the_prefill_reads_the_head_for_the_last_token_alone():
    more = EXTENDED.prefill_operations(4, 100) - MISTRAL.prefill_operations(4, 100)
    assert more == 4 * 2 * 88_000 * 4096


def test_at_batch_one_the_ratio_is_that_of_characters_over_that_of_bytes():
    machine = MACHINES["h200"]
    got = predicted_ratio((MISTRAL, BEFORE), (EXTENDED, AFTER), machine, 1)
    by_hand = (2.335 / 0.858) * (
        MISTRAL.step_bytes(1, BEFORE.mean_context) / EXTENDED.step_bytes(1, AFTER.mean_context)
    )
    assert got == pytest.approx(by_hand)
    assert 2.5 < got < 2.7


def test_a_large_batch_is_bound_by_operations():
    machine = MACHINES["h200"]
    assert predict(MISTRAL, BEFORE, machine, 1).is_bandwidth_bound
    short = TextLoad(0, 1, 1)
    assert not predict(MISTRAL, short, machine, 4096).is_bandwidth_bound


def test_twice_the_bandwidth_is_twice_the_speed_where_bytes_decide():
    slow, fast = Machine("a", 1e12, 1e15), Machine("b", 2e12, 1e15)
    one, two = (predict(MISTRAL, BEFORE, m, 1).decode_chars_per_second for m in (slow, fast))
    assert two == pytest.approx(2 * one)


def test_a_large_model_has_no_batch_that_eats_the_gain():
    assert break_even_batch((MISTRAL, BEFORE), (EXTENDED, AFTER), MACHINES["h200"]) is None


@pytest.mark.parametrize("gain", [0.9, 2.7, 2.9, 3.0, 3.2])
def test_from_the_break_even_batch_on_the_gain_is_eaten(gain):
    machine = Machine("m", 1e12, 2e13)
    small = ModelCost(2_000_000, 1_000, 256, 2, 4, 2, 64)
    old = small, TextLoad(100, 80, 1.0)
    new = dataclasses.replace(small, n_rows=20_000), TextLoad(100, 80, gain)
    gains = [b for b in range(1, 3000) if predicted_ratio(old, new, machine, b) > 1]
    last = max(gains, default=0)
    assert break_even_batch(old, new, machine) == (None if last == 2999 else last + 1)
