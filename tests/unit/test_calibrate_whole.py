"""A whole calibration of made-up people: what it says of people it has never seen comes true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from secondlook.calibrate import fitting
from secondlook.calibrate.fitting import Origin, calibrate, check_enough, sizes
from secondlook.calibrate.searches import Samples, compared, drawn_searches
from secondlook.decide.calibration import Calibration, log10_ratios, posteriors, thresholds
from secondlook.decide.calibration_file import load_calibration, save_calibration
from secondlook.errors import CalibrationError, ExtraMissing
from secondlook.gallery.comparison import Cosine
from secondlook.types import Floats, Quality

DIMENSION = 32
PICTURES, VIEWS = 3, 2
PRIOR = 0.5


def unit(vectors: np.ndarray) -> Floats:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def people(count: int, seed: int, several: float = 1.0) -> Samples:
    """Who somebody is, is a direction; the fewer pixels, the further a view's template lies from it.

    several: share of the people with several pictures. A picture's first view is as it is: 60 px between the eyes.
    """
    rng = np.random.default_rng(seed)
    identity = unit(rng.normal(size=(count, DIMENSION)))
    rows = [
        (subject, subject * PICTURES + picture, view)
        for subject in range(count)
        for picture in range(PICTURES if subject < several * count else 1)
        for view in range(VIEWS)
    ]
    subject, picture, view = (np.array(column) for column in zip(*rows, strict=True))
    pixels = np.where(view == 0, 60.0, np.exp(rng.uniform(np.log(6), np.log(60), len(rows))))
    noise = 0.10 + 1.2 / pixels
    templates = unit(identity[subject] + noise[:, None] * rng.normal(size=(len(rows), DIMENSION)))
    qualities = tuple(Quality(float(px), float(px) / 60, 0, 0, 0, 0.5, 0.2, 0, 1, 0.5) for px in pixels)
    return Samples(templates, qualities, subject, picture, view == 0)


@pytest.fixture(scope="module", autouse=True)
def fewer_searches() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "SIZES", 10)
        patch.setattr(fitting, "GALLERIES", 2)
        yield


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    return calibrate(people(150, seed=1), "made-up@0", Origin("made up", 4), refits=3)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Of searches for people whom nothing was fitted to. over: whether the threshold of FPIR 0.1 was reached."""

    enrolled: np.ndarray
    right: np.ndarray
    over: np.ndarray
    posterior: np.ndarray


def outcomes(c: Calibration, n: int, galleries: int = 4) -> Outcomes:
    new = people(300, seed=2)
    comparison = c.cohort or Cosine(DIMENSION)
    found = drawn_searches(new, compared(new, comparison), [n] * galleries, np.random.default_rng(3), 1)
    qualities = [new.qualities[int(row)] for row in found.probe]
    return Outcomes(
        found.enrolled,
        found.right,
        found.best >= thresholds(c, qualities, n, 0.1),
        posteriors(c, found.best, qualities, n, PRIOR),
    )


@pytest.mark.parametrize("n", [30, 110])
def test_strangers_become_candidates_as_often_as_was_asked(fitted: Calibration, n: int) -> None:
    seen = outcomes(fitted, n)
    strangers = seen.over[~seen.enrolled]
    # as of a quarter of the searches: the galleries share their people, and the fit has an error of its own
    trials = len(strangers) // 4
    low, high = (float(v) / trials for v in binom.interval(0.999, trials, 0.1))
    assert low <= strangers.mean() <= high


@pytest.mark.parametrize("n", [30, 110])
def test_stated_chances_come_true(fitted: Calibration, n: int) -> None:
    seen = outcomes(fitted, n)
    weight = np.where(seen.enrolled, PRIOR / seen.enrolled.sum(), (1 - PRIOR) / (~seen.enrolled).sum())
    bins = np.minimum((seen.posterior * 5).astype(int), 4)
    gap = np.bincount(bins, weight * (seen.posterior - seen.right), 5)
    assert np.abs(gap).sum() < 0.05
    assert (weight * seen.right).sum() > 0.3 and seen.posterior.std() > 0.2, "there was something to tell apart"


def test_the_card_counts_what_was_fitted(fitted: Calibration) -> None:
    card = fitted.card
    assert card.data == "made up" and card.failed == 4
    assert card.subjects + card.cohort_subjects == 150
    assert card.pictures == card.subjects * PICTURES and card.views == card.pictures * VIEWS
    assert 6 <= card.smallest_px < 7
    assert fitted.largest <= 0.8 * card.subjects and fitted.rarest == 3 / card.subjects
    assert fitted.low_log10_lr < 0 < fitted.high_log10_lr < 4
    assert len(fitted.refits) == 3
    assert -1 < fitted.unlike < 1


def test_evidence_needs_a_larger_score_in_a_larger_gallery_and_a_poorer_picture(fitted: Calibration) -> None:
    good, poor = people(1, 0).qualities[0], Quality(8, 0.13, 0, 0, 0, 0.5, 0.2, 0, 1, 0.5)
    assert thresholds(fitted, (good,), 100, 0.1) > thresholds(fitted, (good,), 10, 0.1)
    score = np.array([0.6])
    assert log10_ratios(fitted, score, (good,), 10) >= log10_ratios(fitted, score, (good,), 100)
    least, most = fitted.low_log10_lr, fitted.high_log10_lr
    assert least <= log10_ratios(fitted, np.array([5.0]), (poor,), 100)[0] <= most


def test_it_is_whole_after_its_file(fitted: Calibration, tmp_path: Path) -> None:
    save_calibration(fitted, tmp_path / "c.json")
    back = load_calibration(tmp_path / "c.json")
    before, after = outcomes(fitted, 60), outcomes(back, 60)
    assert np.array_equal(before.over, after.over)
    assert before.posterior == pytest.approx(after.posterior, abs=1e-5)


def test_the_same_seed_gives_the_same_numbers() -> None:
    held = people(100, seed=5)
    one, two = (calibrate(held, "made-up@0", Origin("", 0), seed=7, refits=0) for _ in range(2))
    assert np.array_equal(one.fit.flat(), two.fit.flat())
    assert (one.low_log10_lr, one.high_log10_lr, one.comparison) == (
        two.low_log10_lr,
        two.high_log10_lr,
        two.comparison,
    )


def test_too_few_people_are_refused_with_their_number() -> None:
    with pytest.raises(CalibrationError, match=r"^99 people can be enrolled .* at least 100 people"):
        check_enough(people(99, 0))
    with pytest.raises(CalibrationError, match="22 of them have several pictures"):
        check_enough(people(110, 0, several=0.2))
    check_enough(people(100, 0, several=0.3))


def test_sizes_go_from_one_to_all_but_a_fifth() -> None:
    found = sizes(people(150, 0))
    assert found[0] == 1 and found[-1] == 120 and list(found) == sorted(set(found))


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing) as error:
        calibrate(people(5, 0), "made-up@0", Origin("", 0))
    assert str(error.value).endswith("pip install 'secondlook[calibrate]'.")
