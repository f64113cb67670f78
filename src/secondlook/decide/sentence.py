"""A decision in words: natural frequencies with their intervals, and never more than was measured."""

from __future__ import annotations

import math

from secondlook.decide.calibration import Stated
from secondlook.types import Candidate, Estimate, Outcome


def calibrated_sentence(
    outcome: Outcome, best: Candidate, gallery_size: int, said: Stated, prior: float, against: tuple[str, ...]
) -> str:
    scale = f"score {best.score:.2f}, threshold {said.threshold:.2f}"
    among = _people(gallery_size)
    match outcome:
        case Outcome.CANDIDATE:
            return (
                f"{best.subject} is a candidate among {among} ({scale}): a lead to check, no identification. "
                f"{strangers(said)} {chances(said, prior)}{_beyond(said)}"
            )
        case Outcome.NO_CANDIDATE:
            return f"Nobody among {among} looks alike enough ({scale}). {missed(said.miss_rate)}{_beyond(said)}"
        case _ if against:
            return (
                f"The picture cannot carry a decision either way: {'; '.join(against)} ({scale}; searched among {among}). "
                f"{strangers(said)}{_beyond(said)}"
            )
        case _:
            return (
                f"Too alike to rule out and too little alike to propose among {among} ({scale}). "
                f"{strangers(said)} {missed(said.miss_rate)}{_beyond(said)}"
            )


def strangers(said: Stated) -> str:
    """How many strangers would look this alike to somebody enrolled."""
    lead = "at most" if said.beyond or said.rarest else "about"
    return (
        f"Of 1,000 strangers with such a picture, {_about(said.alike_rate, 1000, lead)} would look this alike to somebody"
        " enrolled here."
    )


def chances(said: Stated, prior: float) -> str:
    """What the score means for who it is, under a stated prior."""
    right = round(100 * said.posterior.value)
    lead, rest = ("at least", f"at most {100 - right}") if said.strongest else ("about", f"{100 - right}")
    would_be = _about(said.posterior, 100, lead)
    if right == 100:
        would_be, rest = "more than 99", "fewer than 1"
    shown = " (more cannot be shown by the people this was measured on)" if said.strongest else ""
    return (
        f"If {share(prior)} enrolled, then of 100 such candidates {would_be} would be the person and {rest} somebody"
        f" else{shown}."
    )


def missed(miss_rate: Estimate) -> str:
    return f"Of 100 enrolled people with such a picture, {_about(miss_rate, 100)} would not reach the threshold either."


def share(prior: float) -> str:
    """``1 passer-by in 100 is``, ``30 passers-by in 100 are``."""
    of = 10 ** max(2, math.ceil(-math.log10(prior) - 1e-9))
    count = float(f"{prior * of:.3g}")
    return f"1 passer-by in {of:,} is" if count == 1 else f"{count:g} passers-by in {of:,} are"


def uncalibrated_sentence(
    outcome: Outcome,
    best: Candidate,
    gallery_size: int,
    threshold: float | None,
    measured: str,
    against: tuple[str, ...],
) -> str:
    searched = f"searched among {_people(gallery_size)}"
    if threshold is None:
        return f"Nothing can be said: {measured} ({searched})"
    scale = f"score {best.score:.3f}, threshold {threshold:.3f}"
    caution = f" Uncalibrated: no probability can be given. {measured}"
    if outcome is Outcome.CANDIDATE:
        return f"{best.subject} is a candidate ({scale}; {searched}): a lead to check, no identification.{caution}"
    if against:
        return f"The picture cannot carry a decision either way: {'; '.join(against)} ({scale}; {searched}).{caution}"
    if outcome is Outcome.INCONCLUSIVE:
        return f"Too alike to rule out and too little alike to propose ({scale}; {searched}).{caution}"
    return f"Nobody enrolled looks alike enough ({scale}; {searched}).{caution}"


def _people(count: int) -> str:
    return f"{count:,} enrolled {'person' if count == 1 else 'people'}"


def _about(rate: Estimate, of: int, lead: str = "about") -> str:
    """``about 3 (2 to 5)``; counts, so whole numbers."""
    value, low, high = (round(of * v) for v in (rate.value, rate.low, rate.high))
    if high < 1:
        return "fewer than 1"
    return f"{lead} {value}" if low == value == high else f"{lead} {value} ({low} to {high})"


def _beyond(said: Stated) -> str:
    if not said.beyond:
        return ""
    return " The gallery is larger than any that was measured, so these are bounds, not estimates."
