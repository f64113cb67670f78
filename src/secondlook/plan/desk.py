"""What people have to do for it, a day: candidates to be reviewed, most of them of somebody else."""

from __future__ import annotations

import math
from dataclasses import dataclass

from secondlook.plan.asked import SETS_A_CANDIDATE, TRIALS, Asked
from secondlook.plan.rates import Rates
from secondlook.plan.support import Support


@dataclass(frozen=True, slots=True)
class Passing:
    """A day, where a prior was stated. enrolled: of those who pass. missed: of these, from the band in which fewest are missed
    to that in which most are. right: of 100 candidates, the person that was named; likewise, least and most. Of pictures
    that carry decisions."""

    enrolled: float
    missed: tuple[float, float]
    right: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reviewing:
    """A day. false: candidates that are somebody else, at the asked rate. candidates: all. sets: blind ones. hours, reviewers:
    of work, and people for it."""

    false: float
    candidates: float
    sets: float
    hours: float
    reviewers: int


@dataclass(frozen=True, slots=True)
class Days:
    """passers: a day, and how many of them are strangers. reviewing: at the asked rate, whether or not it can be promised.
    allowed: where it cannot, false candidates a day at the strictest threshold that can be shown, the least and the most.
    passing: None without a prior."""

    passers: float
    strangers: float
    reviewing: Reviewing
    allowed: tuple[float, float] | None
    passing: Passing | None


def days(asked: Asked, rates: Rates | None) -> Days:
    """rates: None without a calibration."""
    passers, prior = asked.footage.passers_a_day, asked.question.prior
    strangers = passers * (1 - (prior or 0.0))
    false = strangers * asked.question.fpir
    passing = None if prior is None or rates is None else _passing(passers * prior, false, rates)
    most = 0.0 if passing is None else passing.enrolled - passing.missed[0]
    return Days(
        passers=passers,
        strangers=strangers,
        reviewing=_reviewing(false, false + most, asked),
        allowed=_allowed(strangers, rates),
        passing=passing,
    )


def _allowed(strangers: float, rates: Rates | None) -> tuple[float, float] | None:
    if rates is None or rates.support is not Support.REFUSED:
        return None
    return strangers * rates.false.low, strangers * rates.false.high


def _passing(enrolled: float, false: float, rates: Rates) -> Passing | None:
    """None where nothing is promised of the rate, and so of whom a candidate is."""
    if rates.support is Support.REFUSED:
        return None
    shares = [band.missed.value for band in rates.bands if band.threshold is not None and band.band.low_px >= USED_PX]
    found = [enrolled * (1 - share) for share in shares]
    right = [100 * one / (one + false) if one + false > 0 else 0.0 for one in found]
    return Passing(enrolled, (enrolled * min(shares), enrolled * max(shares)), (min(right), max(right)))


USED_PX = 14.0
"""Between the eyes; of smaller faces hardly any carries a decision (``decide.rule.Limits``)."""


def _reviewing(false: float, candidates: float, asked: Asked) -> Reviewing:
    sets = candidates * SETS_A_CANDIDATE / (1 - TRIALS)
    hours = sets * asked.desk.set_minutes / 60
    return Reviewing(false, candidates, sets, hours, math.ceil(hours / asked.desk.hours))
