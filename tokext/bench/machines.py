"""What machines can do at best, by makers' data sheets, found by what drivers call them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tokext.errors import InputError


@dataclass(frozen=True)
class Machine:
    """The bytes that it can read and the operations that it can do in a second, at best.

    An addition and a multiplication count as two operations. `measured` says that the figures were
    found by trying; else they are the maker's, of 16-bit floats without sparsity.
    """

    name: str
    bytes_per_second: float
    operations_per_second: float
    measured: bool = False

    def best_of(self, other: Machine) -> Machine:
        """The higher of two findings, each of bytes and of operations."""
        return replace(
            self,
            bytes_per_second=max(self.bytes_per_second, other.bytes_per_second),
            operations_per_second=max(self.operations_per_second, other.operations_per_second),
        )


#: From the makers' data sheets.
MACHINES = {
    m.name: m
    for m in (
        Machine("h200", 4.8e12, 989e12),
        Machine("h100", 3.35e12, 989e12),
        Machine("h100-pcie", 2.0e12, 756e12),
        Machine("a100-80gb", 2.039e12, 312e12),
        Machine("a100-40gb", 1.555e12, 312e12),
        Machine("l40s", 864e9, 362e12),
        Machine("l4", 300e9, 121e12),
        Machine("a10", 600e9, 125e12),
        Machine("v100", 900e9, 125e12),
        Machine("t4", 320e9, 65e12),
        Machine("rtx-4090", 1.008e12, 165e12),
        Machine("rtx-3090", 936e9, 71e12),
    )
}

#: Words of drivers beside a machine's name that leave it the same: makers, sockets, memories.
_SAME_MACHINE = re.compile(
    r"nvidia|geforce|quadro|tesla|sxm\d?|pcie|hbm\d\w?|gpu|(16|24|32|40|48|80|141)gb"
)


def find_machine(name: str) -> Machine:
    """A machine by its name, also by what the driver calls it.

    One that a driver calls by any other word beside it, as Laptop, Ti, NVL or MIG, is another
    machine, or a part of it.

    Raises:
        InputError: It is not in the table.

    Example:
        >>> find_machine("NVIDIA A100-SXM4-80GB").name, find_machine("h200").name
        ('a100-80gb', 'h200')
    """
    asked = {word for word in re.split(r"[\s\-]+", name.casefold()) if word}
    # The longest name first: h100-pcie is no h100.
    for known in sorted(MACHINES, key=len, reverse=True):
        others = asked - set(known.split("-"))
        if asked >= set(known.split("-")) and all(map(_SAME_MACHINE.fullmatch, others)):
            return MACHINES[known]
    raise InputError(
        f"there is no machine {name!r} in the table.", hint=f"give one of {', '.join(MACHINES)}."
    )
