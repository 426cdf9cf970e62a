"""How often the rules flag what is clean: what every rate has to rise above."""

from __future__ import annotations

from dataclasses import dataclass

from tokext.bench.leakage.stats import Rate


@dataclass(frozen=True)
class Floor:
    """The share of clean answers that are flagged, estimated from a reading of flagged answers.

    Clean answers are too seldom flagged to count it directly. `wrong` are the flagged answers that
    a reader found to be clean, among those read; carried over to all flagged answers they are
    ``wrong * n_flagged`` out of the clean ones, which are those and the `n_not_flagged`.

    Example:
        >>> floor = Floor(Rate(1, 60), n_flagged=408, n_not_flagged=1804)
        >>> [round(value, 4) for value in (floor.share, floor.low, floor.high)]
        [0.0038, 0.0007, 0.0196]
    """

    wrong: Rate
    n_flagged: int
    n_not_flagged: int

    def _of_clean(self, wrong_share: float) -> float:
        n_wrong = wrong_share * self.n_flagged
        return n_wrong / (self.n_not_flagged + n_wrong)

    @property
    def share(self) -> float:
        """The share of clean answers that are flagged."""
        return self._of_clean(self.wrong.share)

    @property
    def low(self) -> float:
        """Its lower end, from the 95 % Wilson interval of `wrong`."""
        return self._of_clean(self.wrong.low)

    @property
    def high(self) -> float:
        """Its upper end, from the 95 % Wilson interval of `wrong`."""
        return self._of_clean(self.wrong.high)

    def as_json(self) -> dict[str, object]:
        """The share and its interval, and what they were carried over from."""
        return {
            "share": round(self.share, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
            "flagged_wrongly": self.wrong.as_json(),
            "n_flagged": self.n_flagged,
            "n_not_flagged": self.n_not_flagged,
        }


#: The reading of real Japanese answers of ten models; a rate whose interval reaches below may be
#: nothing but mistakes. A test reads it from ``benchmarks/results/leakage_reading.json``.
FALSE_POSITIVES = Floor(Rate(1, 60), n_flagged=408, n_not_flagged=1804)


def floor_of(language: str) -> Floor | None:
    """What a rate has to rise above; measured of Japanese answers alone, None for any other.

    Example:
        >>> floor_of("ja") is FALSE_POSITIVES, floor_of("zh")
        (True, None)
    """
    return FALSE_POSITIVES if language == "ja" else None


#: Clean ones among labelled lines and answers that were flagged when the rules of the day met them
#: for the first time. The lines were written to be mistaken, the last set are ordinary answers. The
#: rules were mended on all of them afterwards, so what they give now says nothing.
FIRST_LOOKS = {
    "unseen_1": Rate(1, 80),
    "unseen_2": Rate(53, 192),
    "unseen_3": Rate(7, 75),
    "unseen_4": Rate(5, 90),
}
