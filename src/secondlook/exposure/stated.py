"""What is stated of a face: chance of being picked out, look-alikes, bits, and the size that would give it away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from secondlook.decide.calibration import Calibration
from secondlook.decide.evidence import Doubles
from secondlook.decide.terms import MEASURES, standardised
from secondlook.errors import CalibrationError
from secondlook.exposure.chances import Chances, chances, first
from secondlook.types import Estimate, Quality

SHARPER = 1.4
"""Log 2 of how much the sharpness of the 96 px view rises when a face is shown twice as large: LFW faces scaled from 43 to 4
px between the eyes fall by 4.7 over 3.5 halvings, evenly."""

_STEPS = 16
"""Sizes looked at for each doubling."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Of one face among ``population`` people of whom somebody holds a good picture each, the person among them.

    picked_out: chance that the person comes first; never rarer, nor more certain, than the people of the calibration can
    show. beyond: the population is larger than any gallery that was measured; then picked_out.value is the most that it
    can be, and low goes down to the least. look_alikes: others who look at least as alike, in the middle case;
    mean_look_alikes: in the mean. bits: what the face tells about who it is, log2(population / (1 + look_alikes)): it
    narrows the population down to the person and the look-alikes; from 1 (it tells nothing, so half of all look more
    alike) to log2(population).
    """

    population: int
    picked_out: Estimate
    look_alikes: Estimate
    mean_look_alikes: float
    bits: float
    beyond: bool


def check_population(c: Calibration, population: int, want: float | None = None) -> None:
    """Raises CalibrationError where nothing can be stated of so few people, or so rarely as ``want``."""
    if population < 2:
        raise CalibrationError("One person is nobody's crowd: ask for a --population of 2 or more.")
    least = max(c.rarest, 1 / population)
    if want is not None and not least < want < 1:
        raise CalibrationError(
            f"--want {want:g} is rarer than can be stated of {population:,} people with the calibration of {c.pack} "
            f"({c.card.subjects:,} people), or certain: ask for more than {least:.2g} and less than 1."
        )


def exposures(c: Calibration, qualities: Sequence[Quality], population: int) -> tuple[Exposure, ...]:
    """One for each face. population: 2 upwards."""
    if not qualities:
        return ()
    terms = standardised(qualities, c.terms)
    found = chances(c.fit, terms, population, c.largest)
    again = [chances(p, terms, population, c.largest) for p in c.refits]
    beyond = population - 1 > c.largest
    picked, alike = _picked(c, found, again), _range(found.usual, [a.usual for a in again])
    return tuple(
        Exposure(
            population=population,
            picked_out=Estimate(*picked[:, row].tolist()),
            look_alikes=Estimate(*alike[:, row].tolist()),
            mean_look_alikes=float(found.alike[row]),
            bits=math.log2(population / (1 + float(alike[0, row]))),
            beyond=beyond,
        )
        for row in range(len(qualities))
    )


def picked_out(c: Calibration, qualities: Sequence[Quality], population: int) -> Doubles:
    """``Exposure.picked_out.value`` of each face, without its interval: (len(qualities),)."""
    if not qualities:
        return np.zeros(0)
    found = first(c.fit, standardised(qualities, c.terms), population, c.largest)
    return _supported(c, found)


def _picked(c: Calibration, found: Chances, again: Sequence[Chances]) -> Doubles:
    value, low, high = _range(found.first, [a.first for a in again])
    _, least, _ = _range(found.least, [a.least for a in again])
    # what cannot be shown to be rarer may be rarer all the same: the low end stays
    low = np.minimum(np.minimum(low, least), 1 - c.rarest)
    return np.stack([_supported(c, value), low, _supported(c, high)])


def _range(value: Doubles, again: Sequence[Doubles]) -> Doubles:
    """(3, m): the values, and the range that holds 95 % of the refits and the value."""
    if not again:
        return np.stack([value, value, value])
    low, high = np.quantile(np.stack(again), (0.025, 0.975), axis=0)
    return np.stack([value, np.minimum(low, value), np.maximum(high, value)])


def _supported(c: Calibration, chance: Doubles) -> Doubles:
    return np.clip(chance, c.rarest, 1 - c.rarest)


def recognisable_px(c: Calibration, quality: Quality, population: int, level: float) -> float | None:
    """Distance between the eyes, px, from which this face would be picked out with a chance of ``level`` or more.

    As if the camera came nearer or went away: sharpness rises and falls with the size (``SHARPER``), light and pose
    stay. None: at no size that was measured.
    """
    size = next(term for term in c.terms if term.name == "log2_inter_eye_px")
    now = MEASURES[size.name](quality)
    at = now + np.arange(math.ceil((size.low - now) * _STEPS), math.floor((size.high - now) * _STEPS) + 1) / _STEPS
    shown = [resized(quality, 2.0**there / max(quality.inter_eye_px, 1.0)) for there in at]
    enough = np.flatnonzero(picked_out(c, shown, population) >= level)
    return float(2.0 ** at[enough[0]]) if len(enough) else None


def resized(quality: Quality, factor: float) -> Quality:
    """What is measured of the same face shown ``factor`` times as large."""
    return replace(
        quality,
        inter_eye_px=max(quality.inter_eye_px, 1.0) * factor,
        sharpness=max(quality.sharpness, 1e-3) * factor**SHARPER,
    )
