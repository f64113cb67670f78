"""What the audited system states and decides itself: against the decisions that ``find`` makes, one search at a time."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.audit_scores import labelled_templates

from made_up_calibration import GOOD, POOR, calibration, parameters
from secondlook.audit.auditing import audit
from secondlook.audit.bootstrap import resample
from secondlook.audit.calibration import balanced, calibration_curve
from secondlook.audit.deciding import PRIOR, Deciding, decided, unstated, with_posteriors
from secondlook.audit.figures import Figure, Unsupported
from secondlook.audit.kinds import Settings, Wanted
from secondlook.audit.material import Material, of_templates
from secondlook.audit.metrics_json import as_json
from secondlook.audit.protocols import search
from secondlook.audit.results import AuditResult
from secondlook.audit.scores import SearchScores
from secondlook.audit.templates import Templates, probe_scores
from secondlook.decide.calibration import posteriors
from secondlook.decide.evidence import Conditions, miss_rate, other_gev, quantile, uncalibrated
from secondlook.decide.rule import Calibrated, Limits, OperatingPoint, decide
from secondlook.decide.terms import standardised
from secondlook.types import Candidate, Outcome, Quality

LIMITS = Limits()
POINT = OperatingPoint(0.6, 0.5, 0.2, "Made up.")
FPIRS = (0.01, 0.1)
SETTINGS = Settings(replicates=100, repeats=3, fpirs=FPIRS, group_fpir=0.1)


def samples(people: int = 120, failing: float = 0.05, noise: float = 0.14) -> Templates:
    """A fifth of the pictures are too small for a decision."""
    templates = labelled_templates(people, 3, noise, failing, seed=2)
    poor, failed = np.random.default_rng(9).random(len(templates.subject)) < 0.2, templates.failed
    pictures = [None if f else POOR if p else GOOD for f, p in zip(failed, poor, strict=True)]
    return replace(templates, pictures=tuple(pictures))


def material(rule: Calibrated | OperatingPoint, people: int = 120) -> Material:
    return of_templates(samples(people), "made up", 0, (), rule, LIMITS)


def calibrated(largest: int = 1000, people: int = 2000) -> Calibrated:
    return Calibrated(calibration(largest, people), 0.1, 0.5)


def by_hand(one: SearchScores, deciding: Deciding, fpir: float | None) -> tuple[int, int]:
    """False positives and misses as ``find`` would decide."""
    rule = deciding.rule if fpir is None else replace(deciding.rule, fpir=fpir)
    assert one.probe is not None
    alarms = missed = 0
    for row in range(len(one)):
        quality, outcome, right = deciding.pictures[one.probe[row]], Outcome.NOT_SEARCHABLE, False
        best = float(one.best_score[row])
        if quality is not None:
            found = (Candidate("somebody", 0, best, 1),)
            outcome = decide(found, quality, one.n, rule, LIMITS).outcome
            right = bool(one.mated_rank[row] == 1)
        named = outcome is Outcome.CANDIDATE
        alarms += bool(named and not one.enrolled[row])
        missed += bool(one.enrolled[row] and not (named and right))
    return alarms, missed


@pytest.mark.parametrize("rule", [Calibrated(calibration(again=()), 0.1, 0.5), POINT])
def test_its_own_decisions_are_those_that_find_makes(rule: Calibrated | OperatingPoint) -> None:
    whole = material(rule)
    assert whole.deciding is not None and whole.probes is not None
    searches = [search(whole.probes, n, 1, 0) for n in (20, 60)]
    found, notes = decided(searches, whole.deciding, (("group",),), resample(120, 50, 0), SETTINGS)
    asked = FPIRS if isinstance(rule, Calibrated) else (None,)
    assert [(one.n, one.fpir_asked) for one in found] == [(n, fpir) for n in (20, 60) for fpir in asked]
    assert notes == ()
    for one in found:
        here = next(s for s in searches if s.n == one.n)
        assert (one.fpir.errors, one.fnir.errors) == by_hand(here, whole.deciding, one.fpir_asked)
        assert one.fpir.trials + one.fnir.trials == len(here), "a failed picture stays in the counts"
        groups = [(g.fpir, g.fnir) for g in one.groups]
        assert sum(f.errors for f, _ in groups if f) == one.fpir.errors
        assert sum(m.trials for _, m in groups if m) == one.fnir.trials
        assert 0 < one.unfit.errors < one.unfit.trials == len(here)
        assert one.threshold_low <= one.threshold_high
        assert (one.threshold_low == one.threshold_high) is isinstance(rule, OperatingPoint)
    assert found[-1].fpir.errors > 0 and 0 < found[-1].fnir.errors < found[-1].fnir.trials


def test_a_rule_that_proposes_nobody_has_no_decisions() -> None:
    whole = material(replace(POINT, threshold=None, doubtful=None))
    assert audit(whole, SETTINGS).decided == ()


def test_posteriors_are_those_of_the_calibration() -> None:
    rule = calibrated()
    whole = material(rule)
    assert whole.deciding is not None and whole.probes is not None
    (one,) = with_posteriors([search(whole.probes, 40, 2, 0)], whole.deciding)
    assert one.posterior is not None and one.probe is not None and one.log_lr is not None and one.prior == PRIOR
    said = ~one.failed
    assert (np.isnan(one.posterior) == one.failed).all() and (np.isnan(one.log_lr) == one.failed).all()
    pictures = [whole.deciding.pictures[k] for k in one.probe[said]]
    qualities = [q for q in pictures if q is not None]
    expected = posteriors(rule.calibration, one.best_score[said], qualities, 40, PRIOR)
    assert one.posterior[said] == pytest.approx(expected)


def drawn_searches(c: Calibrated, enrolled: int, strangers: int, n: int) -> tuple[SearchScores, Deciding]:
    """Best scores drawn from the two distributions that the calibration takes for granted."""
    rng, rows = np.random.default_rng(3), enrolled + strangers
    pictures = tuple(Quality(*row) for row in _qualities(rng, rows))
    p = c.calibration.fit
    at = Conditions(standardised(pictures, c.calibration.terms), np.full(rows, float(n)))
    other = quantile(other_gev(p, at), rng.random(rows))
    grid = np.linspace(-1.5, 2.5, 4000)
    own = np.empty(rows)
    for k, u in enumerate(rng.random(rows)):
        own[k] = np.interp(u, miss_rate(p, at.rows(np.full(len(grid), k)), grid), grid)
    there = np.arange(rows) < enrolled
    mated = np.where(there, own, np.nan)
    rank = np.where(there, np.where(own > other, 1, 2), 0).astype(np.int32)
    who, nobody = np.arange(rows, dtype=np.int32), np.zeros(rows, np.int32)
    names = tuple(f"person {k}" for k in range(rows))
    one = SearchScores(n, there, who, mated, rank, other, np.zeros(rows, np.bool_), names, nobody, probe=who)
    return one, Deciding(c, LIMITS, pictures)


def _qualities(rng: np.random.Generator, rows: int) -> list[tuple[float, ...]]:
    eyes, sharp, contrast = rng.uniform(8, 80, rows), rng.uniform(0.05, 1.5, rows), rng.uniform(0.04, 0.3, rows)
    return [(e, s, 5, 5, 2, 0.5, c, 0, 1, 0.5) for e, s, c in zip(eyes, sharp, contrast, strict=True)]


def test_chances_of_a_calibration_that_is_true_come_true() -> None:
    fit = parameters()
    fit = replace(fit, evidence=uncalibrated(fit.terms))
    held = replace(calibration(fit=fit, again=()), low_log10_lr=-9.0, high_log10_lr=9.0)
    searches, deciding = drawn_searches(Calibrated(held, 0.1, 0.5), 500, 2000, 300)
    (one,) = with_posteriors([searches], deciding)
    assert one.posterior is not None and one.log_lr is not None
    people, right = resample(2500, 100, 0), one.mated_rank == 1
    weights = balanced(one.enrolled, ~np.isnan(one.posterior), PRIOR)
    curve = calibration_curve(one.posterior, right, one.subject, people, weights=weights)
    plain = calibration_curve(one.posterior, right, one.subject, people)
    assert isinstance(curve.ece, Figure) and isinstance(plain.ece, Figure)
    assert curve.ece.value < 0.03
    assert plain.ece.value > 2 * curve.ece.value, "strangers are four in five here, and the prior is one half"
    sure = curve.bins[-1]
    assert sure.observed is not None and sure.observed == pytest.approx(sure.mean_stated, abs=0.03)


def result(rule: Calibrated, wanted: Wanted | None = None, sizes: tuple[int, ...] = (30, 60)) -> AuditResult:
    return audit(material(rule), replace(SETTINGS, gallery_sizes=sizes), wanted)


def test_the_whole_audit_says_it() -> None:
    found = result(calibrated())
    curve = found.calibration
    assert curve is not None and (curve.n, curve.prior) == (60, PRIOR)
    assert isinstance(curve.cllr, Figure) and isinstance(curve.cllr_min, Figure)
    assert curve.cllr_min.value <= curve.cllr.value
    assert {(one.n, one.fpir_asked) for one in found.decided} == {(n, f) for n in (30, 60) for f in FPIRS}
    assert {g.group for g in found.decided[0].groups} == {("a",), ("b",)}
    assert json.loads(json.dumps(as_json(found), allow_nan=False))["decided"][0]["fpir"]["trials"] > 0


def test_beyond_what_was_measured_nothing_is_stated_and_nothing_breaks() -> None:
    rule = calibrated(largest=40, people=90)
    found = result(rule)
    assert found.calibration is not None and found.calibration.n == 30
    notes = " ".join(found.audited.notes)
    assert "No posterior was looked at with 60 people enrolled: the calibration was measured up to 40" in notes
    assert "does not decide at FPIR 0.01 with 30 and 60 people enrolled" in notes
    assert [(one.n, one.beyond) for one in found.decided] == [(30, False), (60, True)]
    none = result(calibrated(largest=20))
    assert none.calibration is None
    deciding = material(calibrated(largest=20)).deciding
    assert deciding is not None and unstated([], deciding) == ()


def test_advice_beyond_the_data_is_what_the_calibration_states() -> None:
    advice = result(calibrated(), Wanted(2000, 0.1)).advice
    assert advice is not None and isinstance(advice.threshold, Unsupported)
    assert advice.fpir is None and advice.fnir is None, "it was not measured"
    assert advice.stated is not None and advice.stated.n == 2000 and advice.stated.fpir == 0.1
    assert "The data let 60 people be enrolled, not 2,000" in advice.sentence
    assert "Not measured here, but stated by the calibration" in advice.sentence
    assert advice.stated.fnir.low < advice.stated.fnir.value < advice.stated.fnir.high
    here = result(calibrated(), Wanted(60, 0.1)).advice
    assert here is not None and here.stated is None
    # the bound that allows less also misses more
    within = result(calibrated(), Wanted(1000, 0.1)).advice
    assert within is not None and within.stated is not None
    assert within.stated.fnir.value < advice.stated.fnir.value
    assert within.stated.threshold_low < advice.stated.threshold_low


def test_advice_that_even_the_calibration_refuses() -> None:
    advice = result(calibrated(people=90), Wanted(50_000, 0.1)).advice
    assert advice is not None and advice.stated is None
    assert "The calibration states nothing rarer than" in advice.sentence
    (constant,) = (audit(material(POINT), SETTINGS, Wanted(500, 0.1)).advice,)
    assert constant is not None and constant.stated is None and "calibration" not in constant.sentence


def test_probe_scores_and_pictures_go_together() -> None:
    templates = samples(20)
    whole = of_templates(templates, "made up", 0, (), POINT, LIMITS)
    assert whole.deciding is not None and len(whole.deciding.pictures) == len(probe_scores(templates).subject)
    assert of_templates(replace(templates, pictures=()), "made up", 0, (), POINT, LIMITS).deciding is None
    with pytest.raises(ValueError, match="qualities of"):
        replace(templates, pictures=(GOOD,))
