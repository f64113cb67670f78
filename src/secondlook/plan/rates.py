"""What becomes of false candidates and of misses at the asked size, by the calibration's two fitted distributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.decide import evidence
from secondlook.decide.calibration import Calibration
from secondlook.decide.evidence import Conditions, Doubles
from secondlook.decide.rule import Limits, shortcomings
from secondlook.decide.terms import standardised
from secondlook.plan.pictures import Band
from secondlook.plan.support import Reach, Support, over, reach, support
from secondlook.types import Estimate, Quality

_DRAWS = 20
"""Times the pictures of a band are drawn again under each set of parameters, for intervals."""


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class BandRates:
    """Of one band of pictures. not_found, inconclusive: shares of all, 0 to 1, of which no face is found, and whose faces carry
    no decision whatever the score. threshold: score of a candidate, in the middle of the pictures that carry one; None where
    none does. missed: of 1 enrolled person whose picture is one of these (FNIR), those without a face and without a
    decision among them; where the plan is refused, the least that it can be."""

    band: Band
    not_found: float
    inconclusive: float
    threshold: float | None
    missed: Estimate


@dataclass(frozen=True, slots=True)
class Rates:
    """support: of the asked rate. false: share of searches for strangers that give a candidate (FPIR): of MEASURED the rate
    that the threshold stands at; of BOUNDED value is the most, low what it is in the largest gallery that was measured; of
    REFUSED the same at the strictest threshold that the calibration can show, and high the most (1: everybody).
    names: enrolled people whom a stranger reaches that threshold with, on average; None where it is measured."""

    support: Support
    reach: Reach
    false: Estimate
    names: Estimate | None
    bands: tuple[BandRates, ...]


def rates(c: Calibration, people: int, fpir: float, bands: Sequence[Band], limits: Limits = USUAL) -> Rates:
    """people: 1 upwards. fpir: between 0 and 1. bands: at least one picture of them carries a decision."""
    held, times = support(c, people, fpir), over(c, people)
    # refused: the least misses are those at the threshold of the largest gallery that can be stated
    wanted = max(c.rarest, fpir) if held is Support.REFUSED else fpir / times
    strictest = c.rarest if held is Support.REFUSED else wanted
    usable = [q for band in bands for q in band.qualities if not shortcomings(q, limits)]
    small = _alike(c, usable, people, strictest)
    return Rates(
        support=held,
        reach=reach(c, people, fpir),
        false=_false(held, small, strictest, times),
        names=None if held is Support.MEASURED else Estimate(strictest * times, small.low * times, small.high * times),
        bands=tuple(_band(c, band, people, wanted, limits) for band in bands),
    )


def _false(held: Support, small: Estimate, rate: float, times: float) -> Estimate:
    if held is Support.MEASURED:
        return small
    return Estimate(min(1.0, rate * times), small.low, min(1.0, small.high * times))


def _alike(c: Calibration, qualities: Sequence[Quality], people: int, rate: float) -> Estimate:
    """How often a stranger reaches the threshold of ``rate`` in a gallery of the measured sizes: that rate, and how far the
    refits are apart about it."""
    at = _conditions(c, qualities, people)
    cut = evidence.threshold(c.fit, at, rate)
    again = [float(evidence.alike_rate(p, at, cut).mean()) for p in c.refits]
    return _range(rate, again)


def _band(c: Calibration, band: Band, people: int, rate: float, limits: Limits) -> BandRates:
    usable = [q for q in band.qualities if not shortcomings(q, limits)]
    lost = band.tried - len(usable)
    at = _conditions(c, usable, people)
    cut = evidence.threshold(c.fit, at, rate) if usable else np.zeros(0)
    by_set = [np.concatenate([evidence.miss_rate(p, at, cut), np.ones(lost)]) for p in (c.fit, *c.refits)]
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(band.tried, np.full(band.tried, 1 / band.tried), size=_DRAWS) / band.tried
    again = [float(value) for missed in (by_set[1:] or by_set) for value in drawn @ missed]
    return BandRates(
        band=band,
        not_found=(band.tried - len(band.qualities)) / band.tried,
        inconclusive=(len(band.qualities) - len(usable)) / band.tried,
        threshold=float(np.median(cut)) if usable else None,
        missed=_share(_range(float(by_set[0].mean()), again)),
    )


def _conditions(c: Calibration, qualities: Sequence[Quality], people: int) -> Conditions:
    """In a gallery of so many, or the largest that was measured."""
    n: Doubles = np.full(len(qualities), float(min(people, c.largest)))
    return Conditions(standardised(qualities, c.terms), n)


def _range(value: float, again: Sequence[float]) -> Estimate:
    """The value, and what holds 95 % of the others and it."""
    low, high = np.quantile(again, (0.025, 0.975)) if again else (value, value)
    return Estimate(value, min(value, float(low)), max(value, float(high)))


def _share(found: Estimate) -> Estimate:
    """Without what rounding carries past 1."""
    return Estimate(*(min(1.0, v) for v in (found.value, found.low, found.high)))
