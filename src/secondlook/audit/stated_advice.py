"""What a calibration states of a gallery that is too large to be tried here: stated, and said to be so, never measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from secondlook.audit.deciding import Deciding
from secondlook.audit.figures import Figure
from secondlook.audit.frequencies import frequency
from secondlook.audit.kinds import Wanted
from secondlook.audit.results import Advice, StatedAdvice
from secondlook.decide.calibration import Calibration, check, least_fpir, thresholds
from secondlook.decide.evidence import Conditions, miss_rate
from secondlook.decide.terms import standardised
from secondlook.errors import CalibrationError, CalibrationStale
from secondlook.report import words
from secondlook.types import Quality


def with_stated(advice: Advice, deciding: Deciding, wanted: Wanted, people: int) -> Advice:
    """The advice joined by what the system's calibration states at the wanted gallery size. people: behind the pictures."""
    c = deciding.calibration
    if c is None:
        return advice
    try:
        check(c, wanted.n, wanted.fpir)
    except (CalibrationError, CalibrationStale):
        least = words.out_of(least_fpir(c, wanted.n))
        said = f"The calibration states nothing rarer than {least} there either: its people are too few."
        return replace(advice, sentence=f"{advice.sentence} {said}")
    stated = _stated(c, deciding, wanted, people)
    if stated is None:
        return advice
    return replace(advice, sentence=f"{advice.sentence} {stated.sentence}", stated=stated)


def _stated(c: Calibration, deciding: Deciding, wanted: Wanted, people: int) -> StatedAdvice | None:
    unfit = deciding.unfit
    good = [q for q, poor in zip(deciding.pictures, unfit, strict=True) if q is not None and not poor]
    if not good:
        return None
    limits = thresholds(c, good, wanted.n, wanted.fpir)
    missed = _missed(c, good, limits, len(deciding.pictures) - len(good), people)
    return StatedAdvice(
        wanted.n,
        wanted.fpir,
        missed,
        float(limits.min()),
        float(limits.max()),
        _sentence(c, wanted, missed, (float(limits.min()), float(limits.max()))),
    )


def _missed(c: Calibration, pictures: list[Quality], limits: np.ndarray, lost: int, people: int) -> Figure:
    """FNIR over these pictures, and ``lost`` others that give no candidate; the interval is that of the refits."""
    at = Conditions(standardised(pictures, c.terms), np.ones(len(pictures)))  # of the own score, whatever the gallery
    count = len(pictures) + lost
    rates = [(float(miss_rate(p, at, limits).sum()) + lost) / count for p in (c.fit, *c.refits)]
    low, high = (float(v) for v in np.quantile(rates[1:] or rates, (0.025, 0.975)))
    return Figure(rates[0], min(low, rates[0]), max(high, rates[0]), count, 0, people)


def _sentence(c: Calibration, wanted: Wanted, missed: Figure, limits: tuple[float, float]) -> str:
    f = frequency(missed.value, missed.low, missed.high)
    often = f.sentence if c.refits else f"{f.about:,} of {f.of:,}"
    how = (
        "because a stranger is alike to somebody among N at most N / n times as often as among n"
        if wanted.n > c.largest
        else f"within the {c.largest:,} that it was measured up to"
    )
    return (
        f"Not measured here, but stated by the calibration that secondlook find decides by: with {wanted.n:,} people enrolled"
        f" and a threshold for each picture ({words.number(limits[0], 2)} to {words.number(limits[1], 2)}), at most"
        f" {words.asked(wanted.fpir)} strangers would be called somebody, {how}; of enrolled people with pictures like these,"
        f" about {often} would be missed."
    )
