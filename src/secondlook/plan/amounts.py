"""Quantities that were measured or follow from such, with how far measurements of them lie apart."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """value: in the middle of what was measured. low, high: the least and the most of it. 0 or more, in any unit."""

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.value <= self.high < math.inf:
            raise ValueError(f"{self.value} does not lie between {self.low} and {self.high}")

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.value + other.value, self.low + other.low, self.high + other.high)

    def times(self, count: float) -> Amount:
        return Amount(self.value * count, self.low * count, self.high * count)

    def by(self, other: Amount) -> Amount:
        return Amount(self.value * other.value, self.low * other.low, self.high * other.high)


NOTHING = Amount(0.0, 0.0, 0.0)


def exactly(value: float) -> Amount:
    return Amount(value, value, value)


def summed(*parts: Amount) -> Amount:
    return sum(parts, NOTHING)
