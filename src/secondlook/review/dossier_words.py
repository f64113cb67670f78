"""What a dossier says, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil, isfinite
from typing import Final

from secondlook.audit.figures import Rate
from secondlook.audit.frequencies import at_most, frequency, not_enough
from secondlook.audit.kinds import Enough
from secondlook.decide.rule import Limits
from secondlook.decide.sentence import share
from secondlook.report import words
from secondlook.review.dossier import Came, Dossier, Found, Place, Searches
from secondlook.review.verdicts import Feature, Said, Verdict
from secondlook.types import Outcome, Quality

STATES: Final = {
    Verdict.UNREVIEWED: (
        "UNREVIEWED",
        "No two people have compared the faces blind and come to one answer: this counts for nothing.",
    ),
    Verdict.SUPPORTED: (
        "SUPPORTED BY TWO PEOPLE",
        "At least two people compared the faces blind and agreed. It is still a lead, and they may both be wrong.",
    ),
    Verdict.REJECTED: (
        "REJECTED",
        "At least two people compared the faces blind and said that this is somebody else.",
    ),
}
SAID: Final = {Said.SAME: "same person", Said.DIFFERENT: "different people", Said.CANNOT_TELL: "cannot tell"}
FEATURES: Final = {
    Feature.OUTLINE: "outline of face and head",
    Feature.COMPOSITION: "proportions",
    Feature.HAIRLINE: "hairline or baldness",
    Feature.CHIN: "chin and jawline",
    Feature.LINES: "lines and wrinkles",
    Feature.MARKS: "moles, freckles and marks",
}
CAME: Final = {Came.CANDIDATE: "a candidate", Came.NOBODY: "no candidate", Came.UNKNOWN: "not known any more"}


def moment(text: str) -> str:
    """``24 Nov 2026, 15:04:05 UTC``"""
    return datetime.fromisoformat(text).strftime("%d %b %Y, %H:%M:%S UTC").lstrip("0")


def feature(one: Feature) -> str:
    return FEATURES.get(one, one.value.replace("_", " "))


def found(of: Found) -> str:
    """What the search said of the candidate, in one sentence."""
    among = f"among {words.counted(of.grounds.gallery_size, 'enrolled person', 'enrolled people')}"
    match of.place:
        case Place.OVERTAKEN:
            return f"When the sighting was looked at again {among}, somebody else was more alike than {of.candidate}."
        case Place.GONE:
            return f"When the sighting was looked at again {among}, {of.candidate} was not alike enough to be named."
    if of.outcome is Outcome.CANDIDATE:
        return (
            f"The search proposed {of.candidate} as a candidate {among}: the most alike of them, above the threshold."
        )
    return (
        f"The search proposed nobody. {of.candidate} was the most alike {among}, but that is too little, or the picture too"
        " poor, to say anything either way."
    )


def meant(of: Found) -> Iterator[str]:
    """What the stated figures mean."""
    g = of.grounds
    if g.fpir is not None:
        yield (
            f"Asked for: of searches for strangers, {words.asked(g.fpir)} may name somebody (false positive identification"
            " rate, FPIR). The threshold follows from it, from the number of people enrolled, and from the picture."
        )
    if g.prior is not None and 1e-9 <= g.prior < 1:
        yield (
            f"Assumed: {share(g.prior)} enrolled. Somebody stated this chance beforehand (the prior); no search measures it."
            " The chance that the candidate is the person stands and falls with it: where fewer of those who pass are"
            " enrolled, more candidates are somebody else."
        )
    if g.log10_lr is not None:
        yield (
            "How much likelier such a score is if it is the person than if the person is not enrolled (the likelihood ratio)"
            " is about the score, not about guilt, and is no chance of being the person. It never says more than the"
            " people it was measured on can show: it is cut off there."
        )
    if not g.calibrated:
        yield "This search was not calibrated: no chance of being wrong can be given, and its score says nothing of one."


def trials(rate: Rate) -> str:
    """``2 of 40 trials; of 100, about 5 (1 to 17)``"""
    if not rate.trials:
        return "never tested"
    counted = f"{rate.errors:,} of {words.counted(rate.trials, 'trial')}"
    low, high = round(100 * rate.low), -(-round(100_000 * rate.high) // 1000)
    if rate.enough is Enough.BOUND_ONLY or not rate.errors:
        k, of = at_most(rate)
        return f"{counted}; at most {k:,} of {of:,}"
    return f"{counted}; of 100, from {low} to {high}"


def quality(of: Quality) -> str:
    """``There are 31 px between the eyes, and the head is turned by about 12° to one side; …``"""
    seen = (
        ("between the eyes there are", of.inter_eye_px, 0, " px"),
        ("sharpness is", of.sharpness, 2, " (1 = in focus)"),
        ("the head is turned to one side by about", abs(of.yaw_deg), 0, "°"),
        ("brightness is", of.exposure, 2, " of 1"),
        ("contrast is", of.contrast, 2, " of 0.5"),
    )
    said = words.listed(
        [f"{what} {words.number(value, digits)}{unit}" for what, value, digits, unit in seen if isfinite(value)]
    )
    return f"In the searched face {said}." if said else "Nothing could be measured on the searched face."


def wanted(limits: Limits) -> dict[str, str]:
    """What a decision needs at least, by the name of the measure (``report.cards.quality_rows``)."""
    low, high = limits.exposure
    return {
        "between the eyes": f"{limits.inter_eye_px:.0f} px or more",
        "sharpness": f"{limits.sharpness:.2f} or more",
        "turned (yaw)": f"{limits.turn_deg:.0f}° or less, either way",
        "brightness": f"{low:.2f} to {high:.2f} of 1",
        "contrast": f"{limits.contrast:.2f} or more",
        "inside the picture": f"{100 * limits.visible:.0f} % or more",
    }


def group_rates(rates: Sequence[Rate]) -> list[str]:
    """Of one measure, all of the same round number, so that groups can be compared: ``7 (5 to 11) of 1,000``."""
    told = [one for one in rates if one.enough is not Enough.TOO_FEW]
    of = max((frequency(one.observed or one.high, 0, 0).of for one in told), default=100)
    return [_group_rate(one, of) for one in rates]


def _group_rate(one: Rate, of: int) -> str:
    match one.enough:
        case Enough.TOO_FEW:
            return f"{not_enough(one)}: {one.errors:,} of {one.trials:,}"
        case Enough.BOUND_ONLY:
            return f"at most {ceil(one.high * of):,} of {of:,}; seen in none of {one.trials:,}"
    low, high = round(one.low * of), round(one.high * of)
    return f"{round((one.observed or 0.0) * of):,} ({low:,} to {high:,}) of {of:,}; seen {one.errors:,} times in {one.trials:,}"


def searched(of: Searches) -> Iterator[str]:
    if not of.case:
        yield (
            "No case number was stated with this search, so nobody can count how often this person, or this picture, was"
            " searched for, nor how often nothing was found."
        )
        return
    total = len(of.searches)
    yield (
        f"For the case number {of.case} the log holds {words.counted(total, 'search', 'searches')}:"
        f" {of.count(Came.CANDIDATE):,} gave a candidate, {of.count(Came.NOBODY):,} gave none."
    )
    unknown = of.count(Came.UNKNOWN)
    if unknown:
        yield (
            f"What came of {unknown:,} is not known here: the log has that they were made, and nothing that is still kept says"
            " what was found."
        )
    if total > 1:
        yield "The more often somebody searches, the likelier it is that a stranger turns up by chance."
    if of.watches:
        yield (
            f"Besides, the log holds {words.counted(of.watches, 'start')} of a camera's watch for this case. Each face that a"
            " camera sees is a search of its own; of those who are not named nothing is kept, so these cannot be counted."
        )


def title(of: Dossier) -> str:
    """Names nobody."""
    return f"Dossier of sighting {of.sighting}"
