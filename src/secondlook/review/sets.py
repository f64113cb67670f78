"""What a reviewer gets, and what the reviewer must not know: two things that never travel together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from secondlook.report import json_fields as get
from secondlook.report.json_fields import JsonObject
from secondlook.types import Floats, Pixels


class SetKind(StrEnum):
    """What a set is. CANDIDATE and LOOK_ALIKES are about a sighting; SAME and DIFFERENT are catch trials, whose truth
    is known."""

    CANDIDATE = "candidate"
    """the candidate is among the faces"""
    LOOK_ALIKES = "look_alikes"
    """all are look-alikes: the candidate is not there"""
    SAME = "same"
    """the probe is a picture of an enrolled person, and another of that person is among the faces"""
    DIFFERENT = "different"
    """the probe is a picture of an enrolled person who is not among the faces"""


CATCH_TRIALS = frozenset({SetKind.SAME, SetKind.DIFFERENT})


@dataclass(frozen=True, eq=False, slots=True)
class Probe:
    """The face that was searched. pixels: its crop, (H, W, 3) RGB. landmarks: (5, 2) float32 px of the crop.

    template: (D,) of unit length, made by ``pack``.
    """

    pixels: Pixels = field(repr=False)
    landmarks: Floats
    template: Floats = field(repr=False)
    pack: str


@dataclass(frozen=True, slots=True)
class BlindItem:
    """One face to compare. token: 32 hexadecimal digits by which it is answered. picture: a PNG file."""

    token: str
    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class BlindSet:
    """All that travels to a reviewer: made whole before any of it is shown.

    id: 32 hexadecimal digits. probe: a PNG file. Every file of a gallery's sets has one length, so serve them as they
    are: compressed on their way they would differ again.
    """

    id: str
    probe: bytes = field(repr=False)
    items: tuple[BlindItem, ...]


@dataclass(frozen=True, slots=True)
class TruthItem:
    """Whose face a token is. reference: id of the enrolled picture. score: comparison score with the probe."""

    token: str
    subject: str
    reference: int
    score: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What a set was, kept sealed until it is answered; it never travels to the reviewer, nor is it printed.

    set: the ``BlindSet.id``. subject: the candidate, or in a catch trial whose picture the probe is. items: as they
    stand in the set.
    """

    set: str
    kind: SetKind = field(repr=False)
    subject: str = field(repr=False)
    items: tuple[TruthItem, ...] = field(repr=False)

    @property
    def present(self) -> bool:
        """Whether ``subject`` is among the faces."""
        return self.token is not None

    @property
    def token(self) -> str | None:
        """The token of ``subject``, None where it is not among the faces."""
        return next((item.token for item in self.items if item.subject == self.subject), None)


@dataclass(frozen=True, slots=True)
class Made:
    """A set and its truth, on their two ways from here on."""

    set: BlindSet
    truth: Truth


class WhyNoSet(StrEnum):
    GALLERY_TOO_SMALL = "gallery_too_small"
    """too few other people are enrolled to hide anybody among them"""
    LOOK_ALIKES_SEEN = "look_alikes_seen"
    """this reviewer has seen too many of them beside this probe"""
    NO_PICTURE = "no_picture"
    """no picture of the person can be read"""
    NOT_ENROLLED = "not_enrolled"
    NO_SECOND_PICTURE = "no_second_picture"
    """nobody is enrolled with two pictures, one to show and one to find"""


@dataclass(frozen=True, slots=True)
class NoSet:
    """Why there is no set, and in a sentence what to do about it. have, needed: people, where they are what lacks."""

    reason: WhyNoSet
    sentence: str
    have: int = 0
    needed: int | None = None


MadeOrNot: TypeAlias = Made | NoSet


def truth_json(truth: Truth) -> str:
    """One line, to be sealed."""
    return get.dumped(
        {
            "set": truth.set,
            "kind": truth.kind.value,
            "subject": truth.subject,
            "items": [
                {"token": i.token, "subject": i.subject, "reference": i.reference, "score": i.score}
                for i in truth.items
            ],
        }
    )


def truth_of(line: str) -> Truth:
    """What ``truth_json`` wrote. Raises ValueError where it is damaged."""
    try:
        fields = get.parsed(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"the truth of a set is damaged ({error})") from error
    kind = get.text(fields, "kind")
    if kind not in tuple(SetKind):
        raise ValueError(f"kind is none of {', '.join(SetKind)}")
    return Truth(
        get.text(fields, "set"), SetKind(kind), get.text(fields, "subject"), get.list_of(fields, "items", _item)
    )


def _item(value: object, name: str) -> TruthItem:
    fields: JsonObject = get.as_object(value, name)
    return TruthItem(
        get.text(fields, "token"),
        get.text(fields, "subject"),
        get.whole(fields, "reference"),
        get.measure(fields, "score"),
    )
