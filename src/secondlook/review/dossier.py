"""The dossier of a sighting: all that whoever decides on it, defends against it or judges it must know, and nobody's name but
the candidate's.

The names of its fields in JSON are those of these dataclasses; what is not known is null. docs/review.md explains them.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from enum import StrEnum

from secondlook.audit.figures import Rate
from secondlook.audit.kinds import Measure
from secondlook.audit.metrics_json import as_json
from secondlook.report.summary import CalibrationLine
from secondlook.review.reviewers import ReviewerRecord
from secondlook.review.verdicts import Feature, Said, Verdict
from secondlook.types import Grounds, Outcome, Quality

SCHEMA = "secondlook.dossier/1"
LEAD = "A candidate is an investigative lead and no ground for an arrest."
NO_LINEUP = (
    "No lineup for eyewitnesses may be made of this. The candidate was chosen from all who are enrolled for looking like this"
    " picture, so whoever saw the same face will find the candidate the most alike, guilty or not: such a lineup is rigged by"
    " construction. Second Look exports none."
)
ANOTHER = "another enrolled person"
"""What a rival is called."""


class Place(StrEnum):
    """Where the candidate stands among those who were found."""

    FIRST = "first"
    OVERTAKEN = "overtaken"
    """when the sighting was looked at again, somebody else was more alike"""
    GONE = "gone"
    """when the sighting was looked at again, the candidate was not among those worth naming"""


class Shows(StrEnum):
    """What is known of a picture's use in the search."""

    MOST_ALIKE = "most_alike"
    """this reference gave the score"""
    ANOTHER = "another"
    """another of the same person's"""


class Came(StrEnum):
    """What came of a search."""

    CANDIDATE = "candidate"
    NOBODY = "nobody"
    UNKNOWN = "unknown"
    """neither the log nor a job that is still kept says"""


@dataclass(frozen=True, slots=True)
class SeenFace:
    """The probe. picture: a data URI (JPEG), None where none was kept. source: what the upload or the camera was called.
    at: when, UTC, ISO 8601. time_s: in the footage. box: x0, y0, x1, y1 px. frames: in how many the person was seen."""

    picture: str | None = field(repr=False)
    source: str
    at: str
    frame: int
    time_s: float | None
    box: tuple[float, float, float, float]
    frames: int
    detector_score: float
    quality: Quality


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """A reference of the candidate. picture: a data URI (JPEG), None where it cannot be read. enrolled_at: UTC."""

    id: int
    picture: str | None = field(repr=False)
    shows: Shows
    enrolled_at: str
    quality: Quality


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of those most alike. who: the candidate's name, or ``ANOTHER``. score: comparison score, no probability."""

    rank: int
    who: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """What the search said. candidate: the name it has today. references: how many it is enrolled with; ``enrolled`` holds
    those that are shown. alike: the candidate and those named with it. grounds: as docs/sightings.md has them, without
    the sentence; figures that hold for the most alike only are null where the candidate is not that one."""

    outcome: Outcome
    candidate: str
    place: Place
    alike: tuple[Standing, ...]
    grounds: Grounds
    enrolled: tuple[EnrolledFace, ...]
    references: int


@dataclass(frozen=True, slots=True)
class Measured:
    """pack: made the templates. calibration: id of the one that decided, None where none did. in_use: id of the one in use
    for this pack when the dossier was written. threshold_again: what that one gives for this picture and gallery, to be
    compared with the recorded one. line: what the one that decided was fitted on and what it does not cover; None where it
    is not in use any more."""

    pack: str
    calibration: str | None
    in_use: str | None
    threshold_again: float | None
    line: CalibrationLine | None


@dataclass(frozen=True, slots=True)
class GroupRate:
    measure: Measure
    rate: Rate


@dataclass(frozen=True, slots=True)
class GroupErrors:
    """attributes ("gender", "age") and the group's values of them. subjects: people of it in the audit's data."""

    attributes: tuple[str, ...]
    group: tuple[str, ...]
    subjects: int
    rates: tuple[GroupRate, ...]


@dataclass(frozen=True, slots=True)
class AuditGiven:
    """The newest audit. label: what whoever asked for it called the scores. at: when it ended. people: in its data.
    threshold: the one for everybody at which groups were compared, None where none were. problem: why its figures cannot be
    read, or empty."""

    job: str
    label: str
    at: str
    people: int
    threshold: float | None
    groups: tuple[GroupErrors, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FaceSaid:
    said: Said
    features: tuple[Feature, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who compared. name: a pseudonym. on_candidate: the first answer to a set with the candidate, which alone
    counts; None where there was none. at: of it. with_candidate, without: sets answered about this sighting. look_alikes:
    what was said of everybody else. record: error rates in trials whose truth is known."""

    name: str
    on_candidate: FaceSaid | None
    at: str | None
    with_candidate: int
    without: int
    look_alikes: tuple[FaceSaid, ...]
    record: ReviewerRecord


@dataclass(frozen=True, slots=True)
class SecondLook:
    """state, sentence: what the answers come to. more: what the service notes beside it, or empty. worth: what it is worth
    that reviewers agree, None where they do not."""

    state: Verdict
    sentence: str
    more: str
    reviewers: tuple[Reviewer, ...]
    worth: str | None


@dataclass(frozen=True, slots=True)
class OtherSearch:
    """seq: of its entry. of_this: whether this sighting came out of it."""

    seq: int
    at: str
    came: Came
    of_this: bool


@dataclass(frozen=True, slots=True)
class Searches:
    """Those for the same case number, the oldest first. case: empty where none was stated, and then nothing can be counted.
    purpose: of this one. watches: how often a camera was set to watch for the case; what it saw of nobody enrolled is not
    counted by case."""

    purpose: str
    case: str
    searches: tuple[OtherSearch, ...]
    watches: int

    def count(self, came: Came) -> int:
        return sum(one.came is came for one in self.searches)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """actor: a role with the account's id, or a reviewer's pseudonym. about: ``sighting``, ``search``, ``job``..., no name."""

    seq: int
    at: str
    actor: str
    action: str
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogExcerpt:
    """The entries on this sighting, on what it came out of and on its blind sets, the oldest first. left_out: older ones that
    are too many. head_seq, head_hash: the last entry of the whole log when this was written, SHA-256."""

    log: str
    entries: tuple[LogEntry, ...]
    left_out: int
    head_seq: int
    head_hash: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """sighting: its id. written_at: UTC. written_by: the role and account that asked. searches, log: None where the log cannot
    be read; no_log then says why. audit: None where none was given."""

    sighting: str
    written_at: str
    written_by: str
    version: str
    seen: SeenFace
    found: Found
    measured: Measured
    audit: AuditGiven | None
    second_look: SecondLook
    searches: Searches | None
    log: LogExcerpt | None
    no_log: str = ""
    lead: str = LEAD
    no_lineup: str = NO_LINEUP
    schema: str = SCHEMA


def dossier_json(dossier: Dossier) -> str:
    """The whole of it; there is no NaN and no infinity."""
    return json.dumps(as_json(dossier), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def pseudonym(number: int) -> str:
    """number: from 0. ``Reviewer A``"""
    return f"Reviewer {chr(ord('A') + number)}" if number < 26 else f"Reviewer {number + 1}"
