"""What added rows cost a model: memory, a longer step, and what is left of the gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tokext.bench.machines import Machine, find_machine
from tokext.bench.roofline import ModelCost, TextLoad, break_even_batch, predict
from tokext.bench.shapes import Shape, find_shape
from tokext.errors import refuse_outside
from tokext.records import PlanRow

#: `merge` pads the rows of a matrix to a multiple of this unless told otherwise.
_PAD_TO = 64

#: More than any machine serves at a time, and than any context holds: beyond, numbers overflow.
_MOST_SEQUENCES, _MOST_CHARS = 1 << 20, 1_000_000_000


@dataclass(frozen=True)
class Price:
    """The model, the machine and the work that sizes are priced for.

    Each of `batch_size` sequences reads `n_prefill_chars` and then writes `n_decode_chars`.
    """

    shape: Shape
    machine: Machine
    batch_size: int
    bytes_per_number: float
    n_prefill_chars: int
    n_decode_chars: int

    def rows(
        self, base_size: int, sizes: Sequence[int], n_tokens: Sequence[int], n_chars: int
    ) -> Iterator[PlanRow]:
        """A row for each size.

        Args:
            base_size: Pieces of the base.
            sizes: Numbers of added pieces, rising, the first 0.
            n_tokens: What the measured text takes at each size.
            n_chars: Characters of that text.
        """
        before = self._cost(base_size), self._load(n_chars / n_tokens[0])
        matrices = 1 if self.shape.tied else 2
        for n_added, tokens in zip(sizes, n_tokens, strict=True):
            after = self._cost(base_size + n_added), self._load(n_chars / tokens)
            best = predict(*after, self.machine, self.batch_size)
            extra = (after[0].n_rows - before[0].n_rows) * self.shape.width * matrices
            yield PlanRow(
                n_added=n_added,
                n_rows=after[0].n_rows,
                n_tokens=tokens,
                extra_bytes=round(extra * self.bytes_per_number),
                step_seconds=best.step_seconds,
                prefill_chars_per_second=best.prefill_chars_per_second,
                decode_chars_per_second=best.decode_chars_per_second,
                context_chars=self.shape.context_tokens * after[1].chars_per_token,
                break_even_batch=break_even_batch(before, after, self.machine) if n_added else None,
            )

    def _cost(self, n_pieces: int) -> ModelCost:
        n_rows = -(-n_pieces // _PAD_TO) * _PAD_TO
        return self.shape.cost(n_rows, self.bytes_per_number)

    def _load(self, chars_per_token: float) -> TextLoad:
        return TextLoad(self.n_prefill_chars, self.n_decode_chars, chars_per_token)


def find_price(
    *,
    shape: str = "mistral-7b",
    machine: str = "a100-40gb",
    bandwidth: float | None = None,
    batch_size: int = 1,
    bytes_per_number: float = 2,
    prefill_chars: int = 1000,
    decode_chars: int = 500,
) -> Price:
    """Look up what is named.

    Args:
        shape: A name in `tokext.bench.shapes.SHAPES`.
        machine: A name in `tokext.bench.machines.MACHINES`.
        bandwidth: Gigabytes that the machine reads in a second, instead of the table's.
        batch_size: Sequences that are written at a time.
        bytes_per_number: 2 for 16-bit weights.
        prefill_chars: Characters that each sequence has read.
        decode_chars: Characters that it writes then.

    Raises:
        InputError: A name is unknown, or a number out of range.

    Example:
        >>> find_price(machine="t4", bandwidth=300).machine.bytes_per_second
        300000000000.0
    """
    refuse_outside(1, _MOST_SEQUENCES, batch_size=batch_size)
    refuse_outside(1, _MOST_CHARS, prefill_chars=prefill_chars, decode_chars=decode_chars)
    refuse_outside(0.001, 1e9, bandwidth=bandwidth)  # in gigabytes a second
    refuse_outside(0.1, 16, bytes_per_number=bytes_per_number)
    found = find_machine(machine)
    if bandwidth is not None:
        found = replace(found, bytes_per_second=bandwidth * 1e9)
    return Price(
        find_shape(shape), found, batch_size, bytes_per_number, prefill_chars, decode_chars
    )
