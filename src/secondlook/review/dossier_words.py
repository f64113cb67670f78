"""What a dossier says, in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from secondlook.audit.figures import Rate
from secondlook.audit.frequencies import at_most
from secondlook.audit.kinds import Enough
from secondlook.decide.sentence import share
from secondlook.report import words
from secondlook.review.dossier import Came, Dossier, Found, Place, Searches
from secondlook.review.verdicts import Feature, Said, Verdict
from secondlook.types import Outcome

STATES: Final = {
    Verdict.UNREVIEWED: (
        "UNREVIEWED",
        "Two people have not compared the faces blind and agreed: this counts for nothing.",
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
            return f"When the sighting was looked at again, {ANOTHER_FIRST} {among}: {of.candidate} was not the most alike."
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


ANOTHER_FIRST: Final = "somebody else was the most alike"


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
            f"Of {unknown:,} more the outcome is not known here: the log has that they were made, and nothing that is still kept"
            " says what came of them."
        )
    if total > 1:
        yield "The more often one searches, the likelier it is that somebody turns up by chance."
    if of.watches:
        yield (
            f"Cameras were set to watch for this case {words.counted(of.watches, 'time')}. Each face they saw was a search of"
            " its own; of nobody but those named anything is kept, so these are not counted."
        )


def title(of: Dossier) -> str:
    """Names nobody."""
    return f"Dossier of sighting {of.sighting}"
