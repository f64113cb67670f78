"""What a run's page says of the rule that decided: a constant or a calibration."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from secondlook.decide.calibration import Calibration, FitCard
from secondlook.decide.evidence import Parameters
from secondlook.decide.rule import Calibrated, OperatingPoint
from secondlook.runs.page import calibration_line, rule_note

CARD = FitCard(
    data="LFW",
    subjects=2848,
    pictures=6000,
    views=40_000,
    failed=120,
    smallest_px=6.2,
    cohort_subjects=1424,
    limits=("children",),
    figures=("Of 1,000 strangers 3.4 were given a candidate.",),
)


@pytest.fixture
def rule() -> Calibrated:
    fit = Parameters(*(np.zeros(1) for _ in fields(Parameters)))
    calibration = Calibration("tiny@0123456789ab", "cosine", None, (), fit, (), 2279, 0.00105, -2.1, 2.9, 0.1, CARD)
    return Calibrated(calibration, 0.003, 0.01)


def test_a_constant_says_on_what_it_was_measured() -> None:
    point = OperatingPoint(0.6, 0.5, 0.3, "The threshold is a constant.")
    assert rule_note(point, 12) == "The threshold is a constant." and calibration_line(point) is None


def test_a_calibration_says_what_it_rests_on(rule: Calibrated) -> None:
    assert rule_note(rule, 826) == (
        "Thresholds follow from each picture and from the 826 people enrolled, so that 3 of 1,000 searches for strangers "
        "give a candidate; fitted on 2,848 people, measured up to galleries of 2,279."
    )
    line = calibration_line(rule)
    assert line is not None and (line.fpir, line.prior, line.largest) == (0.003, 0.01, 2279)
    assert line.data == (
        "LFW (6,000 pictures of 2,848 people, as they are and degraded to 6 px between the eyes: 40,000 views, and 120 in "
        "which no face was found); scores are normalised with averages over 1,424 of them"
    )
    assert line.limits == CARD.limits and line.figures == CARD.figures
    assert (line.low_log10_lr, line.high_log10_lr) == (-2.1, 2.9)


def test_a_gallery_beyond_the_measured_ones_is_said(rule: Calibrated) -> None:
    assert "This gallery is larger" in rule_note(rule, 2280) and "This gallery is larger" not in rule_note(rule, 2279)
