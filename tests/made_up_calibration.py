"""A calibration of invented numbers like those of a usual pack, and conditions to try it under."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from secondlook.decide.calibration import Calibration, FitCard
from secondlook.decide.evidence import (
    Conditions,
    Doubles,
    Parameters,
    design_other,
    design_own,
    design_shape,
    uncalibrated,
)
from secondlook.decide.normalise import CohortNormalised
from secondlook.decide.terms import MEASURES, Term
from secondlook.types import Quality

PACK = "made-up@0123456789ab"
GOOD = Quality(60, 1.0, 5, 5, 2, 0.5, 0.2, 0.0, 1.0, 0.9)
POOR = Quality(9, 0.1, 30, 5, 2, 0.3, 0.1, 0.0, 1.0, 0.2)

RANGES = {
    "log2_inter_eye_px": (2.5, 6.5, 4.5, 1.0),
    "log2_sharpness": (-5.0, 1.0, -1.5, 1.5),
    "turn": (0.0, 2.5, 0.4, 0.5),
    "log2_contrast": (-5.0, -1.5, -3.0, 0.7),
}
TERMS = tuple(Term(name, *RANGES[name]) for name in MEASURES)
K = len(TERMS)


def conditions(n: float, *terms: float) -> Conditions:
    """One picture, its terms standardised, 0 where they are not given."""
    row = np.zeros((1, K))
    row[0, : len(terms)] = terms
    return Conditions(row, np.array([float(n)]))


def over(width: int, constant: float, terms: Sequence[float] = (), log_n: Sequence[float] = ()) -> Doubles:
    """Coefficients over a design of ``width``: 1, the terms, and log10 N with what is made of it; 0 where not given."""
    found = np.zeros(width)
    found[0] = constant
    found[1 : 1 + len(terms)] = terms
    found[1 + K : 1 + K + len(log_n)] = log_n
    return found


ANY = conditions(1)
OTHER, SHAPE, OWN = (design(ANY).shape[1] for design in (design_other, design_shape, design_own))


def parameters(
    slope: float = 0.01, other_shape: float = -0.4, own_skew: float = 0.2, own_place: float = 0.55, spread: float = 0.05
) -> Parameters:
    """slope: of every term of the others' location. Scores are cosines."""
    other = (
        over(OTHER, 0.1, (-slope, slope / 2, 0, slope / 2), (0.13, -0.01)),
        over(OTHER, np.log(spread), (-0.02,) * 4, (-0.15, 0.01)),
        over(SHAPE, other_shape, log_n=(-0.05,)),
    )
    return Parameters(
        *other,
        *other,
        np.zeros(1),
        own_location=over(OWN, own_place, (0.12, 0.02, -0.03, 0.01)),
        own_log_scale=over(OWN, np.log(0.12), (-0.05,)),
        own_shape=np.array([own_skew, 0.05, 0.1]),
        evidence=uncalibrated(K) + np.array([0.1, -0.1, -0.05, *np.zeros(K)]),
    )


plausible = st.builds(
    parameters,
    slope=st.floats(-0.02, 0.03),
    other_shape=st.floats(-1.0, 0.5),
    own_skew=st.floats(-0.6, 0.6),
    own_place=st.floats(0.3, 0.7),
    spread=st.floats(0.03, 0.09),
)


pictures = st.lists(st.floats(-2, 2), min_size=K, max_size=K)
sizes = st.integers(1, 5000)


def many(c: Conditions, count: int) -> Conditions:
    return c.rows(np.zeros(count, np.intp))


def refits() -> tuple[Parameters, ...]:
    return tuple(parameters(slope=0.01 + step, own_place=0.55 + 3 * step) for step in np.linspace(-0.008, 0.008, 11))


def calibration(
    largest: int = 1000,
    people: int = 2000,
    fit: Parameters | None = None,
    again: tuple[Parameters, ...] | None = None,
    cohort: CohortNormalised | None = None,
) -> Calibration:
    return Calibration(
        pack=PACK,
        comparison="cosine" if cohort is None else cohort.id,
        cohort=cohort,
        terms=TERMS,
        fit=fit or parameters(),
        refits=refits() if again is None else again,
        largest=largest,
        rarest=3 / people,
        low_log10_lr=-1.5,
        high_log10_lr=2.75,
        unlike=0.21,
        card=FitCard("made up", people, 3 * people, 9 * people, 7, 5.5, limits=("Nobody is in it.",)),
    )
