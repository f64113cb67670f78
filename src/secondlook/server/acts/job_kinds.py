"""What a job can be asked for, and what comes of it, by kind. Uploads and subjects by their ids: a request names nobody."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from secondlook.ports import Action
from secondlook.redact.cover import Extent, Style
from secondlook.redact.places import Place
from secondlook.redact.record import Why
from secondlook.server.actors import May
from secondlook.server.acts.uploads import UploadKind

MOST_UPLOADS = 1000
MOST_PLACES = 2000

Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["0b8e3f0b1e6c4f0e9a4a6d7c1f2b3a4d"])]
Uploads = Annotated[
    tuple[Id, ...], Field(min_length=1, max_length=MOST_UPLOADS, description="Ids of one's own uploads.")
]


class JobKind(StrEnum):
    FIND = "find"
    REDACT = "redact"
    EXPOSURE = "exposure"
    AUDIT = "audit"


class Asked(BaseModel):
    """What all requests have in common. takes: kinds of uploads. needs: of whoever asks."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    takes: ClassVar[frozenset[UploadKind]] = frozenset({UploadKind.PHOTO, UploadKind.VIDEO})
    needs: ClassVar[tuple[May, ...]] = (May.START_JOBS,)
    action: ClassVar[Action] = Action.JOB
    uploads: Uploads

    @property
    def searches(self) -> bool:
        """Whether people are looked for, so that a reason is needed."""
        return self.action is Action.SEARCH


class FindAsked(Asked):
    """every_s: video time between two looks, s. video_side: longest side at which video is looked at, px. smallest_px: face
    width still to be found in photographs. tells: whether candidates go out as alerts, as a camera's do."""

    needs: ClassVar[tuple[May, ...]] = (May.START_JOBS, May.SEARCH)
    action: ClassVar[Action] = Action.SEARCH
    kind: Literal[JobKind.FIND] = JobKind.FIND
    every_s: Annotated[float, Field(ge=0, le=60)] = 0.2
    video_side: Annotated[int, Field(ge=160, le=4096)] = 960
    smallest_px: Annotated[float, Field(ge=6, le=512)] = 12.0
    tells: bool = False


class Spot(BaseModel):
    """A place to cover: x, y, w, h px. from_s, to_s: when, both included, of a video; neither: from its beginning to its end.
    upload: the only one it is meant for; none: all."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    x: Annotated[float, Field(ge=-(1 << 20), le=1 << 20)]
    y: Annotated[float, Field(ge=-(1 << 20), le=1 << 20)]
    w: Annotated[float, Field(gt=0, le=1 << 20)]
    h: Annotated[float, Field(gt=0, le=1 << 20)]
    from_s: Annotated[float | None, Field(ge=0)] = None
    to_s: Annotated[float | None, Field(ge=0)] = None
    upload: Id | None = None

    @model_validator(mode="after")
    def _whole(self) -> Spot:
        if (self.from_s is None) != (self.to_s is None):
            raise ValueError("give both from_s and to_s, or neither")
        if self.from_s is not None and self.to_s is not None and self.from_s > self.to_s:
            raise ValueError("from_s is not after to_s")
        return self

    def place(self, why: Why) -> Place:
        return Place((self.x, self.y, self.x + self.w, self.y + self.h), why, self.from_s, self.to_s, self.upload)


class RedactAsked(Asked):
    """cover: how far. margin: added on every side, share of the face's size. keep, only: ids of subjects who stay visible, or
    who alone are covered; at most one of the two. also: faces that were seen and not found. region: fixed places.
    smallest_px: smallest face width to be found. prove: whether the copies are attacked."""

    kind: Literal[JobKind.REDACT] = JobKind.REDACT
    style: Style = Style.SOLID
    cover: Extent = Extent.HEAD
    margin: Annotated[float, Field(ge=0, le=2)] = 0.15
    keep: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    only: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    also: Annotated[tuple[Spot, ...], Field(max_length=MOST_PLACES)] = ()
    region: Annotated[tuple[Spot, ...], Field(max_length=MOST_PLACES)] = ()
    smallest_px: Annotated[float, Field(ge=6, le=512)] = 16.0
    keep_metadata: bool = False
    prove: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> RedactAsked:
        if self.keep and self.only:
            raise ValueError("give keep or only, not both")
        return self

    @property
    def subjects(self) -> tuple[str, ...]:
        return (*self.keep, *self.only)

    @property
    def searches(self) -> bool:
        return bool(self.subjects)


class ExposureAsked(Asked):
    """population: how many people somebody holds a good picture of; none: those enrolled here. want: chance of being picked
    out that nobody should reach; with it comes advice on how to publish."""

    kind: Literal[JobKind.EXPOSURE] = JobKind.EXPOSURE
    population: Annotated[int | None, Field(ge=2, le=10**9)] = None
    want: Annotated[float | None, Field(gt=0, lt=1)] = None
    smallest_px: Annotated[float, Field(ge=6, le=512)] = 12.0


class AuditAsked(Asked):
    """Of one upload, a table of scores. label: what the report calls it. by: attributes to group by, ``gender,age`` crosses
    two. gallery_sizes: none: chosen by the data. distance: whether smaller is more alike."""

    takes: ClassVar[frozenset[UploadKind]] = frozenset({UploadKind.TABLE, UploadKind.PARQUET})
    needs: ClassVar[tuple[May, ...]] = (May.RUN_AUDITS,)
    kind: Literal[JobKind.AUDIT] = JobKind.AUDIT
    uploads: Annotated[tuple[Id, ...], Field(min_length=1, max_length=1)]
    label: Annotated[str, Field(min_length=1, max_length=100)] = "the uploaded table of scores"
    fpir: Annotated[float, Field(ge=1e-6, le=1)] = 0.003
    threshold: float | None = None
    gallery_sizes: Annotated[tuple[Annotated[int, Field(ge=1, le=10**9)], ...], Field(max_length=50)] = ()
    by: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=20)] = ()
    distance: bool = False
    advise: bool = False
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0


AnyAsked = Annotated[FindAsked | RedactAsked | ExposureAsked | AuditAsked, Field(discriminator="kind")]


class Flaw(BaseModel):
    """What was wrong with an upload; the others went on. upload: its id, where it is about one."""

    upload: str | None = None
    sentence: str


class FindResult(BaseModel):
    """sources: that were looked at. candidate to not_searchable: people seen, by outcome. kept: sightings, of those who are
    enrolled; of all others these numbers are all that is kept."""

    kind: Literal[JobKind.FIND] = JobKind.FIND
    sources: int
    candidate: int
    no_candidate: int
    inconclusive: int
    not_searchable: int
    kept: int
    flaws: tuple[Flaw, ...] = ()


class Proof(StrEnum):
    """Whether the copies stood the attacks (``redact.proof.Verdict``); none: they were not attacked."""

    NONE = "none"
    SURVIVED = "survived"
    BROKEN = "broken"
    NOT_ENOUGH = "not_enough"


class RedactResult(BaseModel):
    """faces: covered. visible: left so. spots: where a person should look again. proof_says: what the attacks came to, in
    words."""

    kind: Literal[JobKind.REDACT] = JobKind.REDACT
    sources: int
    faces: int
    visible: int
    spots: int
    proof: Proof = Proof.NONE
    proof_says: str = ""
    flaws: tuple[Flaw, ...] = ()


class ExposureResult(BaseModel):
    """most: the largest chance of anybody to be picked out; none where nobody was seen."""

    kind: Literal[JobKind.EXPOSURE] = JobKind.EXPOSURE
    sources: int
    faces: int
    population: int
    most: float | None = None
    flaws: tuple[Flaw, ...] = ()


class AuditResult(BaseModel):
    """findings: one sentence each."""

    kind: Literal[JobKind.AUDIT] = JobKind.AUDIT
    findings: tuple[str, ...]


AnyResult = Annotated[FindResult | RedactResult | ExposureResult | AuditResult, Field(discriminator="kind")]

RESULT: Final[TypeAdapter[AnyResult]] = TypeAdapter(AnyResult)
"""To read back what a row holds."""


class Order(BaseModel):
    """What a row keeps of a request. fpir, prior: as they were set when it was asked for, so that a job that goes on after a
    stop goes on with the same. again: the job that it does once more."""

    asked: AnyAsked
    uploads: tuple[str, ...]
    fpir: float
    prior: float
    again: str | None = None
