"""How far a calibration can be asked: at which sizes a rate was measured, where it is bounded, and where nothing holds it up.

Three things carry over from a gallery of n people to one of N > n, whatever the recogniser does and however comparisons depend
on each other, as long as the others resemble each other as the calibration's people do:

- a stranger reaches a score at most N / n times as often (the union bound): what is asked for may be asked for;
- a stranger reaches a score at least as often: so any threshold that keeps a rate among N keeps it among n, and the misses at
  the threshold among n are the least there will be;
- of everybody who is enrolled a stranger resembles N / n times as many on average (expectations add).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from secondlook.decide.calibration import Calibration


class Support(StrEnum):
    MEASURED = "measured"
    """Galleries of that size were searched when the calibration was made."""
    BOUNDED = "bounded"
    """The gallery is larger than any that was measured; the rate holds by the union bound."""
    REFUSED = "refused"
    """The people of the calibration are too few to show it."""
    UNCALIBRATED = "uncalibrated"
    """The pack has no calibration."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a calibration goes.

    measured: people in the largest gallery that was searched. shown: the rarest rate that its people show there.
    most_people: the largest gallery in which the asked rate holds, 0: none. least_fpir: the rarest rate that may be asked
    for among the people asked about, None: none that a command takes.
    people_bounded: labelled people that a calibration would need so that the rate holds there by the union bound;
    people_measured: so that it is measured.
    """

    measured: int
    shown: float
    most_people: int
    least_fpir: float | None
    people_bounded: int
    people_measured: int


LARGEST_FPIR = 0.5
"""That a command takes."""


def support(c: Calibration, people: int, fpir: float) -> Support:
    if fpir < c.rarest or fpir / over(c, people) < c.rarest:
        return Support.REFUSED
    return Support.BOUNDED if people > c.largest else Support.MEASURED


def over(c: Calibration, people: int) -> float:
    """How many times larger than the largest that was measured, 1 upwards."""
    return max(1.0, people / c.largest)


def reach(c: Calibration, people: int, fpir: float) -> Reach:
    least = c.rarest * over(c, people)
    people_ = c.card.subjects
    # of so many labelled people the largest gallery takes a share, and the rarest rate is three in all of them
    share, three = c.largest / people_, c.rarest * people_
    measured = max(three / fpir, people / share)
    bounded = max(three / fpir, min(people / share, math.sqrt(three * people / (share * fpir))))
    return Reach(
        measured=c.largest,
        shown=c.rarest,
        most_people=0 if fpir < c.rarest else math.floor(c.largest * fpir / c.rarest * (1 + 1e-12)),
        least_fpir=rounded_up(least) if rounded_up(least) <= LARGEST_FPIR else None,
        people_bounded=math.ceil(rounded_up(bounded) * (1 - 1e-12)),
        people_measured=math.ceil(rounded_up(measured) * (1 - 1e-12)),
    )


def rounded_up(value: float) -> float:
    """To two digits."""
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step * (1 - 1e-12)) * step
