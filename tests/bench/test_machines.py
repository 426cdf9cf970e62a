"""Machines by what their drivers call them."""

from __future__ import annotations

import pytest

from tokext.bench.machines import find_machine
from tokext.errors import InputError


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("NVIDIA H200", "h200"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA A100-SXM4-80GB", "a100-80gb"),
        ("NVIDIA A100-PCIE-40GB", "a100-40gb"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("Tesla T4", "t4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA A100 80GB PCIe", "a100-80gb"),
        ("Tesla V100-SXM2-16GB", "v100"),
        ("NVIDIA A10", "a10"),
    ],
)
def test_a_machine_is_found_by_what_its_driver_calls_it(called, name):
    assert find_machine(called).name == name


@pytest.mark.parametrize(
    "called",
    [
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA GeForce RTX 4090 D",
        "NVIDIA GeForce RTX 3090 Ti",
        "NVIDIA H100 NVL",
        "NVIDIA H200 MIG 1g.18gb",
        "NVIDIA A100-SXM4-80GB MIG 3g.40gb",
        "NVIDIA RTX 4090 Max-Q",
        "NVIDIA L4 SUPER",
        "NVIDIA GH200 480GB",
    ],
)
def test_a_part_or_a_relative_of_a_machine_is_not_taken_for_it(called):
    with pytest.raises(InputError, match="no machine"):
        find_machine(called)


def test_an_unknown_machine_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="no machine 'abacus'") as refused:
        find_machine("abacus")
    assert "h200" in refused.value.hint
