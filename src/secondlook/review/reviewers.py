"""How often each reviewer is wrong, counted in catch trials, and what two who agree are worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from secondlook.audit.figures import Rate
from secondlook.audit.frequencies import at_most_of
from secondlook.audit.rates import rate
from secondlook.review.sets import CATCH_TRIALS, SetKind
from secondlook.review.verdicts import Reviewed, Said


@dataclass(frozen=True, slots=True)
class ReviewerRecord:
    """One reviewer's catch trials as rates with counts and 95 % intervals.

    false_same: of trials in which the person was not among the faces, those where "same" was said of somebody.
    wrong_face: of trials in which the person was, those where "same" was said of somebody else. false_different: of
    these, those where "different" was said of the person. cannot_tell: of all trials, those that were left open: of the
    person, or where the person was not there, of anybody, and "same" of nobody.
    """

    reviewer: str
    false_same: Rate
    wrong_face: Rate
    false_different: Rate
    cannot_tell: Rate

    @property
    def trials(self) -> int:
        return self.cannot_tell.trials


def reviewer_record(reviewer: str, reviewed: Sequence[Reviewed]) -> ReviewerRecord:
    """reviewed: answers of anybody to anything; only catch trials of ``reviewer`` count."""
    own = [one for one in reviewed if one.answer.reviewer == reviewer and one.truth.kind in CATCH_TRIALS]
    absent = [one for one in own if one.truth.kind is SetKind.DIFFERENT]
    present = [one for one in own if one.truth.kind is SetKind.SAME]
    return ReviewerRecord(
        reviewer,
        false_same=_rate(absent, lambda one: one.same_of_another),
        wrong_face=_rate(present, lambda one: one.same_of_another),
        false_different=_rate(present, lambda one: _said(one) is Said.DIFFERENT),
        cannot_tell=_rate(own, _left_open),
    )


def worth(records: Sequence[ReviewerRecord]) -> str:
    """What it is worth that these reviewers all said "same", in plain words.

    All of them wrong together is no likelier than the one who is wrong least often, whatever they have in common (Fréchet's
    bound). Their rates are never multiplied: that they err independently was shown by nobody.
    """
    if len(records) < 2:
        return "Nobody else has said the same, so nothing stands against this one reviewer's errors."
    untested = sum(record.false_same.trials == 0 for record in records)
    if untested:
        who = "None of these reviewers" if untested == len(records) else "Not each of these reviewers"
        return (
            f"{who} was ever tested with a face whose person was not shown, so how often they say 'same' of a stranger is"
            " unknown: their agreement cannot be weighed."
        )
    most, of = at_most_of(min(record.false_same.high for record in records))
    return (
        f"Shown {of} faces like those of the tests, each beside other people's pictures only, these reviewers would all say"
        f" 'same' of somebody at most {most} times: the limit (95 %) of the one who was wrong least often. Their rates are not"
        " multiplied, because people who look at the same poor picture tend to be wrong about the same faces."
    )


def _rate(trials: Sequence[Reviewed], is_error: Callable[[Reviewed], bool]) -> Rate:
    people = len({one.truth.subject for one in trials})
    return rate(sum(is_error(one) for one in trials), len(trials), subjects=people)


def _said(one: Reviewed) -> Said | None:
    item = one.of_subject
    return None if item is None else item.said


def _left_open(one: Reviewed) -> bool:
    if one.truth.kind is SetKind.SAME:
        return _said(one) is Said.CANNOT_TELL
    said = {item.said for item in one.answer.items}
    return Said.CANNOT_TELL in said and Said.SAME not in said
