"""What a calibration states: within its bounds, with its intervals, and honestly beyond what it has measured."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_up_calibration import GOOD, POOR, TERMS, calibration, parameters
from secondlook.decide import evidence
from secondlook.decide.calibration import (
    Calibration,
    Stated,
    least_fpir,
    log10_ratios,
    posteriors,
    stated,
    stated_many,
    threshold,
    thresholds,
)
from secondlook.decide.calibration_file import cohort_file, load_calibration, rounded, save_calibration
from secondlook.decide.evidence import Conditions, Parameters
from secondlook.decide.normalise import CohortNormalised
from secondlook.decide.terms import MEASURES, fitted_terms, standardised
from secondlook.errors import CalibrationError, CalibrationStale, OutputError, SecondLookError
from secondlook.types import Quality

PRIOR = 0.01
qualities = st.builds(
    Quality,
    st.floats(3, 120), st.floats(0, 3), st.floats(-60, 60), st.floats(-40, 40), st.just(0.0), st.floats(0, 1),
    st.floats(0, 0.5), st.just(0.0), st.just(1.0), st.floats(0, 1),
)  # fmt: skip


def sentence(error: pytest.ExceptionInfo[SecondLookError]) -> str:
    said = str(error.value)
    assert said.endswith(".") and "\n" not in said
    return said


def at(c: Calibration, quality: Quality, n: int) -> Conditions:
    return Conditions(standardised((quality,), c.terms), np.array([float(n)]))


# what is stated


@given(st.floats(-0.5, 1.2), qualities, st.integers(1, 5000), st.floats(1e-4, 0.9999))
def test_every_statement_lies_within_its_interval_and_its_bounds(
    score: float, quality: Quality, n: int, prior: float
) -> None:
    c = calibration()
    said = stated(c, score, quality, n, 0.01, prior)
    for estimate in (said.alike_rate, said.miss_rate, said.posterior):
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert said.alike_rate.low >= c.rarest
    assert c.low_log10_lr <= said.log10_lr <= c.high_log10_lr
    assert said.log10_enrolled >= said.log10_lr or said.log10_lr in (c.low_log10_lr, c.high_log10_lr)
    assert said.beyond == (n > 1000)


def test_the_interval_is_that_of_the_refits() -> None:
    c = calibration()
    rates = [float(evidence.miss_rate(p, at(c, GOOD, 300), np.array([threshold(c, GOOD, 300, 0.01)]))[0])
             for p in c.refits]  # fmt: skip
    said = stated(c, 0.5, GOOD, 300, 0.01, PRIOR).miss_rate
    assert (said.low, said.high) == pytest.approx(tuple(np.quantile(rates, (0.025, 0.975))))
    assert said.low < said.value < said.high


def test_without_refits_there_is_no_interval() -> None:
    said = stated(calibration(again=()), 0.5, GOOD, 300, 0.01, PRIOR)
    assert said.posterior.low == said.posterior.value == said.posterior.high


@given(st.floats(0.1, 1.0), qualities, st.integers(1, 1000))
def test_many_searches_are_stated_as_one(score: float, quality: Quality, n: int) -> None:
    c = calibration()
    said = stated(c, score, quality, n, 0.01, PRIOR)
    scores = np.array([score])
    assert log10_ratios(c, scores, (quality,), n) == pytest.approx([said.log10_lr])
    assert posteriors(c, scores, (quality,), n, PRIOR) == pytest.approx([said.posterior.value])
    assert thresholds(c, (quality,), n, 0.01) == pytest.approx([said.threshold])


@given(st.lists(st.tuples(st.floats(-0.5, 1.2), qualities), max_size=6), st.integers(1, 3000))
def test_searches_that_are_stated_together_are_stated_as_each_alone(
    searches: list[tuple[float, Quality]], n: int
) -> None:
    c = calibration()
    together = stated_many(c, [score for score, _ in searches], [quality for _, quality in searches], n, 0.02, PRIOR)
    alone = [stated(c, score, quality, n, 0.02, PRIOR) for score, quality in searches]
    assert len(together) == len(alone)
    for one, other in zip(together, alone, strict=True):
        assert numbers(one) == pytest.approx(numbers(other), rel=1e-9, abs=1e-12)


def numbers(said: Stated) -> list[float]:
    estimates = (said.alike_rate, said.miss_rate, said.posterior)
    plain = [said.threshold, said.log10_lr, said.log10_enrolled, said.beyond, said.rarest, said.strongest]
    return [*map(float, plain), *(v for e in estimates for v in (e.value, e.low, e.high))]


def test_the_threshold_rises_with_the_gallery_and_falls_with_the_rate() -> None:
    c = calibration()
    by_size = [threshold(c, GOOD, n, 0.01) for n in (1, 10, 100, 1000, 3000)]
    assert by_size == sorted(by_size)
    by_rate = [threshold(c, GOOD, 300, fpir) for fpir in (0.5, 0.1, 0.01, 0.002)]
    assert by_rate == sorted(by_rate)


# beyond what was measured


@given(st.floats(0.2, 0.8), qualities, st.integers(1001, 5000))
def test_a_larger_gallery_is_met_with_the_union_bound(score: float, quality: Quality, n: int) -> None:
    c = calibration()
    there, here = (stated(c, score, quality, size, 0.02, PRIOR) for size in (n, 1000))
    over = n / 1000
    wanted = min(1.0, float(evidence.alike_rate(c.fit, at(c, quality, 1000), np.array([score]))[0]) * over)
    assert there.alike_rate.value == pytest.approx(max(c.rarest, wanted))
    assert there.alike_rate.low <= here.alike_rate.high and there.alike_rate.high >= here.alike_rate.high
    assert there.threshold == pytest.approx(threshold(c, quality, 1000, 0.02 / over))
    assert there.threshold >= here.threshold and there.log10_lr <= here.log10_lr + 1e-12
    assert there.posterior.value <= here.posterior.value + 1e-12


def test_a_gallery_that_has_outgrown_it_is_refused_in_one_sentence() -> None:
    c = calibration(largest=1000, people=1000)
    with pytest.raises(CalibrationStale) as error:
        threshold(c, GOOD, 40_000, 0.01)
    said = sentence(error)
    assert "40,000 people have outgrown" in said and "measured up to 1,000" in said and "--fpir 0.12 or more" in said
    assert threshold(c, GOOD, 40_000, 0.12) > threshold(c, GOOD, 1000, 0.12)


def test_a_rate_rarer_than_its_people_can_show_is_refused() -> None:
    with pytest.raises(CalibrationError) as error:
        stated(calibration(people=400), 0.5, GOOD, 10, 0.003, PRIOR)
    said = sentence(error)
    assert not isinstance(error.value, CalibrationStale)
    assert "400 people" in said and "--fpir 0.0075 or more" in said
    assert "3 of 1,000 strangers" in said


@given(st.integers(100, 20_000), st.integers(1, 100_000))
def test_the_least_rate_it_names_may_be_asked_for(people: int, n: int) -> None:
    c = calibration(largest=people - people // 5, people=people)
    least = least_fpir(c, n)
    if least < 1:
        assert math.isfinite(threshold(c, GOOD, n, least))
    assert least < 1.2 * c.rarest * max(1, n / c.largest)


def test_no_score_makes_a_rate_rarer_than_the_people_support() -> None:
    c = calibration(people=1000)
    assert stated(c, 5.0, GOOD, 10, 0.01, PRIOR).alike_rate.value == c.rarest == 0.003


# the picture


def test_terms_are_cut_to_what_was_measured() -> None:
    some = [Quality(px, 0.5, 0, 0, 0, 0.5, 0.2, 0, 1, 0.5) for px in (10, 20, 40, 80)]
    terms = fitted_terms(some)
    assert [term.name for term in terms] == list(MEASURES)
    rows = standardised([Quality(px, 0.5, 0, 0, 0, 0.5, 0.2, 0, 1, 0.5) for px in (1, 10, 80, 9000)], terms)
    assert rows.shape == (4, len(MEASURES)) and np.isfinite(rows).all()
    assert rows[0, 0] == pytest.approx(rows[1, 0], abs=0.05) and rows[3, 0] == pytest.approx(rows[2, 0], abs=0.05)
    assert standardised(some, terms)[:, 0].mean() == pytest.approx(0, abs=1e-9)
    assert (rows[:, 1] == 0).all(), "a measure that never varied says nothing"


# the file


def cohort() -> CohortNormalised:
    points = np.random.default_rng(0).normal(size=(90, 64))
    return CohortNormalised(rounded((points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)), 40)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_calibration(calibration(cohort=cohort()), tmp_path / "made" / "up.json")
    return tmp_path / "made" / "up.json"


@pytest.mark.parametrize("with_cohort", [False, True])
def test_a_calibration_comes_back_as_it_was(with_cohort: bool, tmp_path: Path) -> None:
    c = calibration(cohort=cohort() if with_cohort else None)
    save_calibration(c, tmp_path / "c.json")
    assert cohort_file(tmp_path / "c.json").exists() == with_cohort
    back = load_calibration(tmp_path / "c.json")
    assert (back.pack, back.comparison, back.card, back.terms) == (c.pack, c.comparison, c.card, c.terms)
    assert len(back.refits) == len(c.refits)
    for quality in (GOOD, POOR):
        for n in (1, 300, 2500):
            for score in (0.1, 0.4, 0.7):
                one, two = (stated(held, score, quality, n, 0.01, PRIOR) for held in (c, back))
                assert one.threshold == pytest.approx(two.threshold, abs=1e-7)
                assert one.posterior.value == pytest.approx(two.posterior.value, abs=1e-6)
                assert one.alike_rate.value == pytest.approx(two.alike_rate.value, rel=1e-5)
    if back.cohort is not None and c.cohort is not None:
        assert np.array_equal(back.cohort.points, c.cohort.points) and back.cohort.top == c.cohort.top


def test_what_was_read_is_written_alike(saved: Path, tmp_path: Path) -> None:
    """Rounding happens once: decisions of a file and of its copy are the same to the last bit."""
    once = load_calibration(saved)
    save_calibration(once, tmp_path / "up.json")
    assert (tmp_path / "up.json").read_text("utf-8") == saved.read_text("utf-8")
    again = load_calibration(tmp_path / "up.json")
    for score in np.linspace(0, 1, 21):
        assert stated(once, score, POOR, 700, 0.01, PRIOR) == stated(again, score, POOR, 700, 0.01, PRIOR)


def changed(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **fields}), "utf-8")


def test_no_file_no_json_no_calibration(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError) as error:
        load_calibration(tmp_path / "none.json")
    assert "none.json cannot be read" in sentence(error)
    for text in ("", "{", "[]", "3", '{"schema": 1}', "\0\1"):
        (tmp_path / "bad.json").write_text(text, "utf-8")
        with pytest.raises(CalibrationError) as error:
            load_calibration(tmp_path / "bad.json")
        assert "bad.json is no whole calibration" in sentence(error)
    (tmp_path / "bad.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CalibrationError):
        load_calibration(tmp_path / "bad.json")


def test_another_schema(saved: Path) -> None:
    changed(saved, schema=2)
    with pytest.raises(CalibrationError) as error:
        load_calibration(saved)
    assert "schema 2, not 1" in sentence(error)


@pytest.mark.parametrize("damage", [
    {"terms": [{"name": "shoe_size", "low": 0, "high": 1, "mean": 0, "spread": 1}]},
    {"fit": {}},
    {"log10_lr": [1]},
    {"largest_gallery": "many"},
    {"card": {"data": "x"}},
    {"refits": [1]},
])  # fmt: skip
def test_a_damaged_file_says_so(saved: Path, damage: dict[str, object]) -> None:
    changed(saved, **damage)
    with pytest.raises(CalibrationError) as error:
        load_calibration(saved)
    assert "up.json is no whole calibration" in sentence(error)


def test_parameters_that_are_no_numbers(saved: Path) -> None:
    fit = json.loads(saved.read_text("utf-8"))["fit"]
    changed(saved, fit={**fit, "own_location": [math.nan] * len(fit["own_location"])})
    with pytest.raises(CalibrationError, match="not whole"):
        load_calibration(saved)


def test_a_cohort_that_is_missing_changed_or_anothers(saved: Path) -> None:
    place = cohort_file(saved)
    text = place.read_text("utf-8")
    place.write_text(text.replace("1", "2", 1), "utf-8")
    with pytest.raises(CalibrationError) as error:
        load_calibration(saved)
    assert "keep the two files together" in sentence(error)
    place.unlink()
    with pytest.raises(CalibrationError) as error:
        load_calibration(saved)
    assert place.name in sentence(error)
    place.write_text(text, "utf-8")
    changed(saved, comparison="cohort-000000000000-40")
    with pytest.raises(CalibrationError) as error:
        load_calibration(saved)
    sentence(error)


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OutputError) as error:
        save_calibration(calibration(), tmp_path / "file" / "c.json")
    sentence(error)


def test_a_calibration_names_the_comparison_it_was_fitted_to() -> None:
    with pytest.raises(CalibrationError):
        replace(calibration(), comparison="cohort-123456789012-40")


def test_there_is_no_room_for_anybodys_template(saved: Path) -> None:
    """Every list of the file but the cohort's is shorter than any template."""
    said = json.loads(saved.read_text("utf-8"))
    longest = max(len(v) for p in (said["fit"], *said["refits"]) for v in p.values())
    assert longest < 16
    assert {f.strip('"') for f in said["fit"]} == {*Parameters.__slots__}
    assert parameters().terms == len(TERMS)
