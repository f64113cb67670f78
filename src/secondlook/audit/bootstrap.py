"""Resampling people, not comparisons: what one person's trials have in common comes and goes together.

Each of B resamples draws as many people as there are, with replacement. A search, or a comparison of a person with
itself, counts as often as the person was drawn; a comparison of two people as often as one was drawn times the other
(the pigeonhole bootstrap, Owen 2007; for biometrics Bolle, Ratha & Pankanti 2004, Poh & Bengio 2007). Only sums per
person are resampled, so ten million comparisons cost as much as ten thousand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.results import Doubles
from secondlook.audit.scores import Codes

MOST_UNITS = 5_000
"""More people than this are resampled in this many random blocks, which leaves the variance as it is."""


@dataclass(frozen=True, eq=False, slots=True)
class Resamples:
    """block: (people,) the unit each person belongs to. weights: (B, units) how often each unit was drawn."""

    block: Codes
    weights: Doubles

    @property
    def units(self) -> int:
        return int(self.weights.shape[1])

    def per_unit(self, subject: Codes, values: Doubles | None = None) -> Doubles:
        """Sum of ``values`` (or the count) of the rows of each unit: (units,)."""
        return np.bincount(self.block[subject], values, self.units).astype(np.float64)

    def per_unit_and_bin(self, subject: Codes, bins: NDArray[np.integer], count: int) -> Doubles:
        """How many rows of each unit lie in each of ``count`` bins: (units, count)."""
        cells = self.block[subject].astype(np.int64) * count + bins
        counts = np.bincount(cells, minlength=self.units * count)
        return counts.reshape(self.units, count).astype(np.float64)

    def one_way(self, sums: Doubles) -> Doubles:
        """Sums over people in each resample. sums: (units,) or (units, k). Result: (B,) or (B, k)."""
        drawn: Doubles = self.weights @ sums
        return drawn

    def two_way(self, first: Doubles, second: Doubles) -> Doubles:
        """Sums over comparisons of two people in each resample, from the sums by first and by second person.

        first, second: (units,) or (units, k), with equal totals. The product of the two resampled margins over the
        total: exact for a full cross of people, and to first order for any other set of comparisons.
        """
        total: Doubles = np.maximum(first.sum(axis=0), np.finfo(np.float64).tiny)
        drawn: Doubles = self.one_way(first) * self.one_way(second)
        return drawn / total


def resample(people: int, replicates: int, seed: int) -> Resamples:
    """B = ``replicates`` resamples of ``people`` people; the same for the same seed."""
    rng = np.random.default_rng(seed)
    units = min(people, MOST_UNITS)
    block = np.arange(people, dtype=np.int32)
    if people > units:
        block = (rng.permutation(people) % units).astype(np.int32)
    weights = np.zeros((replicates, units))
    for row in weights:
        row += np.bincount(rng.integers(units, size=units), minlength=units)
    return Resamples(block, weights)


def ratio(errors: Doubles, trials: Doubles) -> Doubles:
    """errors / trials of each resample, NaN where nobody with a trial was drawn."""
    rates: Doubles = np.divide(errors, trials, out=np.full(np.shape(errors), np.nan), where=trials > 0)
    return rates


def percentiles(replicated: Doubles, confidence: float) -> tuple[float, float] | None:
    """The percentile interval of the resampled figures; None where there are none."""
    finite = replicated[np.isfinite(replicated)]
    if not len(finite):
        return None
    tail = 50 * (1 - confidence)
    low, high = np.percentile(finite, [tail, 100 - tail])
    return float(low), float(high)
