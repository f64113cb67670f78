"""From comparison scores and quality to one of four outcomes, with its grounds. One threshold, decided here."""

from __future__ import annotations

from dataclasses import dataclass

from secondlook.types import Candidate, Decision, Grounds, Outcome, Quality


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where a comparison score (cosine, -1 to 1) becomes a candidate.

    threshold: at and above it; None where none was ever measured, and then nobody is proposed. doubtful: from here
    to the threshold nothing can be said either way. unlike: below it two good pictures hardly ever show one person
    (enrolment and tracks look at it). measured: on what the threshold was measured, for people. calibrated: False as
    long as it is a constant of the pack.
    """

    threshold: float | None
    doubtful: float | None
    unlike: float
    measured: str
    calibrated: bool = False


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


def decide(
    found: tuple[Candidate, ...], quality: Quality, gallery_size: int, point: OperatingPoint, limits: Limits
) -> Decision:
    """One decision for one face or track that was searched.

    found: the nearest subjects, best first, each once. Names travel on only from ``doubtful`` upwards: a nearest
    neighbour that is not near is no information about anybody.
    """
    if gallery_size == 0 or not found:
        return Decision(
            Outcome.NO_CANDIDATE, Grounds("Nobody is enrolled in this gallery, so nobody could be a candidate.")
        )
    best = found[0]
    margin = best.score - found[1].score if len(found) > 1 else None
    against = shortcomings(quality, limits)
    named = tuple(c for c in found if point.doubtful is not None and c.score >= point.doubtful)
    outcome = _outcome(best.score, point, against)
    sentence = _sentence(outcome, best, gallery_size, point, against)
    grounds = Grounds(sentence, best.score, point.threshold, gallery_size, margin, point.calibrated, against)
    return Decision(outcome, grounds, named)


def not_searchable(reason: str, against: tuple[str, ...] = ()) -> Decision:
    """Failure to acquire: the face counts, but nothing was searched."""
    return Decision(Outcome.NOT_SEARCHABLE, Grounds(reason, against=against))


def _outcome(score: float, point: OperatingPoint, against: tuple[str, ...]) -> Outcome:
    if against or point.threshold is None or point.doubtful is None:
        return Outcome.INCONCLUSIVE
    if score >= point.threshold:
        return Outcome.CANDIDATE
    if score >= point.doubtful:
        return Outcome.INCONCLUSIVE
    return Outcome.NO_CANDIDATE


def _sentence(
    outcome: Outcome, best: Candidate, gallery_size: int, point: OperatingPoint, against: tuple[str, ...]
) -> str:
    searched = f"searched among {gallery_size} enrolled {'person' if gallery_size == 1 else 'people'}"
    if point.threshold is None:
        return f"Nothing can be said: {point.measured} ({searched})"
    scale = f"score {best.score:.3f}, threshold {point.threshold:.3f}"
    caution = "" if point.calibrated else f" Uncalibrated: no probability can be given. {point.measured}"
    if outcome is Outcome.CANDIDATE:
        return f"{best.subject} is a candidate ({scale}; {searched}): a lead to check, no identification.{caution}"
    if against:
        return f"The picture cannot carry a decision either way: {'; '.join(against)} ({scale}; {searched}).{caution}"
    if outcome is Outcome.INCONCLUSIVE:
        return f"Too alike to rule out and too little alike to propose ({scale}; {searched}).{caution}"
    return f"Nobody enrolled looks alike enough ({scale}; {searched}).{caution}"
