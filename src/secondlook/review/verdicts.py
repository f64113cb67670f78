"""What reviewers say of the faces of a set, and what two of them together say of a sighting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from secondlook.errors import Invalid
from secondlook.review.sets import SetKind, Truth

LONGEST_NOTE = 1000
REVIEWERS = 2
"""How many must agree."""
DISAGREEMENT = "Unreviewed: the reviewers disagree."
"""How the sentence begins where they do."""


class Said(StrEnum):
    """Of one face beside the probe."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot_tell"


class Feature(StrEnum):
    """What decided: the facial components of FISWG, *Facial Image Comparison Feature List for Morphological Analysis*,
    version 2.0 (2018.09.11), the same as in ASTM E3149, from the top of the list down."""

    SKIN = "skin"
    OUTLINE = "face_head_outline"
    COMPOSITION = "face_head_composition"
    HAIRLINE = "hairline_baldness_pattern"
    FOREHEAD = "forehead"
    EYEBROWS = "eyebrows"
    EYES = "eyes"
    CHEEKS = "cheeks"
    NOSE = "nose"
    EARS = "ears"
    MOUTH = "mouth"
    CHIN = "chin_jawline"
    NECK = "neck"
    FACIAL_HAIR = "facial_hair"
    LINES = "facial_lines"
    SCARS = "scars"
    MARKS = "facial_marks"
    ALTERATIONS = "alterations"


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """What was said of one face, the features that decided (none is needed for CANNOT_TELL), and a note, or ""."""

    token: str
    said: Said
    features: tuple[Feature, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reviewer (an account) said of every face of one set. at: with its time zone."""

    set: str
    reviewer: str
    at: datetime
    items: tuple[ItemAnswer, ...]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An answer beside the truth of its set, unsealed once it was answered."""

    answer: Answer
    truth: Truth

    @property
    def of_subject(self) -> ItemAnswer | None:
        """What was said of the candidate (in a catch trial, of the person the probe shows); None where not shown."""
        return next((item for item in self.answer.items if item.token == self.truth.token), None)

    @property
    def same_of_another(self) -> bool:
        """Whether somebody else than that person was taken for the probe's."""
        return any(item.said is Said.SAME and item.token != self.truth.token for item in self.answer.items)


class Verdict(StrEnum):
    SUPPORTED = "supported"
    REJECTED = "rejected"
    UNREVIEWED = "unreviewed"


class Why(StrEnum):
    """Why a sighting stays unreviewed."""

    WAITING = "waiting"
    """fewer than two reviewers have seen the candidate"""
    DISAGREEMENT = "disagreement"
    CANNOT_TELL = "cannot_tell"
    LOOK_ALIKE = "look_alike"
    """a reviewer took a look-alike for the person"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the answers so far come to. why: None where they came to a verdict. reviewers: whose answers on the candidate
    count, in the order they came. sentence: all of it in plain words, without names."""

    verdict: Verdict
    why: Why | None
    reviewers: tuple[str, ...]
    sentence: str

    @property
    def wants_more(self) -> bool:
        """Whether further answers can change it. A third opinion is never asked for: whoever goes on asking until two
        agree will find two."""
        return self.why is Why.WAITING


def check(answer: Answer, truth: Truth) -> None:
    """Raises Invalid where the answer does not fit its set: each face once, "same" of one at most, and for "same" and
    "different" at least one feature that decided."""
    if answer.set != truth.set:
        raise Invalid(f"The answer is to the set {answer.set} and not to {truth.set}: send it to its own.")
    tokens = [item.token for item in answer.items]
    if sorted(tokens) != sorted(item.token for item in truth.items):
        raise Invalid(f"The answer does not name each of the {len(truth.items)} faces once: answer all of them.")
    if sum(item.said is Said.SAME for item in answer.items) > 1:
        raise Invalid("Two faces are said to be the same person: say 'same' of one, or 'cannot tell' of both.")
    for place, item in enumerate(answer.items, start=1):
        if item.said is not Said.CANNOT_TELL and not item.features:
            raise Invalid(f"Of face {place} it is not said which feature decided: name one, or say 'cannot tell'.")
        if len(item.note) > LONGEST_NOTE:
            raise Invalid(f"The note on face {place} has {len(item.note)} letters: {LONGEST_NOTE} will do.")


def standing(reviewed: Sequence[Reviewed], searchers: frozenset[str]) -> Standing:
    """What the answers to all sets about one sighting come to; catch trials among them are passed over.

    searchers: accounts that searched for it; what they say is not counted. Of each other account the first answer to a set
    with the candidate counts. *Supported*: two accounts or more gave one, all of them "same" of exactly the candidate,
    and nobody said "same" of a look-alike in any set. *Rejected*: all of them, two or more, said "different".
    """
    real = [one for one in reviewed if _is_counted(one, searchers)]
    first = _first_of_each(real)
    who = tuple(one.answer.reviewer for one in first)
    said = [item.said for one in first if (item := one.of_subject) is not None]
    if len(said) >= REVIEWERS and set(said) == {Said.DIFFERENT}:
        return Standing(Verdict.REJECTED, None, who, _both(len(who), "different", ""))
    if any(one.same_of_another for one in real):
        return Standing(Verdict.UNREVIEWED, Why.LOOK_ALIKE, who, _LOOK_ALIKE)
    if {Said.SAME, Said.DIFFERENT} <= set(said):
        return Standing(Verdict.UNREVIEWED, Why.DISAGREEMENT, who, _disagreement(said))
    if Said.CANNOT_TELL in said:
        return Standing(Verdict.UNREVIEWED, Why.CANNOT_TELL, who, _CANNOT_TELL)
    if len(said) < REVIEWERS:
        return Standing(Verdict.UNREVIEWED, Why.WAITING, who, _waiting(len(said)))
    return Standing(Verdict.SUPPORTED, None, who, _both(len(who), "same", " and of nobody else"))


def answered_with_candidate(reviewed: Sequence[Reviewed]) -> frozenset[str]:
    """The accounts that were asked about the candidate, and answered."""
    return frozenset(one.answer.reviewer for one in reviewed if one.truth.kind is SetKind.CANDIDATE)


def _is_counted(one: Reviewed, searchers: frozenset[str]) -> bool:
    kinds = (SetKind.CANDIDATE, SetKind.LOOK_ALIKES)
    return one.truth.kind in kinds and one.answer.reviewer not in searchers


def _first_of_each(real: Sequence[Reviewed]) -> list[Reviewed]:
    firsts: dict[str, Reviewed] = {}
    for one in sorted(real, key=lambda r: r.answer.at):
        if one.truth.kind is SetKind.CANDIDATE:
            firsts.setdefault(one.answer.reviewer, one)
    return list(firsts.values())


_LOOK_ALIKE = (
    "Unreviewed: a reviewer said 'same' of a person who was only shown as a look-alike. Either the search missed somebody, or"
    " this face is too poor to tell people apart by."
)
_CANNOT_TELL = "Unreviewed: a reviewer who saw the candidate's picture among others could not tell."


def _both(count: int, said: str, more: str) -> str:
    people = "Two people" if count == REVIEWERS else f"All of {count} people"
    return (
        f"{people} who had not searched, and did not see each other's answers, compared this face with several alike, without"
        f" names or scores, and said '{said}' of the candidate{more}."
    )


def _disagreement(said: Sequence[Said]) -> str:
    same, other = said.count(Said.SAME), said.count(Said.DIFFERENT)
    return f"{DISAGREEMENT} {same} said 'same' of the candidate and {other} said 'different'."


def _waiting(count: int) -> str:
    if not count:
        return "Unreviewed: nobody has compared this face with the candidate's blind."
    return "Unreviewed: one person has compared this face with the candidate's blind, and a second one has not."
