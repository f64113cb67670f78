"""From comparison scores and quality to one of four outcomes, with its grounds. One threshold, decided here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from secondlook.decide import calibration
from secondlook.decide.calibration import Calibration, Stated
from secondlook.decide.sentence import calibrated_sentence, uncalibrated_sentence
from secondlook.types import Candidate, Decision, Grounds, Outcome, Quality


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where a comparison score becomes a candidate, as a constant: nothing is calibrated, no probability is given.

    threshold: at and above it; None where none was ever measured, and then nobody is proposed. doubtful: from here
    to the threshold nothing can be said either way. unlike: cosine below which two good pictures hardly ever show one
    person (enrolment and tracks look at it). measured: on what the threshold was measured, for people.
    """

    threshold: float | None
    doubtful: float | None
    unlike: float
    measured: str


@dataclass(frozen=True, eq=False, slots=True)
class Calibrated:
    """A calibration, the asked share of searches for strangers that may give a candidate, and the stated chance that a
    passer-by is enrolled; both between 0 and 1."""

    calibration: Calibration
    fpir: float
    prior: float

    @property
    def unlike(self) -> float:
        return self.calibration.unlike


Rule = OperatingPoint | Calibrated

RULED_OUT = math.log10(0.2)
"""Evidence from which nobody enrolled is taken to be the person: such a search is at least five times likelier where the
person is not enrolled than where it is. Weaker evidence is inconclusive."""

WORTH_NAMING = 0.1
"""A name below the threshold travels on only where at most one stranger in ten would look this alike to somebody."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture must have for a decision. Below these the outcome is inconclusive whatever the score.

    inter_eye_px: at least. sharpness: at least (1 = in focus). turn_deg: at most, yaw either way.
    exposure: mean luma 0 to 1, low and high. contrast: at least. visible: least share of the face inside the picture.
    """

    inter_eye_px: float = 14.0
    sharpness: float = 0.03
    turn_deg: float = 40.0
    exposure: tuple[float, float] = (0.08, 0.95)
    contrast: float = 0.03
    visible: float = 0.75


def shortcomings(quality: Quality, limits: Limits) -> tuple[str, ...]:
    """What in the picture stands against a decision, in words with numbers; empty where nothing does."""
    found = []
    if quality.inter_eye_px < limits.inter_eye_px:
        found.append(f"only {quality.inter_eye_px:.0f} px between the eyes (wanted: {limits.inter_eye_px:.0f})")
    if quality.sharpness < limits.sharpness:
        found.append(f"blurred (sharpness {quality.sharpness:.2f}, wanted: {limits.sharpness:.2f})")
    if abs(quality.yaw_deg) > limits.turn_deg:
        found.append(f"turned about {abs(quality.yaw_deg):.0f} degrees away (at most {limits.turn_deg:.0f})")
    low, high = limits.exposure
    if quality.exposure < low:
        found.append(f"too dark (mean brightness {quality.exposure:.2f} of 1, wanted: {low:.2f})")
    if quality.exposure > high:
        found.append(f"too bright (mean brightness {quality.exposure:.2f} of 1, at most {high:.2f})")
    if quality.contrast < limits.contrast:
        found.append(f"flat (contrast {quality.contrast:.2f}, wanted: {limits.contrast:.2f})")
    if quality.visible < limits.visible:
        found.append(f"cut by the picture's edge ({100 * quality.visible:.0f} % visible)")
    return tuple(found)


def threshold_for(rule: Rule, quality: Quality, gallery_size: int) -> float | None:
    """The score from which such a picture gives a candidate in a gallery of that size; None where none was measured.

    Raises CalibrationStale, CalibrationError (``decide.calibration.threshold``).
    """
    if isinstance(rule, OperatingPoint):
        return rule.threshold
    return calibration.threshold(rule.calibration, quality, max(1, gallery_size), rule.fpir)


def suspicious_from(rule: Rule, quality: Quality, gallery_size: int) -> float:
    """The score from which a picture to be enrolled looks like somebody else; infinite where nothing was measured."""
    if isinstance(rule, OperatingPoint):
        return math.inf if rule.threshold is None else rule.threshold
    return calibration.nearest_threshold(rule.calibration, quality, gallery_size, rule.fpir)


def decide(found: tuple[Candidate, ...], quality: Quality, gallery_size: int, rule: Rule, limits: Limits) -> Decision:
    """One decision for one face or track that was searched.

    found: the nearest subjects, best first, each once. Names travel on only where they are worth it (``doubtful``,
    ``WORTH_NAMING``): a nearest neighbour that is not near is no information about anybody.
    """
    return decide_many((found,), (quality,), gallery_size, rule, limits)[0]


def decide_many(
    found: Sequence[tuple[Candidate, ...]],
    qualities: Sequence[Quality],
    gallery_size: int,
    rule: Rule,
    limits: Limits,
) -> tuple[Decision, ...]:
    """One decision for each of several searches of the same gallery: ``decide``, in one evaluation of the calibration."""
    searched = [row for row, candidates in enumerate(found) if gallery_size > 0 and candidates]
    said: dict[int, Stated] = {}
    if isinstance(rule, Calibrated):
        scores, those = [found[row][0].score for row in searched], [qualities[row] for row in searched]
        all_said = calibration.stated_many(rule.calibration, scores, those, gallery_size, rule.fpir, rule.prior)
        said = dict(zip(searched, all_said, strict=True))
    decided = [
        Decision(Outcome.NO_CANDIDATE, Grounds("Nobody is enrolled in this gallery, so nobody could be a candidate."))
    ] * len(found)
    for row in searched:
        candidates, against = found[row], shortcomings(qualities[row], limits)
        margin = candidates[0].score - candidates[1].score if len(candidates) > 1 else None
        if isinstance(rule, OperatingPoint):
            decided[row] = _by_constant(candidates, gallery_size, rule, against, margin)
        else:
            decided[row] = _by_calibration(candidates, gallery_size, rule, said[row], against, margin)
    return tuple(decided)


def not_searchable(reason: str, against: tuple[str, ...] = ()) -> Decision:
    """Failure to acquire: the face counts, but nothing was searched."""
    return Decision(Outcome.NOT_SEARCHABLE, Grounds(reason, against=against))


def _by_calibration(
    found: tuple[Candidate, ...],
    gallery_size: int,
    rule: Calibrated,
    said: Stated,
    against: tuple[str, ...],
    margin: float | None,
) -> Decision:
    best = found[0].score
    if against:
        outcome = Outcome.INCONCLUSIVE
    elif best >= said.threshold:
        outcome = Outcome.CANDIDATE
    else:
        outcome = Outcome.NO_CANDIDATE if said.log10_enrolled <= RULED_OUT else Outcome.INCONCLUSIVE
    grounds = Grounds(
        sentence=calibrated_sentence(outcome, found[0], gallery_size, said, rule.prior, against),
        score=best,
        threshold=said.threshold,
        gallery_size=gallery_size,
        margin=margin,
        calibrated=True,
        against=against,
        fpir=rule.fpir,
        alike_rate=said.alike_rate,
        miss_rate=said.miss_rate,
        log10_lr=said.log10_lr,
        prior=rule.prior,
        posterior=said.posterior,
        calibration=rule.calibration.id,
    )
    return Decision(outcome, grounds, _worth_naming(found, outcome, said))


def _worth_naming(found: tuple[Candidate, ...], outcome: Outcome, said: Stated) -> tuple[Candidate, ...]:
    if outcome is Outcome.CANDIDATE:
        return tuple(c for c in found if c.score >= said.threshold)
    return found[:1] if said.alike_rate.value <= WORTH_NAMING and said.log10_lr > 0 else ()


def _by_constant(
    found: tuple[Candidate, ...],
    gallery_size: int,
    point: OperatingPoint,
    against: tuple[str, ...],
    margin: float | None,
) -> Decision:
    best = found[0]
    named = tuple(c for c in found if point.doubtful is not None and c.score >= point.doubtful)
    outcome = _constant_outcome(best.score, point, against)
    sentence = uncalibrated_sentence(outcome, best, gallery_size, point.threshold, point.measured, against)
    return Decision(
        outcome, Grounds(sentence, best.score, point.threshold, gallery_size, margin, False, against), named
    )


def _constant_outcome(score: float, point: OperatingPoint, against: tuple[str, ...]) -> Outcome:
    if against or point.threshold is None or point.doubtful is None:
        return Outcome.INCONCLUSIVE
    if score >= point.threshold:
        return Outcome.CANDIDATE
    if score >= point.doubtful:
        return Outcome.INCONCLUSIVE
    return Outcome.NO_CANDIDATE
